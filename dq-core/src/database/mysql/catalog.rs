//! The tables and views of a database, as `information_schema` tells them.

use std::collections::HashMap;

use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Executor};

use crate::database::mysql::connection::{Lease, optional_text, text};
use crate::database::mysql::error::from_sqlx;
use crate::error::{Error, Result};
use crate::value::{ColumnSchema, TableSchema, ValueType};

/// A table, and how its rows are stored.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) schema: TableSchema,
    /// Its columns as the server declares them.
    pub(crate) declared: Vec<Declared>,
    pub(crate) is_view: bool,
    /// Whether its rows have versions, so that a snapshot sees those of its moment.
    pub(crate) has_moments: bool,
    /// The first column of the primary key of a table, if it is a whole number: ranges of it are ranges of rows.
    pub(crate) range_key: Option<String>,
}

/// A column as the server declares it.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    /// The name of its type.
    pub(crate) data_type: String,
    /// Whether its numbers have decimals.
    pub(crate) has_fraction: bool,
    /// The type with its length and attributes, such as `bigint(20) unsigned`.
    pub(crate) column_type: String,
    /// How its text is encoded.
    pub(crate) character_set: Option<String>,
}

/// Tables that are not of the server's own making, and views.
const TABLES: &str = "\
SELECT table_name, table_type, engine, CAST(table_rows AS CHAR) FROM information_schema.tables \
WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW') ORDER BY table_name";

const COLUMNS: &str = "\
SELECT table_name, column_name, data_type, is_nullable, CAST(numeric_scale AS CHAR), column_type, character_set_name FROM information_schema.columns \
WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position";

const KEYS: &str = "\
SELECT table_name, column_name FROM information_schema.statistics \
WHERE table_schema = DATABASE() AND index_name = 'PRIMARY' ORDER BY table_name, seq_in_index";

/// Reads the catalog, in the transaction of `lease`.
pub(crate) async fn read(lease: &mut Lease, doing: &str) -> Result<Vec<Table>> {
    let tables = rows(lease, TABLES, doing).await?;
    let columns = rows(lease, COLUMNS, doing).await?;
    let keys = rows(lease, KEYS, doing).await?;
    let failed = |it| from_sqlx(doing, &it);
    let mut described = Described::default();
    for row in &columns {
        described.add_column(row).map_err(failed)?;
    }
    for row in &keys {
        described.add_key(row).map_err(failed)?;
    }
    tables.iter().map(|row| described.table(row).map_err(failed)).collect()
}

/// The rows of a query without parameters.
pub(crate) async fn rows(lease: &mut Lease, sql: &str, doing: &str) -> Result<Vec<MySqlRow>> {
    rows_or(lease, sql, |it| from_sqlx(doing, it)).await
}

/// The rows of a query without parameters, or what `told` makes of an error.
pub(crate) async fn rows_or(
    lease: &mut Lease,
    sql: &str,
    told: impl FnOnce(&sqlx::Error) -> Error,
) -> Result<Vec<MySqlRow>> {
    let state = lease.state();
    let found = lease.start()?.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await;
    lease.settle(&found, state);
    found.map_err(|it| told(&it))
}

/// A name as SQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// The columns and the key of each table.
#[derive(Default)]
struct Described {
    columns: HashMap<String, Vec<(ColumnSchema, Declared)>>,
    keys: HashMap<String, Vec<String>>,
}

impl Described {
    fn add_column(&mut self, row: &MySqlRow) -> sqlx::Result<()> {
        let data_type = text(row, 2)?.to_ascii_lowercase();
        let has_fraction = optional_text(row, 4)?.is_some_and(|it| it != "0");
        let column = ColumnSchema {
            name: text(row, 1)?,
            value_type: value_type(&data_type, has_fraction),
            nullable: text(row, 3)?.eq_ignore_ascii_case("YES"),
        };
        let declared = Declared {
            data_type,
            has_fraction,
            column_type: text(row, 5)?.to_ascii_lowercase(),
            character_set: optional_text(row, 6)?,
        };
        self.columns.entry(text(row, 0)?).or_default().push((column, declared));
        Ok(())
    }

    fn add_key(&mut self, row: &MySqlRow) -> sqlx::Result<()> {
        self.keys.entry(text(row, 0)?).or_default().push(text(row, 1)?);
        Ok(())
    }

    fn table(&mut self, row: &MySqlRow) -> sqlx::Result<Table> {
        let name = text(row, 0)?;
        let columns = self.columns.remove(&name).unwrap_or_default();
        let (columns, declared) = columns.into_iter().unzip();
        let primary_key = self.keys.remove(&name).unwrap_or_default();
        let is_view = text(row, 1)? == "VIEW";
        let engine = text(row, 2)?;
        let rows_estimate = optional_text(row, 3)?.and_then(|it| it.parse().ok());
        let schema = TableSchema { name, columns, primary_key, rows_estimate };
        let first = schema.primary_key.first().and_then(|it| schema.column(it));
        let range_key = first.filter(|it| it.value_type == ValueType::Integer);
        Ok(Table {
            range_key: range_key.map(|it| it.name.clone()),
            // A view has none of its own, but sees the moments of its tables.
            has_moments: is_view || matches!(engine.as_str(), "InnoDB" | "MyRocks" | "ROCKSDB"),
            is_view,
            declared,
            schema,
        })
    }
}

/// The type of the column that is made of values of this type.
fn value_type(data_type: &str, has_fraction: bool) -> ValueType {
    match data_type {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" | "bit" => {
            ValueType::Integer
        }
        "decimal" if !has_fraction => ValueType::Integer,
        "float" | "double" => ValueType::Float,
        "date" => ValueType::Date,
        "datetime" | "timestamp" => ValueType::Timestamp,
        "decimal" | "time" | "char" | "varchar" | "tinytext" | "text" | "mediumtext"
        | "longtext" | "enum" | "set" | "json" | "uuid" | "inet4" | "inet6" => ValueType::Text,
        _ => ValueType::Bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_name_whatever_it_holds() {
        assert_eq!(quoted("a`; DROP TABLE b; --"), "`a``; DROP TABLE b; --`");
    }
}
