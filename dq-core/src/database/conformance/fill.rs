//! The tables of the suite for sources, in a database.

use crate::database::{DatabaseManager, Statement};
use crate::error::Result;
use crate::source::conformance::{Table, tables};
use crate::value::ValueType;

/// How many rows one statement inserts.
const ROWS: usize = 200;

/// Creates the tables that [`source::conformance::check`](crate::source::conformance::check) reads.
///
/// # Errors
///
/// What the database refuses.
pub async fn fill(database: &dyn DatabaseManager) -> Result<()> {
    for table in tables() {
        database.execute(&definition(&table).into()).await?;
        let mut transaction = database.begin().await?;
        for rows in table.rows.chunks(ROWS) {
            let row = format!("({})", vec!["?"; table.columns.len()].join(", "));
            let all = vec![row; rows.len()].join(", ");
            let insert = Statement::new(format!("INSERT INTO {} VALUES {all}", table.name));
            let values = rows.iter().flatten().cloned();
            transaction.execute(&values.fold(insert, Statement::bind)).await?;
        }
        transaction.commit().await?;
    }
    Ok(())
}

fn definition(table: &Table) -> String {
    let column = |(name, value_type): &(&str, ValueType)| match value_type {
        ValueType::Integer if *name == "id" => format!("{name} BIGINT PRIMARY KEY"),
        ValueType::Integer => format!("{name} BIGINT"),
        _ => format!("{name} TEXT"),
    };
    let columns: Vec<_> = table.columns.iter().map(column).collect();
    format!("CREATE TABLE {} ({})", table.name, columns.join(", "))
}
