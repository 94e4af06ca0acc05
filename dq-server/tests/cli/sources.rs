//! How sources are read.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{Ended, PEOPLE, Program};

fn violations(ended: &Ended) -> Vec<u64> {
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let checks = report["rules"][0]["checks"].as_array().unwrap();
    checks.iter().map(|it| it["violations"].as_u64().unwrap()).collect()
}

#[test]
fn a_dash_is_standard_input() {
    let program = Program::new();
    let mut command =
        program.command(&["validate", "-", "--rules", "rules.yaml", "--format", "json"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(PEOPLE.as_bytes()).unwrap();
    let ended = Ended::from(child.wait_with_output().unwrap()).saying(1, "");
    assert_eq!(violations(&ended), [1, 1]);
}

#[test]
fn an_empty_field_is_null_or_blank_as_told() {
    let program = Program::new();
    let ended = program.validate(&["--format", "json", "--empty", "null"]).with(1);
    assert_eq!(violations(&ended), [1, 1]);
    let ended = program.validate(&["--format", "json", "--empty", "blank"]).with(1);
    assert_eq!(violations(&ended), [0, 1]);
}

#[test]
fn delimiter_quote_and_encoding_are_as_told() {
    let program = Program::new();
    program.write("people.csv", b"id;name;zip\n1;'J\xfcrgen; junior';12345\n");
    let options =
        ["--delimiter", ";", "--quote", "'", "--encoding", "windows-1252", "--format", "json"];
    program.validate(&options).saying(0, "");
}

#[test]
fn a_file_may_have_no_header() {
    let program = Program::new();
    let rules = program
        .read("rules.yaml")
        .replace("column: name", "column: column_2")
        .replace("column: zip", "column: column_3");
    program.write("rules.yaml", rules);
    program.write("people.csv", "1,Ada,12345\n2,,123x5\n");
    let ended = program.validate(&["--no-header", "--format", "json"]).with(1);
    assert_eq!(violations(&ended), [1, 1]);
}

#[test]
fn any_number_of_threads_finds_the_same() {
    let program = Program::new();
    for threads in ["1", "2", "7"] {
        let ended = program.validate(&["--threads", threads, "--format", "json"]).with(1);
        assert_eq!(violations(&ended), [1, 1]);
    }
}

#[test]
fn today_is_as_told() {
    let ended = Program::new().validate(&["--as-of", "2024-02-29", "--format", "json"]).with(1);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["as_of"], "2024-02-29");
}
