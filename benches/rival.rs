//! The rival: every check as one SQL query in the same SQLite, in a process of its own.

use std::collections::BTreeMap;
use std::io::{Write, stdout};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use dq_core::clock::{Clock, SystemClock};
use rusqlite::{Connection, OpenFlags};

const QUERIES: &str = include_str!("rival.sql");

/// The command that runs the rival: this very program, with other arguments.
pub(crate) fn command(database: &Path) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("rival").arg(database);
    Ok(command)
}

/// Runs every query and prints the check, the number of its violations, and the seconds it took.
pub(crate) fn run(database: &Path) -> Result<()> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.execute_batch(
        "PRAGMA cache_size = -262144; PRAGMA mmap_size = 17179869184; PRAGMA temp_store = MEMORY;",
    )?;
    for (check, query) in queries() {
        let start = SystemClock.now();
        let violations: i64 = connection.query_row(query, [], |row| row.get(0)).context(check)?;
        let seconds = (SystemClock.now() - start).as_secs_f64();
        writeln!(stdout(), "{check} {violations} {seconds:.3}")?;
    }
    Ok(())
}

/// The violations that a run of the rival printed, by check.
pub(crate) fn counts(output: &str) -> Result<BTreeMap<String, u64>> {
    let count = |line: &str| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
    };
    output.lines().map(|it| count(it).with_context(|| format!("the rival said `{it}`"))).collect()
}

/// The check before each query, and the query.
fn queries() -> impl Iterator<Item = (&'static str, &'static str)> {
    QUERIES.split("\n-- ").skip(1).filter_map(|it| it.split_once('\n'))
}
