//! The same tables in MariaDB, on a server that the test starts.

use std::sync::Arc;

use dq_core::Result;
use dq_core::clock::SystemClock;
use dq_core::database::mysql::{MySqlConfig, MySqlDatabaseManager, MySqlSource};
use proptest::prelude::*;

use crate::naive::{Cell, Kind, Table};
use crate::property::servers::{Dialect, fill};
use crate::property::sources::{as_arrow, changed};
use crate::property::{Run, cases, rules, tables};
use crate::run::{threads, wait};
use crate::servers::mariadb::MariaDbServer;

/// Days from 1970-01-01 to the first and the last day of the calendar that MySQL has.
const DAYS: std::ops::RangeInclusive<i64> = -719_528..=2_932_896;

#[test]
fn mariadb_counts_what_the_naive_evaluator_counts() {
    let Some(server) = MariaDbServer::start() else { return };
    let config = MySqlConfig { readers: 4, ..MySqlConfig::new(server.url(&server.database())) };
    let random = (tables::rows(0..40), tables::rows(0..25));
    proptest!(cases(30), |(random in random, shape in tables::shape(), rules in rules::rules())| {
        let tables = as_mysql(&shape.tables(random.0, random.1));
        wait(put(&config, &tables)).unwrap();
        let source = MySqlSource::new(&config, Arc::new(SystemClock)).unwrap();
        let run = Run { rules: &rules, options: &threads(1) };
        run.counts(&source, &tables, "MariaDB")?;
        run.counts_in_sql(&source, &tables, "MariaDB")?;
    });
}

/// The tables as MariaDB can hold them: a column has one type, true is 1, a number is finite, zero has no sign, and a
/// day lies between the years 0 and 9999.
pub(crate) fn as_mysql(tables: &[Table]) -> Vec<Table> {
    changed(&as_arrow(tables), |kind, cell| match (kind, cell) {
        (Kind::Boolean, Cell::Boolean(it)) => (Kind::Integer, Cell::Integer(i64::from(it))),
        (Kind::Boolean, cell) => (Kind::Integer, cell),
        (kind, Cell::Float(it)) if !it.is_finite() => (kind, Cell::Null),
        (Kind::Float, Cell::Float(0.0)) => (Kind::Float, Cell::Float(0.0)),
        (kind, Cell::Day(it)) if !DAYS.contains(&it) => (kind, Cell::Null),
        (kind, Cell::Moment(it)) if !DAYS.contains(&it.div_euclid(86_400_000_000)) => {
            (kind, Cell::Null)
        }
        other => other,
    })
}

const DIALECT: Dialect = Dialect {
    quote: "`",
    declared: |kind, is_key| match kind {
        Kind::Boolean | Kind::Integer => "bigint",
        Kind::Float => "double",
        Kind::Day => "date",
        Kind::Moment => "datetime(6)",
        // A key of text is short; and all that is not the same is another key.
        Kind::Text | Kind::Any if is_key => "varchar(191) collate utf8mb4_nopad_bin",
        Kind::Text | Kind::Any => "longtext",
    },
};

/// Replaces what the database holds by the tables.
pub(crate) async fn put(config: &MySqlConfig, tables: &[Table]) -> Result<()> {
    let database = MySqlDatabaseManager::open(config.clone(), Arc::new(SystemClock)).await?;
    fill(&database, DIALECT, tables).await
}
