//! Random checks of random tables, on every source and at every number of threads: the counts are
//! those of the naive evaluator, and so are the rows that a report shows.

mod figures;
pub(crate) mod mysql;
pub(crate) mod postgres;
mod records;
pub(crate) mod rules;
mod servers;
pub(crate) mod sources;
pub(crate) mod tables;

use dq_core::source::Source;
use dq_core::validate::{CheckReport, Engine, Report, ValidateOptions, validate};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::naive::{Cell, Outcome, Table};
use crate::property::rules::Rules;
use crate::property::sources::Databases;
use crate::property::tables::Shape;
use crate::run::{rules, threads, wait};

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn every_source_counts_what_the_naive_evaluator_counts(
        tables in (tables::rows(0..40), tables::rows(0..25)),
        shape in tables::shape(),
        rules in rules::rules(),
        sample_limit in prop_oneof![Just(0_usize), Just(1), Just(3), Just(10)],
        show_values in any::<bool>(),
    ) {
        let tables = shape.tables(tables.0, tables.1);
        let options = ValidateOptions { sample_limit, show_values, ..threads(1) };
        counts_everywhere(&tables, &shape, &rules, &options)?;
    }
}

proptest! {
    #![proptest_config(cases(30))]

    #[test]
    fn tables_of_many_batches_count_the_same(
        tables in (tables::rows(100..250), tables::rows(50..150)),
        shape in tables::shape(),
        rules in rules::rules(),
    ) {
        let tables = shape.tables(tables.0, tables.1);
        counts_everywhere(&tables, &shape, &rules, &threads(1))?;
    }
}

/// So many cases; `PROPTEST_CASES` asks for another number.
fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(usual),
        max_shrink_time: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn counts_everywhere(
    tables: &[Table],
    shape: &Shape,
    rules: &Rules,
    options: &ValidateOptions,
) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let in_memory = sources::as_arrow(tables);
    let run = Run { rules, options };
    run.counts(&sources::memory(&in_memory, shape), &in_memory, "memory")?;
    let as_arrays = sources::as_arrays(tables);
    let parquet = sources::parquet(&as_arrays, shape, &folder.path().join("parquet"));
    run.counts(&parquet, &as_arrays, "Parquet")?;
    let ipc = sources::ipc(&as_arrays, shape, &folder.path().join("ipc"));
    run.counts(&ipc, &as_arrays, "Arrow IPC")?;
    let as_json = sources::as_json(tables);
    if let Some(json) = sources::json(&as_json, shape, &folder.path().join("json")) {
        run.counts(&json, &as_json, "JSON Lines")?;
    }
    let as_text = sources::as_text(tables);
    let csv = sources::csv(&as_text, shape, &folder.path().join("csv"));
    run.counts(&csv, &as_text, "CSV")?;
    let in_sqlite = sources::as_sqlite(tables);
    let databases = Databases::new(&in_sqlite, shape, &folder.path().join("tables.db"));
    run.counts(&databases.by_pages, &in_sqlite, "SQLite by pages")?;
    run.counts(&databases.by_statements, &in_sqlite, "SQLite by statements")?;
    run.counts_in_sql(&databases.by_pages, &in_sqlite, "SQLite").map(drop)
}

/// Rules, and how they are run.
pub(crate) struct Run<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) options: &'a ValidateOptions,
}

const ENOUGH: u64 = 1 << 30;

/// Threads, bits of the hash that differ, and bytes of memory: without any, all keys go to files.
const RUNS: [(usize, u32, u64); 7] = [
    (1, 64, ENOUGH),
    (2, 64, ENOUGH),
    (7, 64, ENOUGH),
    (1, 4, ENOUGH),
    (7, 4, ENOUGH),
    (1, 64, 0),
    (7, 4, 0),
];

impl Run<'_> {
    /// Whether `source`, which holds `tables`, is judged as the naive evaluator judges it.
    fn counts(
        &self,
        source: &dyn Source,
        tables: &[Table],
        name: &str,
    ) -> Result<(), TestCaseError> {
        let rule_set = rules(&self.rules.text());
        let expected = self.rules.outcomes(tables);
        for (number, hash_bits, memory_bytes_max) in RUNS {
            let threads = threads(number).threads;
            let options =
                ValidateOptions { threads, hash_bits, memory_bytes_max, ..self.options.clone() };
            let context =
                format!("{name}, {number} threads, {hash_bits} bits, {memory_bytes_max} bytes");
            match wait(validate(source, &rule_set, &options)) {
                Ok(report) => self.is_right(&report, &expected, tables, &context)?,
                Err(error) => return Err(TestCaseError::fail(format!("{context}: {error}"))),
            }
        }
        Ok(())
    }

    /// Whether the database of `source` answers as the naive evaluator does; gives how many checks it was
    /// asked itself.
    fn counts_in_sql(
        &self,
        source: &dyn Source,
        tables: &[Table],
        name: &str,
    ) -> Result<usize, TestCaseError> {
        let rule_set = rules(&self.rules.text());
        let expected = self.rules.outcomes(tables);
        let options = ValidateOptions { engine: Engine::Sql, ..self.options.clone() };
        let context = format!("SQL on {name}");
        let report = match wait(validate(source, &rule_set, &options)) {
            Ok(report) => report,
            Err(error) => return Err(TestCaseError::fail(format!("{context}: {error}"))),
        };
        for check in report.checks() {
            let reason = check.streamed.as_deref().unwrap_or_default();
            prop_assert!(!reason.contains("refuses"), "{}: {:?}", context, check);
        }
        self.is_right(&report, &expected, tables, &context)?;
        Ok(report.checks().filter(|it| it.engine == Some(Engine::Sql)).count())
    }

    pub(crate) fn is_right(
        &self,
        report: &Report,
        expected: &[Outcome],
        tables: &[Table],
        context: &str,
    ) -> Result<(), TestCaseError> {
        let checks = self.rules.checks();
        prop_assert_eq!(report.checks().count(), checks.len(), "{}", context);
        for ((report, expected), (rule, check)) in report.checks().zip(expected).zip(checks) {
            let table = tables.iter().find(|it| it.name == rule.table).unwrap();
            let found = (report.evaluated, report.violations, report.groups);
            let right = (expected.evaluated, expected.violations, expected.groups);
            prop_assert_eq!(found, right, "{}: {:?} {:?}", context, check, expected.rows);
            let measured = report.measured.as_ref().and_then(|it| it.value.clone());
            prop_assert_eq!(&measured, &expected.measured, "{}: {:?}", context, check);
            prop_assert_eq!(&report.error, &None, "{}: {:?}", context, check);
            let shown = shown(report);
            let sample = self.sample(table, &check.columns(), &expected.rows);
            prop_assert_eq!(&shown, &sample, "{}: {:?}", context, check);
            let shows_all = expected.rows.len() == shown.len();
            prop_assert_eq!(report.truncated, !shows_all, "{}: {:?}", context, check);
        }
        Ok(())
    }

    /// The rows that a report shows: those with the lowest keys.
    fn sample(&self, table: &Table, columns: &[&'static str], rows: &[usize]) -> Vec<Value> {
        let mut rows = rows.to_vec();
        rows.sort_by(|a, b| compare_keys(table, *a, *b));
        rows.truncate(self.options.sample_limit);
        let row = |row: &usize| {
            let mut shown = json!({ "key": key(table, *row) });
            if self.options.show_values && !columns.is_empty() {
                shown["values"] = Value::Object(named(table, *row, columns));
            }
            shown
        };
        rows.iter().map(row).collect()
    }
}

fn shown(report: &CheckReport) -> Vec<Value> {
    report.sample.iter().map(|it| serde_json::to_value(it).unwrap()).collect()
}

fn key(table: &Table, row: usize) -> Map<String, Value> {
    if table.key.is_empty() {
        return Map::from_iter([("row".to_owned(), json!(row + 1))]);
    }
    named(table, row, &table.key)
}

fn named(table: &Table, row: usize, columns: &[&'static str]) -> Map<String, Value> {
    let value = |it: &&'static str| ((*it).to_owned(), json_of(table.cell(row, it)));
    columns.iter().map(value).collect()
}

fn json_of(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Boolean(it) => json!(it),
        Cell::Integer(it) => json!(it),
        Cell::Float(it) if it.is_finite() => json!(it),
        Cell::Bytes(it) => {
            json!(it.iter().fold("0x".to_owned(), |text, byte| text + &format!("{byte:02x}")))
        }
        other => json!(other.text()),
    }
}

fn compare_keys(table: &Table, a: usize, b: usize) -> std::cmp::Ordering {
    let order = |column: &&'static str| match (table.cell(a, column), table.cell(b, column)) {
        (Cell::Integer(a), Cell::Integer(b)) => a.cmp(b),
        (Cell::Text(a), Cell::Text(b)) => a.chars().cmp(b.chars()),
        other => panic!("no key holds {other:?}"),
    };
    let orders = table.key.iter().map(order);
    orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(a.cmp(&b))
}
