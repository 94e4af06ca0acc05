//! A process that writes to a database while another reads it.
//!
//! The process is this test binary again. It commits as often as it is told on standard input, and
//! tells on standard error how many commits there have been.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};

use rusqlite::{Connection, params};

use crate::run::Counts;

/// Tells the process which database to write to.
const DATABASE: &str = "DQ_TEST_WRITER_DATABASE";

/// How many rows each of the two great tables has in the beginning.
const ROWS: u32 = 30_000;

/// How many commits there may be.
const COMMITS_MAX: u32 = 5000;

/// What must hold of the database; each commit changes every count.
pub(crate) const RULES: &str = r"
version: 1
rules:
  - id: left
    table: left_rows
    checks:
      - { id: rows, row_count: { min: 0 } }
      - { id: note, column: note, not_null: true }
  - id: right
    table: right_rows
    checks:
      - { id: rows, row_count: { min: 0 } }
      - { id: note, column: note, not_null: true }
      - { id: code, unique: [code] }
      - { id: owner, references: { columns: [owner], table: left_rows, key: [id] } }
  - id: commits
    table: commits
    checks:
      - { id: query, sql: 'SELECT 1 FROM commits' }
      - { id: rows, row_count: { min: 0 } }
";

/// The counts after so many commits.
pub(crate) fn counts_after(commits: u64) -> Vec<Counts> {
    let (left, right) = (u64::from(ROWS) - commits, u64::from(ROWS) + commits);
    vec![
        (left, 0, None),
        (left, commits, None),
        (right, 0, None),
        (right, u64::from(COMMITS_MAX) - commits, None),
        (right, 2 * commits, Some(commits)),
        (right, commits, Some(commits)),
        (commits, commits, None),
        (commits, 0, None),
    ]
}

/// The row whose note a commit takes from the left and gives to the right.
fn noted(commit: u32) -> u32 {
    commit * 7919 % ROWS
}

/// The row that a commit deletes on the left.
fn deleted(commit: u32) -> u32 {
    noted(COMMITS_MAX + commit)
}

/// Makes the database at `path`.
pub(crate) fn create(path: &Path, journal_mode: &str) {
    let mut connection = Connection::open(path).unwrap();
    let schema = format!(
        "PRAGMA page_size = 1024;
         PRAGMA journal_mode = {journal_mode};
         CREATE TABLE left_rows (id INTEGER PRIMARY KEY, note TEXT);
         CREATE TABLE right_rows (id INTEGER PRIMARY KEY, note TEXT, code TEXT, owner INTEGER);
         CREATE TABLE commits (number INTEGER PRIMARY KEY);"
    );
    connection.execute_batch(&schema).unwrap();
    let transaction = connection.transaction().unwrap();
    let note = "a note that makes rows as long as rows are";
    let mut left = transaction.prepare("INSERT INTO left_rows VALUES (?1, ?2)").unwrap();
    let mut right = transaction.prepare("INSERT INTO right_rows VALUES (?1, ?2, ?3, ?4)").unwrap();
    for id in 0..ROWS {
        left.execute(params![id, note]).unwrap();
        right.execute(params![id, note, format!("code {id}"), noted(1)]).unwrap();
    }
    drop((left, right));
    let mut no_note =
        transaction.prepare("UPDATE right_rows SET note = NULL WHERE id = ?1").unwrap();
    for commit in 1..=COMMITS_MAX {
        no_note.execute([noted(commit)]).unwrap();
    }
    drop(no_note);
    transaction.commit().unwrap();
}

/// Makes the commit of this number.
pub(crate) fn commit(connection: &mut Connection, number: u32) -> rusqlite::Result<()> {
    assert!((1..=COMMITS_MAX).contains(&number), "too many commits");
    let (noted, deleted, inserted) = (noted(number), deleted(number), ROWS + number);
    let transaction = connection.transaction()?;
    transaction.execute("UPDATE left_rows SET note = NULL WHERE id = ?1", [noted])?;
    transaction.execute("UPDATE right_rows SET note = 'noted' WHERE id = ?1", [noted])?;
    transaction.execute("DELETE FROM left_rows WHERE id = ?1", [deleted])?;
    let orphan = params![inserted, format!("code {noted}"), deleted];
    transaction.execute("INSERT INTO right_rows VALUES (?1, 'moved', ?2, ?3)", orphan)?;
    transaction.execute("INSERT INTO commits VALUES (?1)", [number])?;
    transaction.commit()
}

/// What the process does; nothing in the process of the tests.
#[test]
fn writes_where_it_is_told_to() {
    let Some(path) = std::env::var_os(DATABASE) else { return };
    let mut connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    let mut commits = 0;
    for line in std::io::stdin().lines() {
        for _ in 0..line.unwrap().parse::<u64>().unwrap() {
            commits += 1;
            commit(&mut connection, commits).unwrap();
            if commits % 10 == 0 {
                connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
            }
        }
        eprintln!("{commits}");
    }
}

/// The process, as its parent sees it.
pub(crate) struct Writer {
    process: Child,
    orders: ChildStdin,
    told: BufReader<ChildStderr>,
    /// How many commits there have been.
    pub(crate) commits: u64,
}

impl Writer {
    /// Starts a process that writes to the database at `path`.
    pub(crate) fn start(path: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "moment::writer::writes_where_it_is_told_to", "--nocapture"]);
        command.env(DATABASE, path).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let orders = process.stdin.take().unwrap();
        let told = BufReader::new(process.stderr.take().unwrap());
        Self { process, orders, told, commits: 0 }
    }

    /// Lets it commit, and waits until it has.
    pub(crate) fn commit(&mut self, more: u64) {
        writeln!(self.orders, "{more}").unwrap();
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        self.commits += more;
        assert_eq!(line.trim_end(), self.commits.to_string());
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
