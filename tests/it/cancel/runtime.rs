//! Runtimes of every kind, and as few threads as there can be.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use dq_core::Result;
use dq_core::database::sqlite::{ScanMethod, SqliteConfig, SqliteSource};
use dq_core::source::Source;
use dq_core::source::csv::{CsvOptions, CsvSource};
use dq_core::source::memory::MemorySource;
use dq_core::validate::{Report, ValidateOptions, validate};
use rusqlite::Connection;

use crate::cancel::{CHECKS, SOON};
use crate::run::{counts, rules_of, threads};

/// Tables of 20,000 rows of every kind in `folder`.
fn sources(folder: &Path) -> Vec<Arc<dyn Source>> {
    let numbers = Arc::new(Int64Array::from_iter_values(0..20_000)) as ArrayRef;
    let batch = RecordBatch::try_from_iter([("a", numbers)]).unwrap();
    let batches: Vec<_> = (0..20).map(|it| batch.slice(it * 1000, 1000)).collect();
    let memory = MemorySource::new("memory").table("data", batches).unwrap();

    let rows: Vec<_> = (0..20_000).map(|it| it.to_string()).collect();
    std::fs::write(folder.join("data.csv"), format!("a\n{}\n", rows.join("\n"))).unwrap();
    let options = CsvOptions { block_bytes: 1000, ..CsvOptions::default() };
    let csv = CsvSource::open(folder.join("data.csv").to_str().unwrap(), options).unwrap();

    let path = folder.join("data.db");
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19999)";
    let connection = Connection::open(&path).unwrap();
    let schema = format!(
        "CREATE TABLE rows (a INTEGER); INSERT INTO rows {numbers} SELECT i FROM n;
         CREATE TABLE data (a INTEGER PRIMARY KEY) WITHOUT ROWID;
         INSERT INTO data SELECT a FROM rows;"
    );
    connection.execute_batch(&schema).unwrap();
    let config = SqliteConfig { scan_method: ScanMethod::Statements, ..SqliteConfig::new(&path) };
    let without_rowid = SqliteSource::new(config).unwrap();

    let path = folder.join("pages.db");
    let connection = Connection::open(&path).unwrap();
    let schema =
        format!("CREATE TABLE data (a INTEGER); INSERT INTO data {numbers} SELECT i FROM n;");
    connection.execute_batch(&schema).unwrap();
    let by = |scan_method| {
        SqliteSource::new(SqliteConfig { scan_method, ..SqliteConfig::new(&path) }).unwrap()
    };
    let (pages, statements) = (by(ScanMethod::Pages), by(ScanMethod::Statements));
    vec![
        Arc::new(memory),
        Arc::new(csv),
        Arc::new(pages),
        Arc::new(statements),
        Arc::new(without_rowid),
    ]
}

/// Runs on a runtime; fails if that takes too long.
fn run_on(
    runtime: impl Fn() -> tokio::runtime::Runtime + Send + 'static,
    source: &Arc<dyn Source>,
    options: ValidateOptions,
) -> Result<Report> {
    let (name, source) = (format!("{source:?}"), Arc::clone(source));
    let (done, is_done) = channel();
    std::thread::spawn(move || {
        let rules = rules_of("data", &CHECKS);
        let report = runtime().block_on(validate(&*source, &rules, &options));
        // The test may have given up.
        drop(done.send(report));
    });
    is_done.recv_timeout(SOON).unwrap_or_else(|_| panic!("the run on {name} does not end"))
}

#[test]
fn one_thread_that_may_block_is_enough_for_any_number_of_partitions() {
    let folder = tempfile::tempdir().unwrap();
    let expected = [(20_000, 0, None), (20_000, 0, Some(0)), (20_000, 3, None)];
    for source in sources(folder.path()) {
        for number in [1, 2, 7, 64] {
            let current = || {
                let mut runtime = tokio::runtime::Builder::new_current_thread();
                runtime.max_blocking_threads(1).build().unwrap()
            };
            let report = run_on(current, &source, threads(number)).unwrap();
            assert_eq!(counts(&report), expected, "{source:?}, {number} threads");
            let several = || {
                let mut runtime = tokio::runtime::Builder::new_multi_thread();
                runtime.worker_threads(2).max_blocking_threads(1).build().unwrap()
            };
            let report = run_on(several, &source, threads(number)).unwrap();
            assert_eq!(counts(&report), expected, "{source:?}, {number} threads");
        }
    }
}

#[test]
fn a_run_can_be_spawned() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let runs = sources(folder.path()).into_iter().map(|source| {
        runtime.spawn(async move {
            let rules = rules_of("data", &CHECKS);
            validate(&*source, &rules, &threads(2)).await.map(|it| counts(&it))
        })
    });
    let runs: Vec<_> = runs.collect();
    for run in runs {
        assert_eq!(runtime.block_on(run).unwrap().unwrap().len(), CHECKS.len());
    }
}

#[test]
fn more_threads_than_batches_and_an_empty_table_are_fine() {
    let batch = |rows: i64| {
        let numbers = Arc::new(Int64Array::from_iter_values(0..rows)) as ArrayRef;
        RecordBatch::try_from_iter([("a", numbers)]).unwrap()
    };
    for rows in [0, 1, 5] {
        let source = MemorySource::new("memory").table("data", vec![batch(rows)]).unwrap();
        let rules = rules_of("data", &CHECKS);
        let report = crate::run::wait(validate(&source, &rules, &threads(7))).unwrap();
        let evaluated = rows as u64;
        let low = evaluated.min(3);
        let expected = [(evaluated, 0, None), (evaluated, 0, Some(0)), (evaluated, low, None)];
        assert_eq!(counts(&report), expected);
    }
}
