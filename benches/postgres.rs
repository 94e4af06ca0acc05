//! dq and its rivals on PostgreSQL: a server of this program's own, filled from the SQLite database.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

use crate::data::{AFFILIATION_COLUMNS, FACILITY_COLUMNS, PROVIDER_COLUMNS};
use crate::servers::postgres::PostgresServer;

/// One query per check.
pub(crate) const ONE_PER_CHECK: &str = include_str!("rival_postgres.sql");

/// All checks of rows of a table in one query.
const FUSED: &str = include_str!("fused_postgres.sql");

/// Room for the tables, for sorting and for hashing.
const SETTINGS: &str = "shared_buffers = '1GB'\nwork_mem = '256MB'\nmaintenance_work_mem = '512MB'\nmax_wal_size = '8GB'\n";

const SCHEMA: &str = "
CREATE TABLE healthcare_providers (
    provider_id VARCHAR(50), npi_number VARCHAR(10), full_name VARCHAR(200) NOT NULL, first_name VARCHAR(100),
    last_name VARCHAR(100) NOT NULL, degree VARCHAR(50), specialty_primary VARCHAR(100), email VARCHAR(100),
    phone_number VARCHAR(20), license_number VARCHAR(50), license_state VARCHAR(2), license_expiry_date DATE,
    years_in_practice INTEGER, gender VARCHAR(10), birth_year INTEGER, graduation_year INTEGER,
    data_source VARCHAR(50) NOT NULL, source_confidence DECIMAL(3,2), record_status VARCHAR(20), updated_at VARCHAR(30));
CREATE TABLE healthcare_facilities (
    facility_id VARCHAR(50), facility_name VARCHAR(300) NOT NULL, facility_type VARCHAR(50),
    address_line1 VARCHAR(200), city VARCHAR(100), state_province VARCHAR(100), postal_code VARCHAR(20),
    phone VARCHAR(50), bed_count INTEGER, updated_at VARCHAR(30));
CREATE TABLE provider_facility_affiliations (
    affiliation_id INTEGER, provider_id VARCHAR(50) NOT NULL, facility_id VARCHAR(50) NOT NULL,
    start_date DATE NOT NULL, end_date DATE, position_title VARCHAR(100), is_primary_affiliation INTEGER,
    employment_type VARCHAR(50));";

const INDEXES: &str = "
ALTER TABLE healthcare_providers ADD PRIMARY KEY (provider_id);
ALTER TABLE healthcare_facilities ADD PRIMARY KEY (facility_id);
ALTER TABLE provider_facility_affiliations ADD PRIMARY KEY (affiliation_id);
CREATE INDEX ON provider_facility_affiliations (provider_id);
CREATE INDEX ON provider_facility_affiliations (facility_id);
CREATE INDEX ON healthcare_providers (updated_at);";

/// How long a process may take to end.
const SETTLE: Duration = Duration::from_millis(50);

/// A server with the tables.
#[derive(Debug)]
pub(crate) struct Postgres {
    server: PostgresServer,
    psql: PathBuf,
}

impl Postgres {
    /// Starts a server, and copies the tables of the SQLite database at `path` into it.
    pub(crate) fn fill(path: &Path) -> Result<Self> {
        let server =
            PostgresServer::start_with(SETTINGS, None).context("PostgreSQL is left out")?;
        let psql = server.program("psql");
        let filled = Self { server, psql };
        filled.server.run("postgres", SCHEMA);
        let sqlite = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        filled.copy(&sqlite, "healthcare_providers", &PROVIDER_COLUMNS)?;
        filled.copy(&sqlite, "healthcare_facilities", &FACILITY_COLUMNS)?;
        filled.copy(&sqlite, "provider_facility_affiliations", &AFFILIATION_COLUMNS)?;
        filled.server.run("postgres", INDEXES);
        filled.server.run("postgres", "VACUUM ANALYZE");
        filled.server.run("postgres", "CHECKPOINT");
        Ok(filled)
    }

    /// The URL of the database.
    pub(crate) fn url(&self) -> String {
        self.server.url("postgres")
    }

    /// What the server and all processes that it has started have taken of the processors until now.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        // A process that ends while others are looked at may be missed, once.
        let mut before = self.cpu_at_once()?;
        loop {
            thread::sleep(SETTLE);
            let now = self.cpu_at_once()?;
            if now == before {
                return Ok(now);
            }
            before = now;
        }
    }

    fn cpu_at_once(&self) -> Result<Duration> {
        let main = self.server.pid();
        let mut ticks = 0;
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            // A process may end meanwhile: then it is counted as one that its parent has seen end.
            let Some(pid) = name.to_str().and_then(|it| it.parse::<u32>().ok()) else { continue };
            let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
            // What stands before may hold anything.
            let Some((_, fields)) = stat.rsplit_once(')') else { continue };
            let fields: Vec<_> = fields.split_whitespace().collect();
            let number = |at: usize| fields.get(at).and_then(|it| it.parse::<u64>().ok());
            if pid == main || number(1) == Some(u64::from(main)) {
                ticks += (11..15).filter_map(number).sum::<u64>();
            }
        }
        // The kernel counts in hundredths of a second.
        Ok(Duration::from_millis(ticks * 10))
    }

    /// The command that runs one query per check.
    pub(crate) fn one_per_check(&self) -> Result<Command> {
        self.script(blocks(ONE_PER_CHECK).collect())
    }

    /// The command that runs the checks of rows fused.
    pub(crate) fn fused(&self) -> Result<Command> {
        let mut all: Vec<_> = blocks(FUSED).collect();
        let fused: BTreeSet<_> = all.iter().flat_map(|it| it.0.split(',')).collect();
        all.extend(blocks(ONE_PER_CHECK).filter(|it| !fused.contains(it.0)));
        self.script(all)
    }

    fn script(&self, blocks: Vec<(&str, &str)>) -> Result<Command> {
        let mut command = Command::new(&self.psql);
        command.args(["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", &self.url()]);
        for (checks, query) in blocks {
            ensure!(!checks.contains('\''), "`{checks}` is no name");
            command.args(["-c", &format!("\\echo -n '{checks} '"), "-c", query]);
        }
        Ok(command)
    }

    fn copy(&self, sqlite: &Connection, table: &str, columns: &[&str]) -> Result<()> {
        let copy = format!("COPY {table} FROM STDIN (FORMAT csv)");
        let mut psql = Command::new(&self.psql);
        psql.args(["-X", "-q", "-d", &self.url(), "-c", &copy]).stdin(Stdio::piped());
        let mut psql = psql.spawn().context("cannot start psql")?;
        let mut input = BufWriter::new(psql.stdin.take().context("psql takes no rows")?);
        let mut rows = sqlite.prepare(&format!("SELECT {} FROM {table}", columns.join(", ")))?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            put_row(&mut input, row).with_context(|| format!("a row of `{table}`"))?;
        }
        input.into_inner()?.flush()?;
        ensure!(psql.wait()?.success(), "cannot fill `{table}`");
        Ok(())
    }
}

/// Writes a row as a line of CSV.
fn put_row(output: &mut impl Write, row: &Row<'_>) -> Result<()> {
    for column in 0..row.as_ref().column_count() {
        if column > 0 {
            output.write_all(b",")?;
        }
        put(output, row.get_ref(column)?)?;
    }
    Ok(output.write_all(b"\n")?)
}

/// Writes a value as a field of CSV.
fn put(output: &mut impl Write, value: ValueRef<'_>) -> Result<()> {
    match value {
        ValueRef::Null => {}
        ValueRef::Integer(it) => write!(output, "{it}")?,
        ValueRef::Real(it) => write!(output, "{it}")?,
        ValueRef::Text(it) => {
            write!(output, "\"{}\"", std::str::from_utf8(it)?.replace('"', "\"\""))?;
        }
        ValueRef::Blob(_) => anyhow::bail!("bytes are no text"),
    }
    Ok(())
}

/// The violations by check that a run has printed.
pub(crate) fn counts(output: &str) -> Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for line in output.lines() {
        let (checks, values) = line.split_once(' ').context("a line without counts")?;
        for (check, value) in checks.split(',').zip(values.split('|')) {
            let value = value.parse().with_context(|| format!("psql said `{line}`"))?;
            counts.insert(check.to_owned(), value);
        }
    }
    Ok(counts)
}

/// The checks before each query, and the query.
fn blocks(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.split("\n-- ").skip(1).filter_map(|it| it.split_once('\n'))
}
