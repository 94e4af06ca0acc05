//! Tolerances, severities and empty scopes: how a check of each kind ends.

use std::fmt::Write;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use dq_core::rules::{Check, CustomCheck, RuleSet};
use dq_core::source::memory::MemorySource;
use dq_core::validate::{Status, ValidateOptions, validate};

use crate::run::{rules, wait};

/// A check of each kind that judges rows, by itself or against others, all of which two of the eight
/// rows violate.
const CHECKS: [(&str, &str); 18] = [
    ("not_null", "column: word, not_null: true"),
    ("not_blank", "column: word, not_blank: true"),
    ("matches", "column: code, matches: '^[a-z]$'"),
    ("one_of", "column: code, one_of: [a, b, c, d, e, f]"),
    ("between", "column: number, between: { min: 18, max: 67 }"),
    ("length", "column: code, length: { max: 1 }"),
    ("type", "column: number, type: integer"),
    ("format", "column: number, format: luhn"),
    ("trimmed", "column: code, trimmed: true"),
    ("no_control_characters", "column: code, no_control_characters: true"),
    ("expression", "expression: code <= 'f'"),
    ("unique", "unique: [twin]"),
    ("functional_dependency", "functional_dependency: { from: twin, to: code }"),
    ("no_overlap", "no_overlap: { key: [twin], from: day, to: day }"),
    ("references", "references: { columns: [code], table: other }"),
    ("referenced", "referenced: { columns: [code], table: other }"),
    ("cardinality", "cardinality: { columns: [code], table: other, min: 1 }"),
    ("custom", "custom: last_two, columns: [code]"),
];

const ROWS: u64 = 8;

/// The last two of the rows are violations.
#[derive(Debug)]
struct LastTwo;

impl CustomCheck for LastTwo {
    fn violations(&self, rows: &RecordBatch) -> dq_core::Result<BooleanArray> {
        let rows = rows.num_rows();
        Ok((0..rows).map(|row| Some(row + 2 >= rows)).collect())
    }
}

fn texts(values: [Option<&str>; 8]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn source() -> MemorySource {
    let codes = ["a", "b", "c", "d", "e", "f", "g\t", "h\n"].map(Some);
    let numbers = ["18", "26", "34", "42", "59", "67", "x", "y"].map(Some);
    let twins = ["1", "2", "3", "4", "5", "6", "7", "7"].map(Some);
    let mut words = codes;
    words[6..].fill(None);
    let rows = RecordBatch::try_from_iter_with_nullable([
        ("word", texts(words), true),
        ("code", texts(codes), true),
        ("number", texts(numbers), true),
        ("twin", texts(twins), true),
        ("day", texts([Some("2024-02-29"); 8]), true),
    ])
    .unwrap();
    let other = RecordBatch::try_from_iter([("code", texts(words))]).unwrap();
    MemorySource::new("a source")
        .table("data", vec![rows.clone()])
        .and_then(|it| it.table("empty", vec![rows.slice(0, 0)]))
        .and_then(|it| it.table("other", vec![other]))
        .unwrap()
}

/// Every check, about `table`, with more fields.
fn rule_set(table: &str, rule: &str, more: &str) -> RuleSet {
    let mut text =
        format!("version: 1\nrules:\n  - id: rule\n    table: {table}\n{rule}    checks:\n");
    for (name, check) in CHECKS {
        writeln!(text, "      - {{ id: {name}, {check}{more} }}").unwrap();
    }
    rules(&text).with_custom("last_two", Arc::new(LastTwo))
}

/// How every check ends: each as `expected`, with so many violations of so many rows.
fn all_end(rules: &RuleSet, expected: Status, violations: u64, evaluated: u64) {
    let report = wait(validate(&source(), rules, &ValidateOptions::default())).unwrap();
    for check in report.checks() {
        let found = (check.status, check.violations, check.evaluated);
        assert_eq!(found, (expected, violations, evaluated), "{}", check.id);
    }
    assert_eq!(report.checks().count(), CHECKS.len());
    assert_eq!(report.status, expected);
}

#[test]
fn every_kind_that_judges_rows_is_tested() {
    let of_tables = ["row_count", "freshness", "completeness", "distinct_count", "sql"];
    let aggregates = ["mean", "min", "max", "sum", "quantile"];
    let tested = CHECKS.map(|(name, _)| name);
    for name in Check::NAMES {
        let is_of_table = of_tables.contains(name) || aggregates.contains(name);
        assert!(is_of_table || tested.contains(name), "{name}");
    }
}

#[test]
fn more_violations_than_tolerated_warn_or_fail() {
    let cases = [
        ("", Status::Fail),
        (", tolerance: 1", Status::Fail),
        (", tolerance: 2", Status::Pass),
        (", tolerance: 24.999%", Status::Fail),
        (", tolerance: 25%", Status::Pass),
        (", tolerance: { warn: 0, fail: 1 }", Status::Fail),
        (", tolerance: { warn: 1, fail: 2 }", Status::Warn),
        (", tolerance: { warn: 0, fail: 25% }", Status::Warn),
        (", tolerance: { warn: 2, fail: 2 }", Status::Pass),
        (", tolerance: { warn: 25%, fail: 100% }", Status::Pass),
        (", tolerance: { warn: 1 }", Status::Warn),
        (", tolerance: { warn: 2 }", Status::Pass),
        (", tolerance: { fail: 1 }", Status::Fail),
        (", severity: info", Status::Pass),
        (", severity: info, tolerance: { warn: 0, fail: 0 }", Status::Pass),
        (", severity: low, tolerance: { warn: 0, fail: 0 }", Status::Fail),
    ];
    for (more, expected) in cases {
        all_end(&rule_set("data", "", more), expected, 2, ROWS);
    }
}

#[test]
fn a_share_is_one_of_the_rows_in_scope() {
    let rule = "    where: code >= 'e'\n";
    all_end(&rule_set("data", rule, ", tolerance: 50%"), Status::Pass, 2, 4);
    all_end(&rule_set("data", rule, ", tolerance: 49%"), Status::Fail, 2, 4);
}

#[test]
fn nothing_in_scope_is_neither_pass_nor_fail() {
    let none = Status::NotApplicable;
    all_end(&rule_set("empty", "", ""), none, 0, 0);
    all_end(&rule_set("empty", "", ", tolerance: { warn: 0, fail: 0 }"), none, 0, 0);
    all_end(&rule_set("empty", "", ", severity: info"), none, 0, 0);
    all_end(&rule_set("data", "    where: code > 'z'\n", ", tolerance: 100%"), none, 0, 0);
    all_end(&rule_set("data", "    where: NULL = code\n", ""), none, 0, 0);
}
