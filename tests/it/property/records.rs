//! A single record gets the verdicts that its row gets in a table.

use std::collections::HashSet;

use dq_core::source::Source;
use dq_core::validate::record::{RecordValidator, Verdict};
use dq_core::validate::{CheckReport, ValidateOptions, validate};
use dq_core::value::{Date, OwnedValue, TableSchema, Timestamp};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::naive::{Cell, Table};
use crate::property::rules::Rules;
use crate::property::sources::{self, Databases};
use crate::property::tables::{self, KeyShape, Shape};
use crate::property::{cases, rules};
use crate::run::{rules as rule_set, threads, wait};

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn a_record_is_judged_as_its_row(
        tables in (tables::rows(0..30), tables::rows(0..10)),
        shape in tables::shape(),
        rules in rules::rules(),
    ) {
        let shape = Shape { key: KeyShape::None, ..shape };
        let tables = shape.tables(tables.0, tables.1);
        let in_memory = sources::as_arrow(&tables);
        judged_alike(&sources::memory(&in_memory, &shape), &in_memory, &rules)?;
        let folder = tempfile::tempdir().unwrap();
        let in_sqlite = sources::as_sqlite(&tables);
        let databases = Databases::new(&in_sqlite, &shape, &folder.path().join("tables.db"));
        judged_alike(&databases.by_pages, &in_sqlite, &rules)?;
        json_is_judged_alike(&sources::as_text(&tables), &rules)?;
    }
}

/// Judges each row of `source`, which holds `tables`, as a record too.
fn judged_alike(source: &dyn Source, tables: &[Table], rules: &Rules) -> Result<(), TestCaseError> {
    let rules = rule_set(&rules.text());
    let options = ValidateOptions { sample_limit: usize::MAX, ..threads(1) };
    let report = match wait(validate(source, &rules, &options)) {
        Ok(report) => report,
        Err(error) => return Err(TestCaseError::fail(error.to_string())),
    };
    let schemas = wait(source.snapshot()).unwrap().tables().to_vec();
    for table in tables {
        let schema = schemas.iter().find(|it| it.name == table.name).unwrap();
        let of_table = report.rules.iter().filter(|it| it.table == table.name);
        let checks: Vec<_> = of_table.flat_map(|it| &it.checks).collect();
        if checks.is_empty() {
            continue;
        }
        let validator = RecordValidator::with_schema(&rules, schema, today()).unwrap();
        let failing: Vec<_> = checks.iter().map(|it| failing_rows(it)).collect();
        let mut in_scope = vec![0; checks.len()];
        for (row, cells) in (1..).zip(&table.rows) {
            let record = record(table, cells);
            let report = validator.check(&record[..]);
            prop_assert_eq!(report.checks.len(), checks.len());
            for (place, (found, check)) in report.checks.iter().zip(&checks).enumerate() {
                let right = match failing[place].contains(&row) {
                    _ if needs_other_rows(check.check) => Verdict::NeedsOtherRows,
                    true => Verdict::Violation,
                    false if found.verdict == Verdict::OutOfScope => Verdict::OutOfScope,
                    false => Verdict::Pass,
                };
                prop_assert_eq!(found.verdict, right, "{:?} {}", check, row);
                in_scope[place] += u64::from(right.is_applicable());
            }
        }
        for (check, in_scope) in checks.iter().zip(in_scope) {
            let right = if needs_other_rows(check.check) { 0 } else { check.evaluated };
            prop_assert_eq!(in_scope, right, "{}", check.id);
        }
    }
    Ok(())
}

/// Judges each row of `tables`, which hold text only, as JSON too.
fn json_is_judged_alike(tables: &[Table], rules: &Rules) -> Result<(), TestCaseError> {
    let rules = rule_set(&rules.text());
    for table in tables.iter().filter(|it| rules.rules().iter().any(|rule| rule.table == it.name)) {
        let validator = RecordValidator::with_schema(&rules, &schema_of(table), today()).unwrap();
        for cells in &table.rows {
            let names = table.columns.iter().map(|it| it.name.to_owned());
            let json: Map<_, _> = names.zip(cells.iter().map(|it| json!(it.text()))).collect();
            let json = Value::Object(json).to_string();
            let record = record(table, cells);
            let (expected, found) = (validator.check(&record[..]), validator.check_json(&json));
            let found = found.unwrap();
            for (expected, found) in expected.checks.iter().zip(&found.checks) {
                prop_assert_eq!(expected.verdict, found.verdict, "{} {}", found.check, json);
            }
        }
    }
    Ok(())
}

fn schema_of(table: &Table) -> TableSchema {
    use dq_core::value::{ColumnSchema, ValueType};
    let columns = table.columns.iter().map(|it| ColumnSchema::new(it.name, ValueType::Text));
    let (name, primary_key) = (table.name.to_owned(), Vec::new());
    TableSchema { name, columns: columns.collect(), primary_key, rows_estimate: None }
}

fn today() -> Date {
    threads(1).as_of.unwrap()
}

fn needs_other_rows(check: &str) -> bool {
    !matches!(
        check,
        "not_null"
            | "not_blank"
            | "matches"
            | "one_of"
            | "between"
            | "length"
            | "type"
            | "format"
            | "trimmed"
            | "no_control_characters"
            | "expression"
    )
}

/// The numbers of the rows that violate a check, which the sample shows all.
fn failing_rows(check: &CheckReport) -> HashSet<u64> {
    check.sample.iter().filter_map(|it| it.key.get("row")?.as_u64()).collect()
}

fn record(table: &Table, cells: &[Cell]) -> Vec<(&'static str, OwnedValue)> {
    table.columns.iter().map(|it| it.name).zip(cells.iter().map(value)).collect()
}

fn value(cell: &Cell) -> OwnedValue {
    match cell {
        Cell::Null => OwnedValue::Null,
        Cell::Boolean(it) => OwnedValue::Boolean(*it),
        Cell::Integer(it) => OwnedValue::Integer(*it),
        Cell::Float(it) => OwnedValue::Float(*it),
        Cell::Day(it) => OwnedValue::Date(Date::from_days(i32::try_from(*it).unwrap())),
        Cell::Moment(it) => OwnedValue::Timestamp(Timestamp::from_micros(*it)),
        Cell::Text(it) => OwnedValue::Text(it.clone()),
        Cell::Bytes(it) => OwnedValue::Bytes(it.clone()),
    }
}
