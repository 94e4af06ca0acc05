//! `--violations` and `--memory`: every failing row, however little memory there is.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::program::Program;
use crate::town::{checks, json, town};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// How many failing rows each `rule/check` has.
type Counts = BTreeMap<String, u64>;

fn hospitals(program: &Program, arguments: &[&str]) {
    let source = format!("{REPOSITORY}/examples/data/hospitals.csv");
    let rules = format!("{REPOSITORY}/examples/rules/hospitals.yaml");
    let all = ["validate", &source, "--rules", &rules, "--report", "r.json"];
    program.run(&[&all, arguments].concat()).with(1);
}

/// What the report counts, but for checks that have no rows.
fn reported(program: &Program) -> Counts {
    let report = json(program, "r.json");
    let counts = checks(&report).into_iter().filter(|(_, check)| check["check"] != "row_count");
    let count = |(rule, check): (&Value, &Value)| {
        let name = format!("{}/{}", rule["id"].as_str().unwrap(), check["id"].as_str().unwrap());
        (name, check["violations"].as_u64().unwrap())
    };
    counts.map(count).filter(|it| it.1 > 0).collect()
}

fn counted(names: impl Iterator<Item = String>) -> Counts {
    names.fold(Counts::new(), |mut counts, name| {
        *counts.entry(name).or_default() += 1;
        counts
    })
}

fn in_lines(program: &Program, name: &str) -> Counts {
    let lines: Vec<Value> =
        program.read(name).lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    counted(lines.iter().map(|it| {
        assert!(it["key"].as_object().is_some_and(|it| !it.is_empty()), "{it}");
        format!("{}/{}", it["rule"].as_str().unwrap(), it["check"].as_str().unwrap())
    }))
}

fn in_csv(path: &Path) -> Counts {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let lines = reader.deserialize().map(|it: csv::Result<BTreeMap<String, String>>| it.unwrap());
    counted(lines.map(|it| format!("{}/{}", it["rule"], it["check"])))
}

fn in_parquet(path: &Path) -> Counts {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let mut names = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
        let (rules, checks) = (text("rule"), text("check"));
        names.extend(
            (0..batch.num_rows()).map(|it| format!("{}/{}", rules.value(it), checks.value(it))),
        );
    }
    counted(names.into_iter())
}

#[test]
fn every_failing_row_is_in_the_file_once() {
    let program = Program::new();
    hospitals(&program, &["--violations", "v.jsonl"]);
    let reported = reported(&program);
    assert!(reported.values().any(|it| *it > 100), "more than any sample shows: {reported:?}");
    assert_eq!(in_lines(&program, "v.jsonl"), reported);
    hospitals(&program, &["--violations", "v.csv"]);
    assert_eq!(in_csv(&program.path("v.csv")), reported);
    hospitals(&program, &["--violations", "v.parquet"]);
    assert_eq!(in_parquet(&program.path("v.parquet")), reported);
}

#[test]
fn the_file_depends_neither_on_threads_nor_on_memory_nor_on_the_sample() {
    let program = Program::new();
    hospitals(&program, &["--violations", "v.jsonl", "--threads", "1"]);
    let expected = program.read("v.jsonl");
    for arguments in [
        &["--threads", "7"][..],
        &["--threads", "1", "--memory", "0"],
        &["--threads", "5", "--memory", "1KiB", "--sample", "0"],
    ] {
        hospitals(&program, &[&["--violations", "w.jsonl"], arguments].concat());
        assert!(program.read("w.jsonl") == expected, "{arguments:?}");
    }
}

#[test]
fn rows_are_named_by_key_or_number_in_their_order_and_show_values_on_request() {
    let program = Program::new();
    program.validate(&["--violations", "v.jsonl", "--show-values", "--quiet"]).saying(1, "");
    let lines = r#"{"table":"data","rule":"people","check":"name","severity":"medium","key":{"row":2},"values":{"name":null}}
{"table":"data","rule":"people","check":"zip","severity":"high","key":{"row":2},"values":{"zip":"123x5-secret"}}
"#;
    assert_eq!(program.read("v.jsonl"), lines);
    program.validate(&["--violations", "v.jsonl", "--quiet"]).saying(1, "");
    assert!(!program.read("v.jsonl").contains("secret"));
}

#[test]
fn the_rows_of_several_tables_and_of_queries_are_told() {
    let program = town();
    let rules = "
version: 1
rules:
  - id: people
    table: people
    checks:
      - { id: shared, unique: [zip] }
      - { id: late, sql: \"SELECT id, born FROM people WHERE born < 1900 ORDER BY born\" }
      - { id: mean, column: name, mean: { min: 0 } }
  - id: places
    table: places
    checks:
      - { id: owned, references: { columns: [owner], table: people, key: [id] } }
";
    program.write("more.yaml", rules);
    let arguments = ["validate", "sqlite:town.db", "-r", "more.yaml", "--report", "r.json"];
    program.run(&[&arguments[..], &["--violations", "v.jsonl"]].concat()).with(1);
    assert_eq!(in_lines(&program, "v.jsonl"), reported(&program));
    let text = program.read("v.jsonl");
    let late = text.lines().filter(|it| it.contains("\"late\""));
    let keys: Vec<_> = late.map(|it| it.split("\"key\":").nth(1).unwrap()).collect();
    assert_eq!(keys, ["{\"id\":\"p3\"}}", "{\"id\":\"p|2\"}}"]);
}

#[test]
fn a_file_that_cannot_be_written_is_told_and_leaves_nothing() {
    let program = Program::new();
    let told = "dq: cannot write `no/v.csv`: No such file or directory (os error 2)\n";
    program.validate(&["--violations", "no/v.csv"]).saying(3, told);
    let told = "dq: cannot tell the format of `v.xlsx`: `.xlsx` is none of .csv, .jsonl, .ndjson, .parquet\n";
    program.validate(&["--violations", "v.xlsx"]).saying(2, told);
    program
        .validate(&["--violations", "people.csv"])
        .saying(2, "dq: the report `people.csv` would overwrite the source\n");
    let before = program.names();
    program.write("broken.csv", "id,name,zip\n1,a\n");
    program.run(&["validate", "broken.csv", "-r", "rules.yaml", "--violations", "v.csv"]).with(3);
    assert_eq!(program.names().len(), before.len() + 1, "only broken.csv");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let program = Program::new();
    let ended = program.validate(&["--violations", "/dev/full", "--quiet"]).with(3);
    assert!(ended.stderr.contains("No space left"), "{}", ended.stderr);
}

#[test]
fn a_folder_for_temporary_files_that_is_not_there_is_told_when_it_is_needed() {
    let program = Program::new();
    program.write("rules.yaml", "version: 1\nrules:\n  - id: r\n    table: data\n    checks:\n      - { id: u, unique: [id] }\n");
    program.validate(&["--temp-dir", "gone", "--quiet"]).saying(0, "");
    let ended = program.validate(&["--temp-dir", "gone", "--memory", "0", "--quiet"]).with(3);
    let told = "cannot create a temporary file in `gone`: No such file or directory";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    assert!(ended.stderr.contains("allow more memory, or name another folder"), "{}", ended.stderr);
}
