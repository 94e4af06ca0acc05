//! What standard output gets.

use std::process::Stdio;

use serde_json::Value;

use crate::program::{Ended, Program};

#[test]
fn text_names_checks_keys_and_sums() {
    let text = Program::new().validate(&[]).with(1).stdout;
    assert!(text.contains("✗ fail    high      people/zip"), "{text}");
    assert!(text.contains("rows: 2\n"), "{text}");
    assert!(text.contains("2 checks: 2 failed\n3 rows in "), "{text}");
}

#[test]
fn a_pipe_gets_colours_only_if_they_are_demanded() {
    let program = Program::new();
    assert!(!program.validate(&[]).with(1).stdout.contains('\u{1b}'));
    assert!(program.validate(&["--color", "always"]).with(1).stdout.contains("\u{1b}[31m"));
    assert!(!program.validate(&["--color", "never"]).with(1).stdout.contains('\u{1b}'));
    let no_color = ["validate", "people.csv", "--rules", "rules.yaml"];
    let ended = Ended::from(program.command(&no_color).env("NO_COLOR", "1").output().unwrap());
    assert!(!ended.with(1).stdout.contains('\u{1b}'));
}

#[test]
fn json_is_one_document() {
    let ended = Program::new().validate(&["--format", "json"]).saying(1, "");
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["format"], 1);
    assert_eq!(report["status"], "fail");
    assert_eq!(report["rules"][0]["checks"][1]["violations"], 1);
}

#[test]
fn junit_is_xml() {
    let ended = Program::new().validate(&["--format", "junit"]).saying(1, "");
    assert!(ended.stdout.starts_with("<?xml "), "{ended:?}");
    assert!(ended.stdout.contains("failures=\"2\""), "{ended:?}");
}

#[test]
fn values_are_shown_only_if_they_are_demanded() {
    let program = Program::new();
    for format in ["text", "json", "junit"] {
        let ended = program.validate(&["--format", format]).with(1);
        assert!(!ended.stdout.contains("secret"), "{ended:?}");
    }
    for format in ["text", "json"] {
        let ended = program.validate(&["--format", format, "--show-values"]).with(1);
        assert!(ended.stdout.contains("123x5-secret"), "{ended:?}");
    }
}

#[test]
fn a_sample_shows_as_many_keys_as_told() {
    let program = Program::new();
    program.write("people.csv", "id,name,zip\n".to_owned() + &"1,Ada,wrong\n".repeat(1005));
    let text = program.validate(&["--sample", "2"]).with(1).stdout;
    assert!(text.contains("rows: 1, 2, … and 1,003 more\n"), "{text}");
    let text = program.validate(&["--sample", "0"]).with(1).stdout;
    assert!(!text.contains("rows:"), "{text}");
}

#[test]
fn quiet_leaves_the_exit_code_to_speak() {
    assert_eq!(Program::new().validate(&["--quiet"]).saying(1, "").stdout, "");
}

#[test]
fn a_reader_that_has_seen_enough_changes_nothing() {
    let program = Program::new();
    for format in ["text", "json", "junit"] {
        let arguments = ["validate", "people.csv", "--rules", "rules.yaml", "--format", format];
        let mut child = program.command(&arguments).spawn().unwrap();
        drop(child.stdout.take());
        Ended::from(child.wait_with_output().unwrap()).saying(1, "");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_exits_with_3() {
    let program = Program::new();
    let mut command = program.command(&["validate", "people.csv", "--rules", "rules.yaml"]);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = Ended::from(command.stdout(Stdio::from(full)).output().unwrap()).with(3);
    assert!(
        ended.stderr.starts_with("dq: cannot write to standard output: No space left"),
        "{ended:?}"
    );
    assert_eq!(ended.stderr.lines().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_report_may_have_a_name_that_is_no_text() {
    use std::os::unix::ffi::OsStrExt;

    let program = Program::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.json");
    let arguments = ["validate", "people.csv", "--rules", "rules.yaml", "--quiet", "--report"];
    let ended: Ended = program.command(&arguments).arg(name).output().unwrap().into();
    ended.saying(1, "");
    assert!(program.path(".").join(name).is_file());
}
