//! `--baseline`: only what is new fails.

use rusqlite::Connection;
use serde_json::json;

use crate::program::{Program, RULES};
use crate::town::{json, town, validate};

/// The comparison of the check of that position in the report.
fn comparison(report: &serde_json::Value, rule: usize, check: usize) -> serde_json::Value {
    report["rules"][rule]["checks"][check]["baseline"].clone()
}

#[test]
fn what_the_baseline_has_does_not_fail() {
    let program = town();
    validate(&program, &["-q", "--report", "old.json", "--sample", "100"]).saying(1, "");
    let again = ["-q", "--baseline", "old.json", "--report", "new.json", "--report", "new.xml"];
    validate(&program, &[&again[..], &["--sample", "100"]].concat()).saying(0, "");
    let report = json(&program, "new.json");
    assert_eq!(report["status"], "warn");
    assert_eq!(report["baseline"]["new"], 0);
    assert_eq!(
        comparison(&report, 0, 1),
        json!({"new": 0, "fixed": 0, "unchanged": 38, "compared": "keys"})
    );
    assert!(!program.read("new.xml").contains("<failure"));
}

#[test]
fn a_new_violation_fails_and_is_told_from_fixed_ones_by_its_key() {
    let program = town();
    validate(&program, &["-q", "--report", "old.json", "--sample", "100"]).saying(1, "");
    let database = Connection::open(program.path("town.db")).unwrap();
    database
        .execute_batch("UPDATE people SET zip = '54321' WHERE id IN ('p4', 'p5'); UPDATE people SET zip = 'new' WHERE id = 'p3'")
        .unwrap();
    drop(database);
    let arguments = [
        "--baseline",
        "old.json",
        "--report",
        "new.json",
        "--report",
        "new.md",
        "--report",
        "new.html",
    ];
    let ended = validate(&program, &[&arguments[..], &["--sample", "100"]].concat()).saying(1, "");
    let report = json(&program, "new.json");
    assert_eq!(
        comparison(&report, 0, 1),
        json!({"new": 1, "fixed": 2, "unchanged": 36, "compared": "keys"})
    );
    assert_eq!(report["rules"][0]["checks"][1]["status"], "fail");
    assert_eq!(report["rules"][0]["checks"][0]["status"], "warn");
    let baseline = &report["baseline"];
    assert_eq!((&baseline["new"], &baseline["fixed"]), (&json!(1), &json!(2)));
    assert!(ended.stdout.contains("    1 new, 2 fixed, 36 unchanged\n"), "{ended:?}");
    assert!(
        ended
            .stdout
            .contains("\nbaseline: 1 new, 2 fixed, 43 unchanged, against `old.json` as of "),
        "{ended:?}"
    );
    assert!(program.read("new.md").contains("**1 new, 2 fixed, 43 unchanged**"));
    assert!(program.read("new.html").contains("<b>1</b> new"));
}

#[test]
fn without_all_keys_counts_are_compared() {
    let program = town();
    validate(&program, &["-q", "--report", "old.json"]).saying(1, "");
    let database = Connection::open(program.path("town.db")).unwrap();
    database.execute_batch("UPDATE people SET zip = 'new' WHERE id = 'p3'").unwrap();
    drop(database);
    validate(&program, &["-q", "--baseline", "old.json", "--report", "new.json"]).saying(1, "");
    let found = comparison(&json(&program, "new.json"), 0, 1);
    assert_eq!(found, json!({"new": 1, "fixed": 0, "unchanged": 38, "compared": "counts"}));
}

#[test]
fn a_check_that_has_changed_or_is_new_is_not_excused() {
    let program = Program::new();
    program.validate(&["-q", "--report", "old.json"]).saying(1, "");
    let changed =
        RULES.replace("{5}", "{6}") + "      - { id: id, column: id, between: { max: 2 } }\n";
    program.write("rules.yaml", changed);
    let ended = program.validate(&["--baseline", "old.json", "--report", "new.json"]).saying(1, "");
    let report = json(&program, "new.json");
    let compared = |check| comparison(&report, 0, check)["compared"].clone();
    assert_eq!([compared(0), compared(1), compared(2)], ["counts", "changed", "added"]);
    assert!(
        ended
            .stdout
            .contains("3 new, 0 fixed, 0 unchanged (the check has changed since the baseline)"),
        "{ended:?}"
    );
    assert!(
        ended
            .stdout
            .contains("1 new, 0 fixed, 0 unchanged (the baseline does not have this check)"),
        "{ended:?}"
    );
}

#[test]
fn a_check_that_is_gone_is_told_and_one_that_was_left_out_is_not() {
    let program = Program::new();
    program.validate(&["-q", "--report", "old.json"]).saying(1, "");
    let ended =
        program.validate(&["--baseline", "old.json", "--only", "people/name"]).saying(0, "");
    assert!(!ended.stdout.contains("people/zip"), "{ended:?}");
    program.write("rules.yaml", RULES.replace("id: zip", "id: postcode"));
    let ended = program.validate(&["--baseline", "old.json"]).saying(1, "");
    assert!(
        ended.stdout.contains("baseline: without these checks of the baseline: `people/zip`\n"),
        "{ended:?}"
    );
}

#[test]
fn a_baseline_of_another_rule_set_is_refused_before_anything_is_read() {
    let program = town();
    validate(&program, &["-q", "--report", "old.json"]).saying(1, "");
    let ended = program.run(&["validate", "no.csv", "-r", "rules.yaml", "--baseline", "old.json"]);
    ended.saying(
        2,
        "dq: cannot compare with the baseline `old.json`: it is of another rule set, and has none of the checks of `rules.yaml`\n",
    );
}

#[test]
fn what_is_no_baseline_is_refused() {
    let program = Program::new();
    program.validate(&["--baseline", "old.json"]).saying(
        2,
        "dq: cannot read the baseline `old.json`: No such file or directory (os error 2)\n",
    );
    program.validate(&["--baseline", "people.csv"]).saying(
        2,
        "dq: cannot read the baseline `people.csv`: it is no JSON report of dq (line 1, column 1); `--report FILE.json` writes one\n",
    );
}

#[test]
fn a_report_never_replaces_the_baseline() {
    let program = Program::new();
    program.validate(&["-q", "--report", "old.json"]).saying(1, "");
    let before = program.read("old.json");
    let ended = program.validate(&["--baseline", "old.json", "--report", "old.json"]);
    ended.saying(2, "dq: the report `old.json` would overwrite the baseline\n");
    assert_eq!(program.read("old.json"), before);
}
