//! The same tables in PostgreSQL, on a server that the test starts.

use std::sync::Arc;

use dq_core::Result;
use dq_core::clock::SystemClock;
use dq_core::database::postgres::{PostgresConfig, PostgresDatabaseManager, PostgresSource};
use proptest::prelude::*;

use crate::naive::{Cell, Kind, Table};
use crate::property::servers::{Dialect, fill};
use crate::property::sources::{as_arrow, changed};
use crate::property::{Run, cases, rules, tables};
use crate::run::{threads, wait};
use crate::servers::postgres::PostgresServer;

#[test]
fn postgresql_counts_what_the_naive_evaluator_counts() {
    let Some(server) = PostgresServer::start() else { return };
    let config = PostgresConfig { readers: 4, ..PostgresConfig::new(server.url("postgres")) };
    let random = (tables::rows(0..40), tables::rows(0..25));
    proptest!(cases(30), |(random in random, shape in tables::shape(), rules in rules::rules())| {
        let tables = as_postgres(&shape.tables(random.0, random.1));
        wait(put(&config, &tables)).unwrap();
        let source = PostgresSource::new(&config, Arc::new(SystemClock)).unwrap();
        let run = Run { rules: &rules, options: &threads(1) };
        run.counts(&source, &tables, "PostgreSQL")?;
        run.counts_in_sql(&source, &tables, "PostgreSQL")?;
    });
}

/// The tables as PostgreSQL can hold them: a column has one type, text has no NUL, and no day lies before the year
/// -4713.
pub(crate) fn as_postgres(tables: &[Table]) -> Vec<Table> {
    changed(&as_arrow(tables), |kind, cell| match (kind, cell) {
        (kind, Cell::Text(it)) if it.contains('\0') => (kind, Cell::Null),
        (kind, Cell::Day(it)) if !(-2_000_000..2_000_000_000).contains(&it) => (kind, Cell::Null),
        (kind, Cell::Moment(it))
            if !(-100_000_000_000_000_000..9_000_000_000_000_000_000).contains(&it) =>
        {
            (kind, Cell::Null)
        }
        other => other,
    })
}

const DIALECT: Dialect = Dialect {
    quote: "\"",
    declared: |kind, _| match kind {
        Kind::Boolean => "boolean",
        Kind::Integer => "bigint",
        Kind::Float => "double precision",
        Kind::Day => "date",
        Kind::Moment => "timestamp",
        Kind::Text | Kind::Any => "text",
    },
};

/// Replaces what the database holds by the tables.
pub(crate) async fn put(config: &PostgresConfig, tables: &[Table]) -> Result<()> {
    let database = PostgresDatabaseManager::open(config.clone(), Arc::new(SystemClock)).await?;
    fill(&database, DIALECT, tables).await
}
