//! `dq generate`, and the pack that finds what it puts in.

use crate::program::Program;

/// The arguments that make a set of a thousand rows at `target`.
fn thousand(target: &str) -> [&str; 4] {
    ["generate", target, "--rows", "1000"]
}

/// Validates `source` with the pack and writes `report.json`.
fn validate(program: &Program, source: &str) {
    let arguments = [
        "validate",
        source,
        "--pack",
        "healthcare",
        "--as-of",
        "2026-01-01",
        "--report",
        "report.json",
        "-q",
    ];
    program.run(&arguments).saying(1, "");
}

#[test]
fn what_is_put_in_is_found_in_every_form() {
    for (target, source, manifest) in [
        ("sqlite:data.db", "sqlite:data.db", "data.db.manifest.json"),
        ("csv:csv/", "csv", "csv.manifest.json"),
        ("parquet:columns", "columns", "columns.manifest.json"),
    ] {
        let program = Program::new();
        let ended = program.run(&thousand(target)).saying(0, "");
        assert_eq!(
            ended.stdout,
            format!(
                "healthcare_facilities: 20 rows\nhealthcare_providers: 398 rows\n\
                 provider_facility_affiliations: 582 rows\n{manifest}: 46 defects\n"
            )
        );
        validate(&program, source);
        let verified =
            program.run(&["generate", "--verify", manifest, "report.json"]).saying(0, "");
        assert_eq!(verified.stdout, "46 checks: all found what was put in\n");
    }
}

#[test]
fn what_is_not_found_is_told() {
    let program = Program::new();
    program.run(&thousand("a.db")).with(0);
    validate(&program, "a.db");
    let report = program.read("report.json");
    let report = report.replacen("\"violations\": 1,", "\"violations\": 7,", 1);
    program.write("report.json", report);
    let ended = program.run(&["generate", "--verify", "a.db.manifest.json", "report.json"]);
    assert_eq!(
        ended.saying(1, "").stdout,
        "provider_name_inconsistency/full_name_missing: 1 violations were put in, 7 were found\n\
         46 checks: 1 found something else than was put in\n"
    );
}

#[test]
fn the_manifest_of_another_seed_is_refused() {
    let program = Program::new();
    program.run(&thousand("a.db")).with(0);
    program.run(&["generate", "b.db", "--rows", "1000", "--seed", "7"]).with(0);
    validate(&program, "b.db");
    program.run(&["generate", "--verify", "a.db.manifest.json", "report.json"]).saying(
        2,
        "dq: cannot verify the report: it is about other data than the manifest, of seed 42: \
         `address_validation/state_unknown` found other rows\n",
    );
}

#[test]
fn nothing_is_overwritten_unless_forced() {
    let program = Program::new();
    program.write("a.db", "mine");
    let refused = "dq: cannot write `a.db`: it exists; `--force` replaces it\n";
    program.run(&thousand("a.db")).saying(3, refused);
    assert_eq!(program.read("a.db"), "mine");
    program.run(&["generate", "a.db", "--rows", "1000", "--force"]).saying(0, "");
    program
        .run(&["generate", "csv:new", "--rows", "1000", "--manifest", "a.db.manifest.json"])
        .saying(3, "dq: cannot write `a.db.manifest.json`: it exists; `--force` replaces it\n");
    assert_eq!(program.names(), ["a.db", "a.db.manifest.json", "people.csv", "rules.yaml"]);
}

#[test]
fn a_recipe_is_read_from_the_arguments() {
    let program = Program::new();
    let arguments = [
        "generate",
        "csv:a",
        "--providers",
        "100",
        "--seed",
        "9",
        "--as-of",
        "2024-02-29",
        "--defects",
        "0",
        "--defect",
        "npi_missing=3",
        "--keys",
        "2",
        "--manifest",
        "m.json",
    ];
    let ended = program.run(&arguments).saying(0, "");
    assert!(ended.stdout.ends_with("m.json: 3 defects\n"), "{}", ended.stdout);
    let manifest: serde_json::Value = serde_json::from_str(&program.read("m.json")).unwrap();
    assert_eq!(manifest["seed"], 9);
    assert_eq!(manifest["as_of"], "2024-02-29");
    assert_eq!(manifest["tables"]["healthcare_providers"], 100);
    let checks = manifest["checks"].as_array().unwrap();
    let missing = checks.iter().find(|it| it["check"] == "missing").unwrap();
    assert_eq!(missing["violations"], 3);
    assert_eq!(missing["keys"].as_array().unwrap().len(), 2);
    assert_eq!(missing["truncated"], true);
}

#[test]
fn a_recipe_that_makes_no_sense_is_refused() {
    let program = Program::new();
    for (arguments, message) in [
        (
            &["generate", "data"][..],
            "dq: cannot tell the form of `data`: write sqlite:FILE, csv:FOLDER or parquet:FOLDER\n",
        ),
        (
            &["generate", "a.db", "--providers", "3"],
            "dq: cannot generate 3 providers: from 20 to 100000000 can be made\n",
        ),
        (
            &["generate", "a.db", "--defects", "2"],
            "dq: cannot generate defects at a rate of 2: it is a share, 0 to 1\n",
        ),
        (
            &["generate", "--verify", "rules.yaml", "people.csv"],
            "dq: cannot read `rules.yaml`: it is no manifest of `dq generate`: expected value at line 1 column 1\n",
        ),
    ] {
        program.run(arguments).saying(2, message);
    }
    for arguments in [
        &["generate"][..],
        &["generate", "a.db", "--rows", "100", "--providers", "100"],
        &["generate", "a.db", "--defect", "nonsense=1"],
        &["generate", "a.db", "--defect", "npi_missing"],
        &["generate", "--verify", "m.json", "report.json", "--seed", "1"],
    ] {
        assert_eq!(program.run(arguments).with(2).stdout, "", "{arguments:?}");
    }
    assert_eq!(program.names(), ["people.csv", "rules.yaml"]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_nothing() {
    for target in ["sqlite:a.db", "csv:a", "parquet:a"] {
        let program = Program::new();
        let child =
            program.command(&["generate", target, "--providers", "50000000"]).spawn().unwrap();
        // It has begun when what it makes is there, and is at it for minutes.
        while program.names().len() == 2 {
            std::thread::yield_now();
        }
        crate::interrupt::interrupt(&child);
        let ended = crate::program::Ended::from(child.wait_with_output().unwrap());
        ended.saying(130, "dq: the run was cancelled\n");
        assert_eq!(program.names(), ["people.csv", "rules.yaml"], "{target}");
    }
}

#[test]
fn a_pack_is_chosen_shown_and_tuned() {
    let program = Program::new();
    program.run(&thousand("a.db")).with(0);
    let shown = program.run(&["rules", "show", "healthcare"]).saying(0, "").stdout;
    program.write("pack.yaml", &shown);
    let checked = program.run(&["rules", "check", "pack.yaml", "a.db"]).saying(0, "").stdout;
    assert!(checked.ends_with(": ok\n"), "{checked}");

    let pack =
        ["validate", "a.db", "--pack", "healthcare", "--as-of", "2026-01-01", "--format", "json"];
    let violations = |more: &[&str]| {
        let ended = program.run(&[&pack, more].concat()).with(1);
        let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        let rules = report["rules"].as_array().unwrap();
        assert_eq!(rules.len(), 1);
        assert_eq!(rules[0]["id"], "affiliation_anomaly");
        let checks = rules[0]["checks"].as_array().unwrap();
        checks.iter().find(|it| it["id"] == "too_many").unwrap()["violations"].as_u64().unwrap()
    };
    assert_eq!(violations(&["--only", "affiliation_anomaly"]), 1);
    let alias = ["--only", "affiliation_anomaly_(simplified_for_performance)"];
    assert_eq!(violations(&alias), 1);
    assert!(violations(&["--only", "affiliation_anomaly", "--param", "affiliations_max=1"]) > 100);

    program.run(&[&pack[..], &["--only", "affiliation_anomalies"]].concat()).saying(
        2,
        "dq: `healthcare` has no rule or check `affiliation_anomalies`; did you mean `affiliation_anomaly`?\n",
    );
    program.run(&[&pack[..], &["--param", "affiliation_max=1"]].concat()).saying(
        2,
        "healthcare:1:1: the file declares no parameter `affiliation_max`; did you mean `affiliations_max`?\n",
    );
    assert_eq!(program.run(&["rules", "show", "finance"]).with(2).stdout, "");
    assert_eq!(
        program
            .run(&["validate", "a.db", "--pack", "healthcare", "-r", "rules.yaml"])
            .with(2)
            .stdout,
        ""
    );
}
