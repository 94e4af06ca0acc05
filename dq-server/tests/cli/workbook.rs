//! `--report r.xlsx`: the report and every failing row as a workbook.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use calamine::{Data, DataType, Reader, Xlsx, open_workbook};
use serde_json::Value;

use crate::program::Program;
use crate::town::{checks, json, town, validate};

fn rows(path: &Path, name: &str) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    book.worksheet_range(name).unwrap().rows().map(<[Data]>::to_vec).collect()
}

fn cell<'a>(rows: &'a [Vec<Data>], row: usize, column: &str) -> &'a Data {
    let place = rows[0].iter().position(|it| it.as_string().as_deref() == Some(column));
    &rows[row][place.unwrap()]
}

fn text(rows: &[Vec<Data>], row: usize, column: &str) -> String {
    // XML has no lone carriage return: it is written as Excel writes it, which not every reader undoes.
    cell(rows, row, column).as_string().unwrap_or_default().replace("_x000D_", "\r")
}

#[test]
fn a_workbook_has_every_check_and_every_failing_row() {
    let program = town();
    let all = ["--report", "r.xlsx", "--report", "r.json", "--violations", "v.jsonl", "--quiet"];
    validate(&program, &all).saying(1, "");
    assert_eq!(
        program.names(),
        ["people.csv", "r.json", "r.xlsx", "rules.yaml", "town.db", "town.yaml", "v.jsonl"]
    );
    let (path, report) = (program.path("r.xlsx"), json(&program, "r.json"));

    let summary = rows(&path, "Summary");
    let mut lines = BTreeMap::new();
    for row in 1..=checks(&report).len() {
        let name = (text(&summary, row, "rule"), text(&summary, row, "check"));
        lines.insert(name, row);
    }
    for (rule, check) in checks(&report) {
        let name = |it: &Value| it.as_str().unwrap().to_owned();
        let row = lines[&(name(&rule["id"]), name(&check["id"]))];
        for column in ["evaluated", "violations"] {
            assert_eq!(cell(&summary, row, column).as_f64(), check[column].as_f64(), "{column}");
        }
        for column in ["status", "severity"] {
            assert_eq!(text(&summary, row, column), check[column].as_str().unwrap());
        }
    }

    let told: Vec<Value> =
        program.read("v.jsonl").lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let shown = rows(&path, "All_Violations");
    assert_eq!(shown.len(), 1 + told.len());
    for (row, told) in told.iter().enumerate() {
        assert_eq!(text(&shown, row + 1, "check"), told["check"].as_str().unwrap());
        let key: Value = serde_json::from_str(&text(&shown, row + 1, "key")).unwrap();
        assert_eq!(key, told["key"]);
    }
    let places = rows(&path, "places__rule");
    assert_eq!(cell(&places, 1, "id").as_f64(), Some(1.0));
}

#[test]
fn a_workbook_is_for_files_only_and_replaces_one_whole() {
    let program = Program::new();
    let run = |more: &[&str]| {
        program.run(&[&["validate", "people.csv", "--rules", "rules.yaml"], more].concat())
    };
    assert!(run(&["--format", "xlsx"]).with(2).stderr.contains("invalid value 'xlsx'"));
    program.write("r.xlsx", "old");
    run(&["--report", "r.xlsx", "--show-values", "--quiet"]).saying(1, "");
    let people = rows(&program.path("r.xlsx"), "people");
    assert_eq!(text(&people, 2, "zip"), "123x5-secret");
    run(&["--report", "nowhere/r.xlsx", "--quiet"]).with(3);
    let before = fs::read(program.path("r.xlsx")).unwrap();
    run(&["--report", "r.xlsx", "--show-values", "--quiet", "--threads", "1"]).saying(1, "");
    assert!(fs::read(program.path("r.xlsx")).unwrap() == before, "the same run, the same bytes");
}
