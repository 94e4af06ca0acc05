//! Arguments that make no sense, and the help that makes it.

use crate::program::Program;

#[test]
fn help_and_version_are_no_errors() {
    let program = Program::new();
    assert!(program.run(&["--version"]).saying(0, "").stdout.starts_with("dq 0."));
    for command in [
        &["--help"][..],
        &["validate", "--help"],
        &["rules", "check", "--help"],
        &["explain", "--help"],
    ] {
        let help = program.run(command).saying(0, "").stdout;
        assert!(help.contains("Exit codes:"), "{help}");
    }
}

#[test]
fn wrong_arguments_exit_with_2() {
    let program = Program::new();
    for arguments in [
        &[][..],
        &["validte"],
        &["validate", "people.csv"],
        &["validate", "--rules", "rules.yaml"],
        &["validate", "people.csv", "--rules", "rules.yaml", "--fail-on", "urgent"],
        &["validate", "people.csv", "--rules", "rules.yaml", "--format", "xml"],
        &["validate", "people.csv", "--rules", "rules.yaml", "--threads", "0"],
        &["validate", "people.csv", "--rules", "rules.yaml", "--delimiter", "ab"],
        &["validate", "people.csv", "--rules", "rules.yaml", "--as-of", "2025-02-29"],
        &["validate", "people.csv", "--rules", "rules.yaml", "--param", "year"],
        &["validate", "people.csv", "--rules", "rules.yaml", "--report", "-"],
        &["validate", "people.csv", "--rules", "rules.yaml", "--violations", "-"],
        &["profile", "people.csv", "--report", "-"],
        &["rules", "check"],
    ] {
        let ended = program.run(arguments).with(2);
        assert_eq!(ended.stdout, "", "{arguments:?}");
        assert!(!ended.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_report_of_unknown_format_is_refused_before_anything_is_read() {
    let ended =
        Program::new().run(&["validate", "no.csv", "--rules", "no.yaml", "--report", "report.pdf"]);
    ended.saying(
        2,
        "dq: cannot tell the format of `report.pdf`: `.pdf` is none of .json, .xml, .html, .md, .sarif, .csv, .xlsx, .txt\n",
    );
}
