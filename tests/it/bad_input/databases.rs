//! SQLite databases that cannot be read, or not all of them.

use std::fs;
use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::database::sqlite::{ScanMethod, SqliteConfig, SqliteSource};
use dq_core::engine::{OpenOptions, open_all};
use dq_core::validate::CheckReport;
use rusqlite::Connection;

use crate::bad_input::{Folder, not_null};
use crate::run::{counts, rules, rules_of, run};

/// Makes `data.db`, whose table `data` has so many rows.
pub(crate) fn database(folder: &Folder, rows: u32) {
    let connection = Connection::open(folder.path("data.db")).unwrap();
    let sql = format!(
        "PRAGMA page_size = 1024;
         CREATE TABLE data (id INTEGER PRIMARY KEY, a TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO data SELECT i, 'text number ' || i FROM n;"
    );
    connection.execute_batch(&sql).unwrap();
}

#[test]
fn a_view_that_cannot_be_read_is_not_just_missing() {
    let folder = Folder::new();
    database(&folder, 3);
    let connection = Connection::open(folder.path("data.db")).unwrap();
    connection.execute_batch("CREATE VIEW broken AS SELECT gone FROM data;").unwrap();
    let rules = rules_of("broken", &["row_count: { min: 1 } }"]);
    let (kind, message) = folder.told(folder.run("data.db", &OpenOptions::default(), &rules));
    assert_eq!(kind, ErrorKind::RulesInvalid);
    let note = "note: cannot read the view `broken`: no such column: gone";
    assert!(message.contains("the source has no table `broken`"), "{message}");
    assert!(message.lines().any(|it| it.starts_with(note)), "{message}");
}

#[test]
fn what_is_no_database() {
    let folder = Folder::with("id,a\n1,2\n".repeat(1000));
    let message = "cannot open `sqlite:DIR/data.csv`: file is not a database".to_owned();
    let told = folder.told(folder.open("sqlite:data.csv", &OpenOptions::default()));
    assert_eq!(told, (ErrorKind::SourceInvalid, message));
    let message = "cannot open `sqlite:DIR/.`: it is not a file".to_owned();
    let told = folder.told(folder.open("sqlite:.", &OpenOptions::default()));
    assert_eq!(told, (ErrorKind::SourceInvalid, message));
}

#[test]
fn a_database_that_someone_has_locked() {
    let folder = Folder::new();
    database(&folder, 10);
    let source = |folder: &Folder| {
        let config =
            SqliteConfig { busy_timeout_ms: 1, ..SqliteConfig::new(folder.path("data.db")) };
        SqliteSource::new(config)
    };
    let opened = source(&folder).unwrap();
    let other = Connection::open(folder.path("data.db")).unwrap();
    other.busy_timeout(Duration::ZERO).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let message = "cannot open `sqlite:DIR/data.db`: database is locked".to_owned();
    assert_eq!(folder.told(source(&folder)), (ErrorKind::Busy, message.clone()));
    assert_eq!(folder.told(run(&opened, &not_null())), (ErrorKind::Busy, message));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(counts(&run(&opened, &not_null()).unwrap()), [(10, 0, None)]);
}

/// What each way to scan says of `data.db`; no way may count what is not there.
fn told_of_damage(folder: &Folder) -> Vec<(ErrorKind, String)> {
    let mut told = Vec::new();
    for scan_method in [ScanMethod::Pages, ScanMethod::Statements, ScanMethod::Auto] {
        let config = SqliteConfig { scan_method, ..SqliteConfig::new(folder.path("data.db")) };
        let result = SqliteSource::new(config).and_then(|it| run(&it, &not_null()));
        told.push(folder.told(result));
    }
    told
}

#[test]
fn a_database_that_is_cut_off() {
    let folder = Folder::new();
    database(&folder, 2000);
    let whole = fs::read(folder.path("data.db")).unwrap();
    for kept in [100, 1024, 1500, whole.len() / 2, whole.len() - 1024, whole.len() - 1] {
        folder.write("data.db", &whole[..kept]);
        for (kind, message) in told_of_damage(&folder) {
            assert_eq!(
                kind,
                ErrorKind::SourceInvalid,
                "{kept} bytes of {}: {message}",
                whole.len()
            );
        }
    }
}

#[test]
fn a_database_whose_pages_are_garbage() {
    let folder = Folder::new();
    database(&folder, 2000);
    let whole = fs::read(folder.path("data.db")).unwrap();
    let pages = whole.len() / 1024;
    for page in [1, 2, pages / 2, pages - 1] {
        let mut damaged = whole.clone();
        damaged[page * 1024..(page + 1) * 1024].fill(0xA5);
        folder.write("data.db", damaged);
        for (kind, message) in told_of_damage(&folder) {
            assert_eq!(kind, ErrorKind::SourceInvalid, "page {page} of {pages}: {message}");
        }
    }
}

/// Checks of the table `data`, which is damaged, of `other`, which is not, and of one against the other.
const OF_TWO: &str = "
version: 1
rules:
  - id: data
    table: data
    checks:
      - { id: a, column: a, not_null: true }
      - { id: rows, row_count: { min: 1 } }
  - id: other
    table: other
    checks:
      - { id: b, column: b, not_null: true }
      - { id: ids, unique: [id] }
      - { id: in_data, references: { columns: [id], table: data, key: [id] } }
      - { id: rows_of_data, table: data, row_count: { min: 1 } }
";

/// What is said of a check: its violations, or its error.
fn told_of(check: &CheckReport) -> String {
    match &check.error {
        Some(error) => error.clone(),
        None => check.violations.to_string(),
    }
}

#[test]
fn a_damaged_table_is_an_error_of_the_checks_that_need_it_and_of_no_other() {
    let folder = Folder::new();
    database(&folder, 2000);
    let connection = Connection::open(folder.path("data.db")).unwrap();
    let other = "CREATE TABLE other (id INTEGER PRIMARY KEY, b TEXT); INSERT INTO other VALUES (1, NULL), (2, 'x');";
    connection.execute_batch(other).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'data'";
    let root: u32 = connection.query_row(root, [], |row| row.get(0)).unwrap();
    drop(connection);
    let mut bytes = fs::read(folder.path("data.db")).unwrap();
    bytes[(root as usize - 1) * 1024] = 7;
    folder.write("data.db", bytes);
    folder.write("data.csv", "id,a\n1,2\n1,2,3\n");
    folder.write("other.csv", "id,b\n1,\n2,x\n");
    let path = |name: &str| folder.path(name).display().to_string();
    let files = vec![path("data.csv"), format!("other={}", path("other.csv"))];
    for (sources, reason) in
        [(vec![path("data.db")], "cannot read the table `data` of"), (files, "line 3: 3 cells")]
    {
        let source = open_all(&sources, &OpenOptions::default()).unwrap();
        let report = run(&*source, &rules(OF_TWO)).unwrap();
        assert!(report.has_errors());
        for check in report.checks() {
            let told = told_of(check);
            match &*check.id {
                "b" => assert_eq!(told, "1"),
                "ids" => assert_eq!(told, "0"),
                _ => assert!(told.contains(reason), "{}: {told}", check.id),
            }
        }
    }
}
