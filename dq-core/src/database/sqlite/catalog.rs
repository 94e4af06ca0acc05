//! The tables and views of a database, as SQLite's own catalog tells them.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::database::Unreadable;
use crate::database::sqlite::error::from_sqlite;
use crate::error::Result;
use crate::value::{ColumnSchema, TableSchema, ValueType};

/// The tables and views of the main database of `connection`, in the order of their creation. Left
/// out are SQLite's own tables, the shadow tables behind virtual tables, and what SQLite itself cannot
/// read (a view of a table that is gone, a virtual table of an unknown module).
///
/// # Errors
///
/// When the catalog cannot be read.
pub(crate) fn tables(connection: &Connection) -> Result<Vec<TableSchema>> {
    Ok(read(connection)?.tables.into_iter().map(|it| it.schema).collect())
}

/// The catalog of a database, with what a scan must know about each table.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) tables: Vec<Table>,
    /// The tables and views that SQLite cannot read, each with its reason.
    pub(crate) unreadable: Vec<Unreadable>,
}

/// A table, and how its rows are stored.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) schema: TableSchema,
    pub(crate) storage: Storage,
}

/// How the rows of a table are stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Storage {
    /// In a b-tree by rowid.
    Rowid(RowidTable),
    /// In some other way, which these words tell, such as "it is a view".
    Other(&'static str),
}

/// A b-tree by rowid.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct RowidTable {
    /// The page of its root.
    pub(crate) root: u32,
    /// The position of the column that is another name of the rowid.
    pub(crate) alias: Option<usize>,
    /// A name by which SQL knows the rowid.
    pub(crate) rowid: String,
    /// Whether some columns are computed, so that records hold other columns than the schema.
    pub(crate) generated: bool,
}

/// Reads the catalog of the main database of `connection`.
pub(crate) fn read(connection: &Connection) -> Result<Catalog> {
    let entries = entries(connection).map_err(|it| from_sqlite("read the catalog", it))?;
    let estimates =
        Estimates::new(connection).map_err(|it| from_sqlite("read the statistics", it))?;
    let mut catalog = Catalog { tables: Vec::new(), unreadable: Vec::new() };
    for entry in entries {
        match entry.describe(connection, &estimates) {
            Ok(table) => catalog.tables.push(table),
            Err(error) if is_about_one_table(&error) => {
                let error = from_sqlite(format!("read the {} `{}`", entry.kind, entry.name), error);
                catalog.unreadable.push(Unreadable::new(entry.name, error.message()));
            }
            Err(error) => {
                let file = connection.path().unwrap_or("the database");
                return Err(from_sqlite(
                    format!("read the table `{}` of `{file}`", entry.name),
                    error,
                ));
            }
        }
    }
    Ok(catalog)
}

/// An entry of `sqlite_schema`.
struct Entry {
    name: String,
    kind: String,
    without_rowid: bool,
    root: i64,
}

fn entries(connection: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut statement = connection.prepare(
        "WITH l AS MATERIALIZED (SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main')
         SELECT s.name, l.type, l.wr, coalesce(s.rootpage, 0)
         FROM main.sqlite_schema s JOIN l ON l.name = s.name
         WHERE s.type IN ('table', 'view') AND l.type <> 'shadow' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         ORDER BY s.rowid",
    )?;
    let entries = statement.query_map([], |row| {
        Ok(Entry {
            name: row.get(0)?,
            kind: row.get(1)?,
            without_rowid: row.get(2)?,
            root: row.get(3)?,
        })
    })?;
    entries.collect()
}

/// A column, as `table_xinfo` tells it.
struct Declared {
    name: String,
    type_name: String,
    not_null: bool,
    key_position: i64,
    hidden: u8,
}

impl Entry {
    fn describe(
        &self,
        connection: &Connection,
        estimates: &Estimates<'_>,
    ) -> rusqlite::Result<Table> {
        let declared = columns(connection, &self.name)?;
        // Preparing finds out now whether SQLite can read the table at all.
        connection.prepare(&format!("SELECT * FROM main.{}", quoted(&self.name)))?;
        let mut key: Vec<_> = declared.iter().filter(|it| it.key_position > 0).collect();
        key.sort_by_key(|it| it.key_position);
        let storage = self.storage(connection, &declared, key.len())?;
        let alias = match &storage {
            Storage::Rowid(table) => table.alias,
            Storage::Other(_) => None,
        };
        let visible = declared.iter().enumerate().filter(|(_, it)| it.hidden != HIDDEN);
        let columns = visible.map(|(position, it)| ColumnSchema {
            name: it.name.clone(),
            value_type: value_type(&it.type_name),
            nullable: !(it.not_null
                || alias == Some(position)
                || (self.without_rowid && it.key_position > 0)),
        });
        let schema = TableSchema {
            name: self.name.clone(),
            columns: columns.collect(),
            primary_key: key.into_iter().map(|it| it.name.clone()).collect(),
            rows_estimate: match estimates.rows(&self.name, &storage) {
                // Whoever reads the table is told; others have no need of it.
                Err(error) if is_about_damage(&error) => None,
                estimate => estimate?,
            },
        };
        Ok(Table { schema, storage })
    }

    fn storage(
        &self,
        connection: &Connection,
        declared: &[Declared],
        key_columns: usize,
    ) -> rusqlite::Result<Storage> {
        let root = u32::try_from(self.root).unwrap_or(0);
        let other = match self.kind.as_str() {
            "view" => Some("it is a view"),
            "table" if self.without_rowid => Some("it is `WITHOUT ROWID`"),
            "table" if root > 0 => None,
            _ => Some("it is a virtual table"),
        };
        if let Some(reason) = other {
            return Ok(Storage::Other(reason));
        }
        // A key that is the rowid needs no index; every other key has one. The declaration alone does
        // not tell: `INTEGER PRIMARY KEY DESC` is no name of the rowid.
        let indexed: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1, 'main') WHERE origin = 'pk')",
            [&self.name],
            |row| row.get(0),
        )?;
        let alias = declared.iter().position(|it| it.key_position == 1);
        let alias = alias.filter(|_| key_columns == 1 && !indexed);
        let Some(rowid) = rowid_name(declared, alias) else {
            return Ok(Storage::Other("its columns have taken all names of the rowid"));
        };
        let generated = declared.iter().any(|it| it.hidden != 0);
        Ok(Storage::Rowid(RowidTable { root, alias, rowid, generated }))
    }
}

/// A name by which SQL knows the rowid: one that no column has taken, or that of its alias.
fn rowid_name(declared: &[Declared], alias: Option<usize>) -> Option<String> {
    let taken = |name: &str| declared.iter().any(|it| it.name.eq_ignore_ascii_case(name));
    let free = ["rowid", "_rowid_", "oid"].into_iter().find(|it| !taken(it));
    free.map(str::to_owned).or_else(|| Some(quoted(&declared.get(alias?)?.name)))
}

/// `table_xinfo`'s word for a column of a virtual table that `*` does not include.
const HIDDEN: u8 = 1;

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Declared>> {
    let mut statement = connection.prepare_cached(
        "SELECT name, coalesce(type, ''), \"notnull\", pk, hidden FROM pragma_table_xinfo(?1, 'main') ORDER BY cid",
    )?;
    let read = |row: &Row<'_>| {
        Ok(Declared {
            name: row.get(0)?,
            type_name: row.get(1)?,
            not_null: row.get(2)?,
            key_position: row.get(3)?,
            hidden: row.get(4)?,
        })
    };
    statement.query_map([table], read)?.collect()
}

/// Whether only one table or view cannot be read, and not the database.
fn is_about_one_table(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code().is_none_or(|it| it == rusqlite::ErrorCode::Unknown)
}

/// Whether an error is about pages that are not what they should be.
fn is_about_damage(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseCorrupt)
}

/// The type of a column by SQLite's rules of affinity. A NUMERIC column (a date, a decimal, a boolean)
/// may hold anything, and so may one without a type.
pub(crate) fn value_type(declared: &str) -> ValueType {
    let declared = declared.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|it| declared.contains(it));
    if has(&["INT"]) {
        ValueType::Integer
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        ValueType::Text
    } else if has(&["BLOB"]) {
        ValueType::Any
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        ValueType::Float
    } else {
        ValueType::Any
    }
}

/// About how many rows tables have.
struct Estimates<'a> {
    connection: &'a Connection,
    analyzed: bool,
}

impl<'a> Estimates<'a> {
    fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        let analyzed = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_stat1' AND type = 'table')",
            [],
            |row| row.get(0),
        )?;
        Ok(Self { connection, analyzed })
    }

    fn rows(&self, table: &str, storage: &Storage) -> rusqlite::Result<Option<u64>> {
        match self.counted(table)? {
            Some(rows) => Ok(Some(rows)),
            None => self.spanned(table, storage),
        }
    }

    /// What `ANALYZE` counted when it last ran.
    fn counted(&self, table: &str) -> rusqlite::Result<Option<u64>> {
        if !self.analyzed {
            return Ok(None);
        }
        let sql =
            "SELECT stat FROM main.sqlite_stat1 WHERE tbl = ?1 ORDER BY idx IS NOT NULL LIMIT 1";
        let stat = self.connection.query_row(sql, [table], |row| row.get::<_, Option<String>>(0));
        let stat = stat.optional()?.flatten();
        Ok(stat.and_then(|it| it.split_whitespace().next()?.parse().ok()))
    }

    /// How many rows fit between the first and the last: two look-ups, where counting reads it all.
    fn spanned(&self, table: &str, storage: &Storage) -> rusqlite::Result<Option<u64>> {
        let Storage::Rowid(RowidTable { rowid, .. }) = storage else {
            return Ok(None);
        };
        let end = |order: &str| {
            let table = quoted(table);
            let sql = format!("SELECT {rowid} FROM main.{table} ORDER BY {rowid} {order} LIMIT 1");
            self.connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).optional()
        };
        Ok(match (end("ASC")?, end("DESC")?) {
            (Some(first), Some(last)) => Some(last.abs_diff(first).saturating_add(1)),
            _ => Some(0),
        })
    }
}

/// A name as an identifier of SQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(sql: &str) -> Catalog {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        read(&connection).unwrap()
    }

    fn table(sql: &str) -> Table {
        catalog(sql).tables.remove(0)
    }

    fn alias(sql: &str) -> Option<usize> {
        match table(sql).storage {
            Storage::Rowid(it) => it.alias,
            Storage::Other(_) => panic!("no rowid: {sql}"),
        }
    }

    #[test]
    fn types_follow_affinity() {
        let table = table(
            "CREATE TABLE t (a INTEGER, b VARCHAR(9), c DOUBLE, d DECIMAL(9,2), e DATE, f, g BLOB, h FLOATING POINT)",
        );
        let types: Vec<_> = table.schema.columns.iter().map(|it| it.value_type).collect();
        assert_eq!(format!("{types:?}"), "[Integer, Text, Float, Any, Any, Any, Any, Integer]");
    }

    #[test]
    fn only_a_true_alias_is_the_rowid() {
        assert_eq!(alias("CREATE TABLE t (a, b INTEGER PRIMARY KEY)"), Some(1));
        assert_eq!(alias("CREATE TABLE t (a, b INTEGER, PRIMARY KEY (b DESC))"), Some(1));
        assert_eq!(alias("CREATE TABLE t (a, b INTEGER PRIMARY KEY DESC)"), None);
        assert_eq!(alias("CREATE TABLE t (a, b INT PRIMARY KEY)"), None);
        assert_eq!(alias("CREATE TABLE t (a INTEGER, b INTEGER, PRIMARY KEY (a, b))"), None);
        assert_eq!(alias("CREATE TABLE t (a INTEGER)"), None);
    }

    #[test]
    fn the_primary_key_has_its_own_order() {
        let table = table("CREATE TABLE t (a NOT NULL, b, c, PRIMARY KEY (c, a)) WITHOUT ROWID");
        assert_eq!(table.schema.primary_key, ["c", "a"]);
        assert_eq!(
            table.schema.columns.iter().map(|it| it.nullable).collect::<Vec<_>>(),
            [false, true, false]
        );
        assert!(matches!(table.storage, Storage::Other(_)));
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_said() {
        let catalog = catalog(
            "CREATE TABLE a (x INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE b (x);
             CREATE VIEW broken AS SELECT * FROM b; DROP TABLE b; CREATE VIEW sound AS SELECT x + 1 AS y FROM a;
             CREATE VIRTUAL TABLE words USING fts5(body)",
        );
        let names: Vec<_> = catalog.tables.iter().map(|it| it.schema.name.as_str()).collect();
        assert_eq!(names, ["a", "sound", "words"]);
        assert_eq!(catalog.unreadable.len(), 1);
        assert!(catalog.unreadable[0].reason.contains("`broken`"), "{:?}", catalog.unreadable);
        assert_eq!(catalog.tables[2].schema.columns.len(), 1, "hidden columns are left out");
    }

    #[test]
    fn the_rowid_keeps_a_name_that_no_column_took() {
        let Storage::Rowid(it) = table("CREATE TABLE t (RowId TEXT, oid)").storage else {
            panic!()
        };
        assert_eq!(it.rowid, "_rowid_");
    }

    #[test]
    fn a_table_whose_rowid_has_no_name_has_none_for_scans() {
        let taken = "CREATE TABLE t (rowid TEXT, oid, _rowid_";
        assert!(matches!(table(&format!("{taken})")).storage, Storage::Other(_)));
        let named = table(&format!("{taken}, id INTEGER PRIMARY KEY)"));
        assert!(matches!(named.storage, Storage::Rowid(it) if it.rowid == "\"id\""));
    }

    #[test]
    fn rows_are_estimated_without_counting() {
        let filled = "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)";
        assert_eq!(table(filled).schema.rows_estimate, Some(3));
        assert_eq!(table("CREATE TABLE t (a)").schema.rows_estimate, Some(0));
        let extremes = "CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (-9223372036854775808), (9223372036854775807)";
        assert_eq!(table(extremes).schema.rows_estimate, Some(u64::MAX));
        assert_eq!(
            table(&format!("{filled}; ANALYZE; DELETE FROM t WHERE a > 1")).schema.rows_estimate,
            Some(3)
        );
        assert_eq!(table("CREATE VIEW v AS SELECT 1 AS a").schema.rows_estimate, None);
    }
}
