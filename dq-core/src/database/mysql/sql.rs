//! The columns of a table for whoever writes SQL: each as the value that a scan delivers.

use crate::database::mysql::catalog::{Declared, Table, quoted};
use crate::source::{SqlColumn, SqlException, SqlKind, SqlTable};

/// Makes of text what is compared by its bytes, and a blank at its end counts.
const EXACT: &str = "COLLATE utf8mb4_nopad_bin";

/// How UTF-8 writes the halves of surrogate pairs: MariaDB takes them for characters, and a scan for bytes.
const SURROGATE: &str = "x'ED5BA02DBF5D'";

/// Numbers that a scan delivers as text.
const BEYOND: &str = "numbers beyond 64 bits";

impl Table {
    /// The table in SQL.
    pub(crate) fn sql(&self) -> SqlTable {
        let columns = self.schema.columns.iter().zip(&self.declared);
        let columns = columns.map(|(column, declared)| declared.sql(&quoted(&column.name)));
        SqlTable { sql: quoted(&self.schema.name), columns: columns.collect(), shards: None }
    }
}

impl Declared {
    /// A column of this type with this name.
    fn sql(&self, name: &str) -> SqlColumn {
        let plain = |sql: String, kind| SqlColumn { sql, kind, exception: None };
        let whole = format!("CAST({name} AS signed)");
        match self.data_type.as_str() {
            "bigint" if self.is("unsigned") => SqlColumn {
                exception: Some(except(format!("({name} > {})", i64::MAX), BEYOND)),
                ..plain(whole, SqlKind::Integer)
            },
            "decimal" if !self.has_fraction => {
                let beyond = format!("({name} NOT BETWEEN {} AND {})", i64::MIN, i64::MAX);
                SqlColumn {
                    exception: Some(except(beyond, BEYOND)),
                    ..plain(whole, SqlKind::Integer)
                }
            }
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" => {
                plain(whole, SqlKind::Integer)
            }
            "float" | "double" => plain(format!("CAST({name} AS double)"), SqlKind::Float),
            "date" => dated(name, SqlKind::Date),
            "datetime" | "timestamp" => dated(name, SqlKind::Timestamp),
            "decimal" if !self.is("zerofill") => {
                plain(format!("(CAST({name} AS char) {EXACT})"), SqlKind::Text)
            }
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "json" => {
                self.text(name)
            }
            "enum" | "set" => self.text(&format!("CAST({name} AS char)")),
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => {
                plain(name.to_owned(), SqlKind::Bytes)
            }
            // Times of day, bits and addresses are text of our own, or of the driver's.
            _ => plain(name.to_owned(), SqlKind::Any),
        }
    }

    fn is(&self, attribute: &str) -> bool {
        self.column_type.split(' ').any(|it| it == attribute)
    }

    fn text(&self, value: &str) -> SqlColumn {
        let character_set = self.character_set.as_deref().unwrap_or_default();
        let converted = match character_set {
            "utf8mb4" => value.to_owned(),
            _ => format!("CONVERT({value} USING utf8mb4)"),
        };
        let bytes = format!("CAST({converted} AS binary)");
        let surrogate = format!("(locate(x'ED', {bytes}) > 0 AND {bytes} REGEXP {SURROGATE})");
        let is_unicode = character_set.starts_with("utf") || character_set == "ucs2";
        SqlColumn {
            sql: format!("({converted} {EXACT})"),
            kind: SqlKind::Text,
            exception: is_unicode.then(|| except(surrogate, "text that is not UTF-8")),
        }
    }
}

/// A column of days, some of which may be none of the calendar, and are text in a scan.
fn dated(name: &str, kind: SqlKind) -> SqlColumn {
    let none = format!(
        "(dayofmonth({name}) = 0 OR month({name}) = 0 OR dayofmonth({name}) > dayofmonth(last_day({name})))"
    );
    let exception = Some(except(none, "days that no calendar has"));
    SqlColumn { sql: name.to_owned(), kind, exception }
}

fn except(condition: String, about: &'static str) -> SqlException {
    SqlException { condition, about }
}
