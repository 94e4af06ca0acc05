//! `dq profile`.

use std::fs::File;

use serde_json::Value;

use crate::program::{Ended, Program};

/// Forty rows: an id, a code with one wrong letter, a word.
fn table(program: &Program) {
    let row = |it: usize| {
        let code = if it == 7 { "12x45".to_owned() } else { format!("{}", 12_300 + it % 20) };
        format!("{it},{code},{}\n", if it.is_multiple_of(2) { "secret" } else { "word" })
    };
    let rows: String = (1..=40).map(row).collect();
    program.write("table.csv", "id,code,word\n".to_owned() + &rows);
}

fn program() -> Program {
    let program = Program::new();
    table(&program);
    program
}

#[test]
fn text_tells_of_each_column() {
    let text = program().run(&["profile", "table.csv"]).saying(0, "").stdout;
    assert!(text.contains("data  40 rows\n"), "{text}");
    assert!(text.contains("code    integer 97.5%"), "{text}");
    assert!(text.contains("key: id\n"), "{text}");
    assert!(text.contains("40 rows of 3 columns in "), "{text}");
}

#[test]
fn json_is_one_document() {
    let ended = program().run(&["profile", "table.csv", "--format", "json"]).saying(0, "");
    let profile: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(profile["format"], 1);
    assert_eq!(profile["tables"][0]["columns"][1]["distinct"]["value"], 21);
    assert_eq!(profile["tables"][0]["columns"][2]["values"][0]["value"], "secret");
    assert!(profile.get("suggestions").is_none());
}

#[test]
fn no_value_is_told_if_none_may_be() {
    let program = program();
    for format in ["text", "json"] {
        let arguments = ["profile", "table.csv", "--no-values", "--format", format];
        assert!(!program.run(&arguments).with(0).stdout.contains("secret"));
    }
    let rules = program.run(&["profile", "table.csv", "--no-values", "--suggest"]).with(0).stdout;
    assert!(!rules.contains("secret") && rules.contains("matches"), "{rules}");
}

#[test]
fn suggested_rules_are_rules_that_run() {
    let program = program();
    program.run(&["profile", "table.csv", "--suggest=rules.yaml", "--quiet"]).saying(0, "");
    let rules = program.read("rules.yaml");
    assert!(rules.contains("matches: '^[0-9]{5}$'"), "{rules}");
    assert!(rules.contains("flags 1 of 40 rows today\n"), "{rules}");
    program.run(&["rules", "check", "rules.yaml", "table.csv"]).saying(0, "");
    let text = program.run(&["validate", "table.csv", "--rules", "rules.yaml"]).with(1).stdout;
    assert!(text.contains("data/code_matches"), "{text}");
    // Without a file they are printed, instead of the profile.
    let printed = program.run(&["profile", "table.csv", "--suggest"]).saying(0, "").stdout;
    assert_eq!(printed, rules);
}

#[test]
fn a_profile_is_written_to_files_too() {
    let program = program();
    let arguments = ["profile", "table.csv", "--report", "p.json", "--report", "p.txt", "--quiet"];
    assert_eq!(program.run(&arguments).saying(0, "").stdout, "");
    assert!(program.read("p.json").starts_with("{\n  \"format\": 1"));
    assert!(program.read("p.txt").contains("data  40 rows"));
}

#[test]
fn what_cannot_be_done_is_said() {
    let program = program();
    let said = [
        (&["profile", "nowhere.csv"][..], 3, "nowhere.csv"),
        (
            &["profile", "table.csv", "--table", "people"],
            3,
            "dq: cannot profile the table `people`: there is `data`\n",
        ),
        (
            &["profile", "table.csv", "--report", "p.xml"],
            2,
            "dq: cannot tell the format of `p.xml`: `.xml` is none of .json, .txt\n",
        ),
        (
            &["profile", "table.csv", "--report", "./table.csv"],
            2,
            "dq: cannot tell the format of `./table.csv`: `.csv` is none of .json, .txt\n",
        ),
        (
            &["profile", "table.csv", "--suggest=./table.csv"],
            2,
            "dq: `./table.csv` would overwrite the source\n",
        ),
        (
            &["profile", "table.csv", "--suggest=/nowhere/rules.yaml", "-q"],
            3,
            "dq: cannot write `/nowhere/rules.yaml`: No such file or directory (os error 2)\n",
        ),
        (&["profile", "table.csv", "--memory-mib", "0"], 2, "--memory-mib"),
    ];
    for (arguments, code, message) in said {
        let ended = program.run(arguments).with(code);
        assert!(ended.stderr.contains(message), "{ended:?}");
    }
}

#[test]
fn a_pipe_is_profiled_but_its_suggestions_cannot_be_counted() {
    let program = program();
    let piped = |arguments: &[&str]| {
        let input = File::open(program.path("table.csv")).unwrap();
        Ended::from(program.command(arguments).stdin(input).output().unwrap())
    };
    let ended = piped(&["profile", "-"]).saying(0, "");
    assert!(ended.stdout.contains("data  40 rows"), "{ended:?}");
    let message = "dq: cannot count what the suggested rules would flag: cannot read `standard input` \
                   twice: it is a stream; save it to a file first\n";
    piped(&["profile", "-", "--suggest"]).saying(3, message);
}
