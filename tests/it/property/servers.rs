//! Random tables in databases on servers.

use dq_core::Result;
use dq_core::database::{DatabaseManager, Statement};
use dq_core::value::{Date, OwnedValue, Timestamp};

use crate::naive::{Cell, Kind, Table};

/// How a database writes what is its own about tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// Stands before and after a name.
    pub(crate) quote: &'static str,
    /// The type of a column, which may be one of the key.
    pub(crate) declared: fn(Kind, bool) -> &'static str,
}

/// Replaces what the database holds by the tables, and closes it.
pub(crate) async fn fill(
    database: &dyn DatabaseManager,
    dialect: Dialect,
    tables: &[Table],
) -> Result<()> {
    for table in tables {
        let name = table.name;
        database.execute(&format!("DROP TABLE IF EXISTS {name}").into()).await?;
        database.execute(&definition(table, dialect).into()).await?;
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

fn definition(table: &Table, dialect: Dialect) -> String {
    let quote = dialect.quote;
    let quoted = |name: &str| format!("{quote}{}{quote}", name.replace(quote, &quote.repeat(2)));
    let columns = table.columns.iter().map(|column| {
        let is_key = table.key.contains(&column.name);
        format!("{} {}", quoted(column.name), (dialect.declared)(column.kind, is_key))
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
