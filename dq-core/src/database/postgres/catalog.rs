//! The tables and views of a database, as PostgreSQL's own catalog tells them.

use std::collections::HashMap;

use sqlx::postgres::PgRow;
use sqlx::{Executor, Row};

use crate::database::postgres::columns::Form;
use crate::database::postgres::connection::Lease;
use crate::database::postgres::error::from_sqlx;
use crate::database::postgres::shards;
use crate::error::Result;
use crate::source::{SqlColumn, SqlKind, SqlShards, SqlTable};
use crate::value::{ColumnSchema, TableSchema, ValueType};

/// A table, and how its rows are stored.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) schema: TableSchema,
    /// Its number in the catalog.
    pub(crate) oid: i64,
    /// Its name as SQL, with that of its schema.
    pub(crate) sql_name: String,
    pub(crate) kind: Kind,
    /// Whether rules on rows may hide some from this user.
    pub(crate) hides_rows: bool,
    /// The columns as SQL and as they are sent, in the order of the schema.
    pub(crate) selected: Vec<Selected>,
    /// The numbers of the columns in the catalog.
    pub(crate) numbers: Vec<i16>,
    /// Where its rows lie, if they lie on other servers.
    pub(crate) shards: Option<SqlShards>,
}

/// A column of a scan.
#[derive(Clone, Debug)]
pub(crate) struct Selected {
    pub(crate) sql: String,
    pub(crate) form: Form,
    /// The number of its type.
    pub(crate) type_oid: i64,
}

impl Table {
    /// Whether parts of it are tables of other servers.
    pub(crate) fn has_parts(&self) -> bool {
        self.shards.as_ref().is_some_and(|it| !it.parts.is_empty())
    }

    /// The table for whoever writes SQL: each column as the value that a scan delivers.
    pub(crate) fn sql(&self) -> SqlTable {
        let shards = self.shards.clone();
        let columns = self.selected.iter();
        let columns = if self.has_parts() {
            columns.map(Selected::shipped).collect()
        } else {
            columns.map(Selected::value).collect()
        };
        SqlTable { sql: self.sql_name.clone(), columns, shards }
    }
}

impl Selected {
    /// As [`value`](Self::value), for a server to which `postgres_fdw` sends no collation: whoever compares text
    /// does so whatever its collation.
    fn shipped(&self) -> SqlColumn {
        let value = self.value();
        let bare = value.sql.strip_prefix('(').and_then(|it| it.strip_suffix(" COLLATE \"C\")"));
        SqlColumn { sql: bare.map_or_else(|| value.sql.clone(), str::to_owned), ..value }
    }

    fn value(&self) -> SqlColumn {
        let column = &self.sql;
        let (sql, kind) = match self.form {
            Form::Boolean => (column.clone(), SqlKind::Boolean),
            Form::Small | Form::Integer | Form::Oid => {
                (format!("{column}::int8"), SqlKind::Integer)
            }
            Form::Long => (column.clone(), SqlKind::Integer),
            Form::Real => (format!("{column}::float8"), SqlKind::Float),
            Form::Double => (column.clone(), SqlKind::Float),
            Form::Date => (column.clone(), SqlKind::Date),
            Form::Timestamp if self.type_oid == WITH_ZONE => {
                (format!("({column} AT TIME ZONE 'UTC')"), SqlKind::Timestamp)
            }
            Form::Timestamp => (column.clone(), SqlKind::Timestamp),
            Form::Numeric { is_short: true } => {
                (format!("(trim_scale({column})::text COLLATE \"C\")"), SqlKind::Text)
            }
            Form::Text | Form::Padded | Form::Jsonb | Form::Uuid | Form::Numeric { .. } => {
                (format!("({column}::text COLLATE \"C\")"), SqlKind::Text)
            }
            Form::Bytes => (column.clone(), SqlKind::Bytes),
        };
        SqlColumn { sql, kind, exception: None }
    }
}

/// What a table is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// An ordinary table without heirs: rows in pages.
    Plain,
    /// A materialised view: rows in pages that only a refresh changes.
    Materialized,
    /// A table whose rows are those of its partitions.
    Partitioned,
    /// A table that has heirs, whose rows count, too.
    Parent,
    /// A view, or a table of another server.
    Other,
}

/// The tables and views that are neither PostgreSQL's own nor temporary. A table that is found without the name
/// of its schema goes without it. Partitions are read through their table. Nobody knows how many rows a table has of which
/// a part lies on another server and was never analysed.
const TABLES: &str = "\
SELECT c.oid::int8, CASE WHEN pg_table_is_visible(c.oid) THEN c.relname::text ELSE n.nspname || '.' || c.relname END, \
       quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind::text, c.relhassubclass, \
       CASE WHEN c.relkind = 'p' THEN (SELECT CASE WHEN bool_and(p.relkind <> 'f' OR p.reltuples > 0 OR p.relpages > 0) \
                 THEN sum(greatest(p.reltuples, 0))::int8 END FROM pg_partition_tree(c.oid) t \
            JOIN pg_class p ON p.oid = t.relid WHERE t.isleaf) \
            WHEN c.reltuples >= 0 AND c.relkind IN ('r', 'm') THEN c.reltuples::int8 END, \
       row_security_active(c.oid) \
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't' \
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
ORDER BY n.nspname, c.oid";

/// The number of the type `timestamp with time zone`.
const WITH_ZONE: i64 = 1184;

/// The columns of those tables, with the type that a domain is over, and their places in the primary key.
const COLUMNS: &str = "\
WITH RECURSIVE base (type, oid, modifier) AS ( \
    SELECT oid, oid, -1 FROM pg_type WHERE typtype <> 'd' \
    UNION ALL SELECT t.oid, b.oid, greatest(b.modifier, t.typtypmod) FROM base b JOIN pg_type t ON t.typbasetype = b.type AND t.typtype = 'd') \
SELECT c.oid::int8, a.attname::text, quote_ident(a.attname), b.oid::int8, greatest(a.atttypmod, b.modifier)::int4, \
       t.typtype::text, t.typcategory::text, a.attnotnull, \
       coalesce(array_position(k.conkey::int2[], a.attnum), 0)::int4, t.typname::text, a.attnum \
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
JOIN base b ON b.type = a.atttypid JOIN pg_type t ON t.oid = b.oid \
LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' \
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't' \
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
ORDER BY c.oid, a.attnum";

/// Reads the catalog, in the transaction of `lease`.
pub(crate) async fn read(lease: &mut Lease, doing: &str) -> Result<Vec<Table>> {
    let tables = rows(lease, TABLES, doing).await?;
    let columns = rows(lease, COLUMNS, doing).await?;
    let failed = |it| from_sqlx(doing, &it);
    let mut described = Described::default();
    for row in &columns {
        described.add(row).map_err(failed)?;
    }
    let tables = tables.iter().map(|row| described.table(row).map_err(failed));
    let mut tables = tables.collect::<Result<Vec<_>>>()?;
    tell_apart(&mut tables);
    shards::find(lease, &mut tables, doing).await?;
    Ok(tables)
}

/// Names tables as SQL does that would otherwise have one name: `y` in the schema `x`, and `x.y` in one whose name can be
/// left out.
fn tell_apart(tables: &mut [Table]) {
    let mut counts = HashMap::new();
    for table in tables.iter() {
        *counts.entry(table.schema.name.clone()).or_insert(0_usize) += 1;
    }
    for table in tables {
        if counts.get(&table.schema.name).is_some_and(|it| *it > 1) {
            table.schema.name.clone_from(&table.sql_name);
        }
    }
}

/// The rows of a query without parameters.
pub(crate) async fn rows(lease: &mut Lease, sql: &'static str, doing: &str) -> Result<Vec<PgRow>> {
    let state = lease.state();
    let found = lease.start()?.fetch_all(sqlx::query(sql)).await;
    lease.settle(&found, state);
    found.map_err(|it| from_sqlx(doing, &it))
}

/// The columns of each table.
#[derive(Default)]
struct Described(HashMap<i64, Vec<Declared>>);

struct Declared {
    schema: ColumnSchema,
    selected: Selected,
    key_position: i32,
    number: i16,
}

impl Described {
    fn add(&mut self, row: &PgRow) -> sqlx::Result<()> {
        let quoted: String = row.try_get(2)?;
        let type_oid: i64 = row.try_get(3)?;
        let (kind, category): (String, String) = (row.try_get(5)?, row.try_get(6)?);
        let type_name: String = row.try_get(9)?;
        let (sql, form) = match Form::of(type_oid as u32, row.try_get(4)?) {
            Some(form) => (quoted, form),
            None if kind == "e" || type_name == "citext" => (quoted, Form::Text),
            None if category == "A" => (format!("to_json({quoted})::text"), Form::Text),
            None => (format!("{quoted}::text"), Form::Text),
        };
        let selected = Selected { sql, form, type_oid };
        let is_required: bool = row.try_get(7)?;
        let value_type: ValueType = selected.form.value_type();
        let schema = ColumnSchema { name: row.try_get(1)?, value_type, nullable: !is_required };
        let (key_position, number) = (row.try_get(8)?, row.try_get(10)?);
        let declared = Declared { schema, selected, key_position, number };
        self.0.entry(row.try_get(0)?).or_default().push(declared);
        Ok(())
    }

    fn table(&mut self, row: &PgRow) -> sqlx::Result<Table> {
        let oid = row.try_get(0)?;
        let declared = self.0.remove(&oid).unwrap_or_default();
        let mut key: Vec<_> = declared.iter().filter(|it| it.key_position > 0).collect();
        key.sort_by_key(|it| it.key_position);
        let primary_key = key.into_iter().map(|it| it.schema.name.clone()).collect();
        let numbers = declared.iter().map(|it| it.number).collect();
        let (columns, selected) = declared.into_iter().map(|it| (it.schema, it.selected)).unzip();
        let kind: String = row.try_get(3)?;
        let rows: Option<i64> = row.try_get(5)?;
        Ok(Table {
            schema: TableSchema {
                name: row.try_get(1)?,
                columns,
                primary_key,
                rows_estimate: rows.and_then(|it| u64::try_from(it).ok()),
            },
            oid,
            sql_name: row.try_get(2)?,
            kind: match (kind.as_str(), row.try_get(4)?) {
                ("r", false) => Kind::Plain,
                ("r", true) => Kind::Parent,
                ("m", _) => Kind::Materialized,
                ("p", _) => Kind::Partitioned,
                _ => Kind::Other,
            },
            hides_rows: row.try_get(6)?,
            selected,
            numbers,
            shards: None,
        })
    }
}
