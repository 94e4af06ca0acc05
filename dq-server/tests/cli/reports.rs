//! Report files.

use serde_json::Value;

use crate::program::{PEOPLE, Program, RULES};

#[test]
fn each_file_gets_the_form_of_its_name() {
    let program = Program::new();
    program
        .validate(&["--quiet", "--report", "r.json", "--report", "r.xml", "--report", "r.txt"])
        .saying(1, "");
    let json: Value = serde_json::from_str(&program.read("r.json")).unwrap();
    assert_eq!(json["status"], "fail");
    assert!(program.read("r.xml").starts_with("<?xml "));
    assert!(program.read("r.txt").contains("people/zip"));
    assert_eq!(program.names(), ["people.csv", "r.json", "r.txt", "r.xml", "rules.yaml"]);
}

#[test]
fn a_report_replaces_an_older_one() {
    let program = Program::new();
    program.write("r.json", "x".repeat(100_000));
    program.validate(&["--report", "r.json"]).with(1);
    assert!(serde_json::from_str::<Value>(&program.read("r.json")).is_ok());
}

#[test]
fn a_report_never_replaces_a_part_of_a_source_a_list_or_another_report() {
    let program = Program::new();
    std::fs::create_dir(program.path("parts")).unwrap();
    program.write("parts/data.csv", PEOPLE);
    program.write("names.txt", "Ada\n");
    let list = "{ id: known, column: name, one_of: { file: names.txt } }";
    program.write("rules.yaml", format!("{RULES}      - {list}\n"));
    let refused = |source: &str, files: &[&str], told: &str| {
        let arguments = [&["validate", source, "-r", "rules.yaml"], files].concat();
        program.run(&arguments).saying(2, &format!("dq: {told}\n"));
    };
    let told = "the report `parts/data.csv` would overwrite the source";
    refused("parts", &["--report", "parts/data.csv"], told);
    refused("parts/*.csv", &["--report", "parts/data.csv"], told);
    refused("parts/d?ta.csv", &["--violations", "parts/data.csv"], told);
    let told = "the report `names.txt` would overwrite the list of values";
    refused("people.csv", &["--report", "names.txt"], told);
    let told = "two reports would be written to `./out.csv`";
    refused("people.csv", &["--report", "out.csv", "--violations", "./out.csv"], told);
    assert_eq!(program.read("parts/data.csv"), PEOPLE);
    assert_eq!(program.read("names.txt"), "Ada\n");
    program.run(&["validate", "parts", "-r", "rules.yaml", "--report", "parts/a.html"]).with(1);
    program.run(&["validate", "parts", "-r", "rules.yaml", "--report", "parts/a.html"]).with(1);
}

#[test]
fn a_report_never_replaces_what_the_run_reads() {
    let program = Program::new();
    program.write("rules.json", RULES);
    program.write("people.json", PEOPLE);
    let source = ["validate", "csv:people.json", "-r", "rules.json", "--report", "./people.json"];
    program.run(&source).saying(2, "dq: the report `./people.json` would overwrite the source\n");
    let rules = ["validate", "people.csv", "-r", "rules.json", "--report", "rules.json"];
    program.run(&rules).saying(2, "dq: the report `rules.json` would overwrite the rule set\n");
    assert_eq!(
        (program.read("people.json"), program.read("rules.json")),
        (PEOPLE.into(), RULES.into())
    );
}

#[test]
fn a_run_that_fails_keeps_the_older_report() {
    let program = Program::new();
    program.write("r.json", "old");
    program.run(&["validate", "nobody.csv", "--rules", "rules.yaml", "--report", "r.json"]).with(3);
    assert_eq!(program.read("r.json"), "old");
}

#[test]
fn a_report_that_cannot_be_written_exits_with_3_and_keeps_nobody_waiting() {
    let program = Program::new();
    let ended = program.validate(&["--report", "nowhere/r.json", "--report", "r.xml"]).with(3);
    assert!(ended.stderr.starts_with("dq: cannot write `nowhere/r.json`: "), "{ended:?}");
    assert!(ended.stdout.contains("2 failed"), "{ended:?}");
    assert!(program.path("r.xml").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let ended = Program::new().validate(&["--report", "/dev/full"]).with(3);
    assert!(ended.stderr.starts_with("dq: cannot write `/dev/full`: No space left"), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1);
}
