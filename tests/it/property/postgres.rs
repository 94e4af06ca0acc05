//! The same tables in PostgreSQL, on a server that the test starts.

use std::sync::Arc;

use dq_core::Result;
use dq_core::clock::SystemClock;
use dq_core::database::postgres::{PostgresConfig, PostgresDatabaseManager, PostgresSource};
use dq_core::database::{DatabaseManager, Statement};
use dq_core::value::{Date, OwnedValue, Timestamp};
use proptest::prelude::*;

use crate::naive::{Cell, Kind, Table};
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
        wait(fill(&config, &tables)).unwrap();
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

/// Replaces what the database holds by the tables.
pub(crate) async fn fill(config: &PostgresConfig, tables: &[Table]) -> Result<()> {
    let database = PostgresDatabaseManager::open(config.clone(), Arc::new(SystemClock)).await?;
    for table in tables {
        let name = table.name;
        database.execute(&format!("DROP TABLE IF EXISTS {name}").into()).await?;
        database.execute(&definition(table).into()).await?;
        let places = vec!["?"; table.columns.len()].join(", ");
        let insert = format!("INSERT INTO {name} VALUES ({places})");
        let mut transaction = database.begin().await?;
        for row in &table.rows {
            let values = row.iter().map(value);
            let insert = values.fold(Statement::new(insert.as_str()), Statement::bind);
            transaction.execute(&insert).await?;
        }
        transaction.commit().await?;
    }
    database.close().await;
    Ok(())
}

fn definition(table: &Table) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let columns = table.columns.iter().map(|column| {
        let declared = match column.kind {
            Kind::Boolean => "boolean",
            Kind::Integer => "bigint",
            Kind::Float => "double precision",
            Kind::Day => "date",
            Kind::Moment => "timestamp",
            Kind::Text | Kind::Any => "text",
        };
        format!("{} {declared}", quoted(column.name))
    });
    let mut parts: Vec<_> = columns.collect();
    if !table.key.is_empty() {
        let key: Vec<_> = table.key.iter().map(|it| quoted(it)).collect();
        parts.push(format!("PRIMARY KEY ({})", key.join(", ")));
    }
    format!("CREATE TABLE {} ({})", table.name, parts.join(", "))
}

fn value(cell: &Cell) -> OwnedValue {
    match cell {
        Cell::Null => OwnedValue::Null,
        Cell::Boolean(it) => (*it).into(),
        Cell::Integer(it) => (*it).into(),
        Cell::Float(it) => (*it).into(),
        Cell::Day(it) => Date::from_days(i32::try_from(*it).unwrap()).into(),
        Cell::Moment(it) => Timestamp::from_micros(*it).into(),
        Cell::Text(it) => it.as_str().into(),
        Cell::Bytes(it) => it.clone().into(),
    }
}
