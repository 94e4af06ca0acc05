//! Scans beside a writer: whatever is read is of one moment.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use dq_core::ErrorKind;
use dq_core::database::sqlite::{ScanMethod, SqliteConfig, SqliteSource};
use dq_core::source::{Cancellation, Partition, Scan, Source};
use dq_core::value::Batch;
use rusqlite::Connection;

use crate::database::{Database, rows_of};

const ACCOUNTS: &str = "
    PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
    CREATE TABLE accounts (id INTEGER PRIMARY KEY, amount INTEGER, name TEXT);
    CREATE TABLE moves (id INTEGER PRIMARY KEY, amount INTEGER);
    CREATE VIEW both AS SELECT amount FROM accounts UNION ALL SELECT amount FROM moves;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
    INSERT INTO accounts SELECT i, 100, 'account ' || i FROM n;";

#[tokio::test]
async fn rows_that_are_changed_meanwhile_keep_their_values() {
    for method in [ScanMethod::Pages, ScanMethod::Statements] {
        let database = Database::new(ACCOUNTS);
        let expected = database.rows(ScanMethod::Statements, "accounts", 1).await.unwrap();
        let config = SqliteConfig { scan_method: method, ..SqliteConfig::new(database.path()) };
        let snapshot = SqliteSource::new(config).unwrap().snapshot().await.unwrap();
        let mut partitions = snapshot.scan(&scan("accounts", 2)).await.unwrap();
        let mut batches: Vec<Batch> = Vec::new();
        batches.extend(partitions[0].next().await.unwrap());
        // All of it is gone, and what is new lies where it was.
        database
            .connection
            .execute_batch(
                "DELETE FROM accounts; UPDATE accounts SET name = 'changed'; VACUUM;
                 INSERT INTO accounts VALUES (7, 7, 'new'), (50000, 1, 'new'); PRAGMA wal_checkpoint;",
            )
            .unwrap();
        for partition in &mut partitions {
            batches.extend(rest_of(&mut **partition).await);
        }
        assert_eq!(batches.iter().map(Batch::rows).sum::<usize>(), expected.len());
        assert!(rows_of(&*snapshot, "accounts", None, 1).await.unwrap() == expected);
        snapshot.finish().await.unwrap();
        assert_eq!(database.rows(method, "accounts", 1).await.unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_tables_and_partitions_are_of_one_moment_beside_a_busy_writer() {
    for method in [ScanMethod::Auto, ScanMethod::Statements] {
        let database = Database::new(ACCOUNTS);
        let writer = Writer::start(&database);
        for _ in 0..6 {
            let source = database.source(method);
            let snapshot = source.snapshot().await.unwrap();
            let before = writer.commits();
            // Each commit takes an amount from a low account, gives it to a high one, and notes it.
            let accounts = sum(&rows_of(&*snapshot, "accounts", Some(vec![1]), 3).await.unwrap());
            writer.wait_for(before + 3);
            let moves = rows_of(&*snapshot, "moves", Some(vec![1]), 3).await.unwrap();
            let both = sum(&rows_of(&*snapshot, "both", Some(vec![0]), 3).await.unwrap());
            snapshot.finish().await.unwrap();
            assert_eq!(accounts, 12_000 * 100);
            assert_eq!(both, accounts + sum(&moves));
            let names =
                rows_of(&*source.snapshot().await.unwrap(), "accounts", None, 2).await.unwrap();
            assert_eq!(names.len(), 12_000);
        }
    }
}

#[tokio::test]
async fn rows_that_are_only_in_the_log_are_read() {
    let database = Database::new(
        "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)",
    );
    assert_eq!(database.assert_same("t").await.len(), 2);
    assert!(database.source(ScanMethod::Auto).snapshot().await.unwrap().notes().is_empty());
}

#[tokio::test]
async fn without_a_log_writers_wait_and_are_told_so() {
    let database = Database::new("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)");
    database.connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    let snapshot = database.source(ScanMethod::Auto).snapshot().await.unwrap();
    assert!(
        snapshot.notes().iter().any(|it| it.contains("writers wait")),
        "{:?}",
        snapshot.notes()
    );
    assert!(database.connection.execute("DELETE FROM t", []).is_err());
    snapshot.finish().await.unwrap();
    drop(snapshot);
    database.connection.execute("DELETE FROM t", []).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_log_that_cannot_be_created_makes_the_database_immutable_and_says_so() {
    let database =
        Database::new("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    let (folder, path) = (&database.folder, database.path());
    database.connection.close().unwrap();
    // The names of the files beside it would be longer than the 255 bytes of a name.
    let long = folder.path().join("n".repeat(252));
    std::fs::rename(path, &long).unwrap();
    let snapshot = SqliteSource::new(SqliteConfig::new(&long)).unwrap().snapshot().await.unwrap();
    let notes = snapshot.notes();
    assert!(notes.iter().any(|it| it.contains("immutable")), "{notes:?}");
    assert!(!notes.iter().any(|it| it.contains("wait")), "{notes:?}");
    assert_eq!(rows_of(&*snapshot, "t", None, 1).await.unwrap().len(), 1);
    snapshot.finish().await.unwrap();
}

#[tokio::test]
async fn an_unfinished_transaction_has_to_be_recovered() {
    let database = Database::new("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    let spill = "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO t SELECT printf('%0100d', i) FROM n";
    database.run(spill);
    let path = database.folder.path().join("copy.db");
    let beside = |it: &str| database.folder.path().join(it);
    std::fs::copy(database.path(), &path).unwrap();
    std::fs::copy(beside("test.db-journal"), beside("copy.db-journal")).unwrap();
    let error = SqliteSource::new(SqliteConfig::new(&path)).unwrap_err();
    assert!(error.message().contains("has to be recovered"), "{error}");
    assert!(!format!("{error:?}").contains("mode=ro"), "{error:?}");
}

#[tokio::test]
async fn after_the_end_nothing_is_read() {
    let database =
        Database::new("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    let snapshot = database.source(ScanMethod::Auto).snapshot().await.unwrap();
    snapshot.finish().await.unwrap();
    let error = rows_of(&*snapshot, "t", None, 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceChanged);
}

#[tokio::test]
async fn a_dropped_snapshot_frees_the_writer() {
    let database = Database::new("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    database.connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    let snapshot = database.source(ScanMethod::Auto).snapshot().await.unwrap();
    let partitions = snapshot.scan(&scan("t", 2)).await.unwrap();
    drop(snapshot);
    drop(partitions);
    database.connection.execute("DELETE FROM t", []).unwrap();
}

#[tokio::test]
async fn a_cancelled_scan_stops() {
    let database = Database::new(&format!(
        "{ACCOUNTS} CREATE VIEW slow AS SELECT count(*) FROM accounts a, accounts b, accounts c WHERE a.name < b.name"
    ));
    for (method, table) in [
        (ScanMethod::Pages, "accounts"),
        (ScanMethod::Statements, "accounts"),
        (ScanMethod::Auto, "slow"),
    ] {
        let snapshot = database.source(method).snapshot().await.unwrap();
        let scan = scan(table, 1);
        let mut partitions = snapshot.scan(&scan).await.unwrap();
        scan.cancellation.cancel();
        let error = partitions[0].next().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{table}");
        snapshot.finish().await.unwrap();
    }
}

#[tokio::test]
async fn a_running_statement_is_interrupted_without_disturbing_others() {
    let database = Database::new(&format!(
        "{ACCOUNTS} CREATE VIEW slow AS SELECT count(*) FROM accounts a, accounts b, accounts c WHERE a.name < b.name"
    ));
    let snapshot = database.source(ScanMethod::Auto).snapshot().await.unwrap();
    let scan = scan("slow", 1);
    let mut partitions = snapshot.scan(&scan).await.unwrap();
    let cancellation = scan.cancellation.clone();
    let (result, ()) = tokio::join!(partitions[0].next(), async {
        // The statement has begun: its partition was asked first.
        assert_eq!(rows_of(&*snapshot, "accounts", None, 1).await.unwrap().len(), 12_000);
        cancellation.cancel();
    });
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(rows_of(&*snapshot, "accounts", None, 1).await.unwrap().len(), 12_000);
    snapshot.finish().await.unwrap();
}

#[tokio::test]
async fn more_scans_than_connections_are_possible() {
    let database = Database::new(ACCOUNTS);
    let config = SqliteConfig { scan_connections: 1, ..SqliteConfig::new(database.path()) };
    let snapshot = SqliteSource::new(config).unwrap().snapshot().await.unwrap();
    let mut first = snapshot.scan(&scan("both", 2)).await.unwrap();
    assert!(first[0].next().await.unwrap().is_some());
    // The only connection is taken, and the first scan waits for nobody.
    assert_eq!(rows_of(&*snapshot, "both", None, 2).await.unwrap().len(), 12_000);
    assert!(first[0].next().await.unwrap().is_some());
}

fn scan(table: &str, partitions: usize) -> Scan {
    Scan {
        table: table.to_owned(),
        columns: vec![0],
        partitions: NonZeroUsize::new(partitions).unwrap(),
        cancellation: Cancellation::new(),
    }
}

async fn rest_of(partition: &mut dyn Partition) -> Vec<Batch> {
    let mut batches = Vec::new();
    while let Some(batch) = partition.next().await.unwrap() {
        batches.push(batch);
    }
    batches
}

fn sum(rows: &[String]) -> i64 {
    rows.iter()
        .map(|it| it.trim_start_matches("Integer(").trim_end_matches(')').parse::<i64>().unwrap())
        .sum()
}

/// Commits moves from one account to another until it is dropped.
struct Writer {
    stop: Arc<AtomicBool>,
    commits: Arc<AtomicU32>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Writer {
    fn start(database: &Database) -> Self {
        let (stop, commits) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let connection = Connection::open(database.path()).unwrap();
        connection
            .execute_batch("PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 200")
            .unwrap();
        let (stopped, counter) = (Arc::clone(&stop), Arc::clone(&commits));
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let number = i64::from(counter.load(Ordering::Relaxed)) % 6_000;
                let (low, high) = (number + 1, 12_000 - number);
                let sql = format!(
                    "BEGIN IMMEDIATE; UPDATE accounts SET amount = amount - 1 WHERE id = {low};
                     UPDATE accounts SET amount = amount + 1 WHERE id = {high};
                     INSERT INTO moves (amount) VALUES (1); COMMIT"
                );
                connection.execute_batch(&sql).unwrap();
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { stop, commits, thread: Some(thread) }
    }

    fn commits(&self) -> u32 {
        self.commits.load(Ordering::Relaxed)
    }

    fn wait_for(&self, commits: u32) {
        while self.commits() < commits {
            thread::yield_now();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking());
        }
    }
}
