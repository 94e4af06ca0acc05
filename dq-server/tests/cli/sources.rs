//! How sources are read.

use std::fs::File;
use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use rusqlite::Connection;
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

/// Writes a Parquet file with a column of numbers.
fn parquet(program: &Program, name: &str, column: &str, numbers: Vec<Option<i64>>) {
    let numbers: ArrayRef = Arc::new(Int64Array::from(numbers));
    let rows = RecordBatch::try_from_iter_with_nullable([(column, numbers, true)]).unwrap();
    let file = File::create(program.path(name)).unwrap();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
}

#[test]
fn a_parquet_file_is_known_by_its_name() {
    let program = Program::new();
    let rules =
        "version: 1\nrules: [{ id: r, table: data, checks: [{ column: id, not_null: true }] }]";
    program.write("rules.yaml", rules);
    parquet(&program, "people.parquet", "id", vec![Some(1), None, Some(3)]);
    for source in ["people.parquet", "parquet:people.parquet", "people.par*"] {
        let ended = program.run(&["validate", source, "-r", "rules.yaml", "--format", "json"]);
        assert_eq!(violations(&ended.with(1)), [1], "{source}");
    }
    let told = "dq: cannot read `people.csv`: it is no Parquet file\n";
    program.run(&["validate", "parquet:people.csv", "-r", "rules.yaml"]).saying(3, told);
}

const RELATED: &str = "\
version: 1
rules:
  - id: places
    table: places
    checks:
      - { references: { columns: [person], table: people, key: [id] } }
      - { references: { columns: [town], table: towns, key: [town] } }
";

/// A folder with people in SQLite, their places in Parquet, and towns in CSV.
fn related() -> Program {
    let program = Program::new();
    let database = Connection::open(program.path("registry.db")).unwrap();
    database.execute_batch("CREATE TABLE people (id); INSERT INTO people VALUES (1), (2)").unwrap();
    program.write("places.csv", "person,town\n1,Bern\n2,Basel\n3,Bern\n");
    parquet(&program, "towns.parquet", "town", vec![Some(1)]);
    program.write("rules.yaml", RELATED);
    program
}

#[test]
fn tables_of_several_sources_are_checked_against_each_other() {
    let program = related();
    program.write("towns.csv", "town\nBern\n");
    let sources = ["sqlite:registry.db", "places=places.csv", "towns=towns.csv"];
    let ended = program
        .run(&[&["validate"], &sources[..], &["-r", "rules.yaml", "--format", "json"]].concat());
    assert_eq!(violations(&ended.clone().with(1)), [1, 1]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["source"], "sqlite:registry.db, places=places.csv, towns=towns.csv");
    program.run(&[&["rules", "check", "rules.yaml"], &sources[..]].concat()).with(0);
    program.run(&[&["explain"], &sources[..], &["-r", "rules.yaml"]].concat()).with(0);
}

#[test]
fn two_tables_of_one_name_are_an_error_that_tells_what_to_do() {
    let program = Program::new();
    let told = "dq: cannot tell the table `data` of `people.csv` from that of `people.csv`: give one of \
                them another name, as in `name=people.csv`\n";
    program.run(&["validate", "people.csv", "people.csv", "-r", "rules.yaml"]).saying(2, told);
    let told = "dq: cannot read standard input as two sources\n";
    program.run(&["validate", "a=-", "b=-", "-r", "rules.yaml"]).saying(2, told);
}

#[test]
fn a_folder_has_a_table_for_each_file_of_a_known_format() {
    let program = related();
    program.write(
        "rules.yaml",
        RELATED.replace("table: people, key: [id]", "table: towns, key: [town]"),
    );
    let ended = program.run(&["validate", ".", "-r", "rules.yaml", "--format", "json"]);
    assert_eq!(violations(&ended.clone().with(1)), [2, 3]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let note = ".: `registry.db`, `rules.yaml` are not of a known format and were left aside";
    assert_eq!(report["notes"], serde_json::json!([note]));
    program.write("towns.csv", "town\nBern\n");
    let told =
        "dq: cannot name a table `towns`: both `./towns.csv` and `./towns.parquet` would be it\n";
    program.run(&["validate", ".", "-r", "rules.yaml"]).saying(3, told);
    let told = "dq: cannot open `towns.*`: its files are one table, but `towns.csv` and `towns.parquet` differ in \
                their format\n";
    program.run(&["validate", "towns.*", "-r", "rules.yaml"]).saying(2, told);
}

#[test]
fn a_report_never_overwrites_a_source() {
    let program = related();
    let arguments =
        ["validate", "sqlite:registry.db", "places=places.csv", "-r", "rules.yaml", "--report"];
    let told = "dq: the report `places.csv` would overwrite the source\n";
    std::fs::rename(program.path("places.csv"), program.path("places.json")).unwrap();
    let arguments = arguments.map(|it| it.replace("places.csv", "places.json"));
    let arguments: Vec<_> = arguments.iter().map(String::as_str).chain(["places.json"]).collect();
    program.run(&arguments).saying(2, &told.replace("csv", "json"));
}

#[test]
fn a_configuration_says_how_sqlite_is_read_unless_an_argument_does() {
    let program = Program::new();
    let database = Connection::open(program.path("wide.db")).unwrap();
    database
        .execute_batch(
            "PRAGMA encoding = 'UTF-16'; CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('b');",
        )
        .unwrap();
    program.write(
        "rules.yaml",
        "version: 1\nrules:\n  - { id: r, table: t, checks: [{ column: a, not_null: true }] }\n",
    );
    program.write("dq.yaml", "database: { sqlite: { scan_method: pages } }\n");
    let arguments =
        ["validate", "wide.db", "-r", "rules.yaml", "--quiet", "--config", "dq.yaml", "--scan"];
    let ended = program.run(&arguments[..7]).with(3);
    assert!(ended.stderr.contains("its pages cannot be read: the database stores text in UTF-16"));
    let chosen = |method| program.run(&[&arguments[..], &[method]].concat());
    chosen("statements").saying(0, "");
    chosen("pages").with(3);
}
