//! Writes the rows: the three tables as a SQLite database, the providers as CSV.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use rusqlite::types::Value;
use rusqlite::{Connection, Transaction, params_from_iter};

use crate::data::rows::{affiliation, facility, provider};
use crate::data::schema::{INDEXES, PROVIDER_COLUMNS, SCHEMA};

pub(crate) fn write_database(path: &Path, providers: u64) -> Result<()> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    connection.execute_batch("PRAGMA cache_size = -262144;")?;
    connection.execute_batch(SCHEMA)?;
    let facilities = providers / 20;
    let transaction = connection.transaction()?;
    insert(&transaction, "healthcare_facilities", (0..facilities).map(facility))?;
    insert(&transaction, "healthcare_providers", (0..providers).map(provider))?;
    let affiliations = providers + providers / 2;
    let rows = (0..affiliations).map(|it| affiliation(it, providers, facilities));
    insert(&transaction, "provider_facility_affiliations", rows)?;
    transaction.commit()?;
    connection.execute_batch(INDEXES)?;
    connection.close().map_err(|(_, error)| error.into())
}

fn insert<const N: usize>(
    transaction: &Transaction<'_>,
    table: &str,
    rows: impl Iterator<Item = [Value; N]>,
) -> Result<()> {
    let places = vec!["?"; N].join(", ");
    let mut statement = transaction.prepare(&format!("INSERT INTO {table} VALUES ({places})"))?;
    for row in rows {
        statement.execute(params_from_iter(row))?;
    }
    Ok(())
}

pub(crate) fn write_csv(path: &Path, providers: u64) -> Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, fs::File::create(path)?);
    writeln!(file, "{}", PROVIDER_COLUMNS.join(","))?;
    for index in 0..providers {
        for (position, value) in provider(index).iter().enumerate() {
            if position > 0 {
                file.write_all(b",")?;
            }
            match value {
                Value::Null | Value::Blob(_) => {}
                Value::Integer(number) => write!(file, "{number}")?,
                Value::Real(number) => write!(file, "{number:.2}")?,
                Value::Text(text) if text.trim().is_empty() => write!(file, "\"{text}\"")?,
                Value::Text(text) => file.write_all(text.as_bytes())?,
            }
        }
        file.write_all(b"\n")?;
    }
    Ok(file.flush()?)
}
