//! What a source that runs SQL tells whoever writes SQL for it: its dialect, the names of its tables,
//! and how to write each column such that it is the value that a scan delivers.

use std::fmt;
use std::sync::Arc;

use crate::value::{OwnedValue, Value};

/// A dialect of SQL.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Dialect {
    /// SQLite, in this process: statements may call [`SqlFunction`]s.
    Sqlite,
    /// PostgreSQL 13 and later.
    Postgres,
    /// MariaDB 10.6 and later.
    MariaDb,
}

impl Dialect {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MariaDb => "MariaDB",
        }
    }
}

/// What kind of values a column of SQL has in every row.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SqlKind {
    /// Each row decides.
    Any,
    /// True or false.
    Boolean,
    /// A whole number of 64 bits.
    Integer,
    /// A floating-point number of 64 bits.
    Float,
    /// A day.
    Date,
    /// A point in time, without a zone.
    Timestamp,
    /// Text, compared by its bytes.
    Text,
    /// Bytes that are not text.
    Bytes,
}

/// A table, in the words of its source.
#[derive(Clone, Debug)]
pub struct SqlTable {
    /// Its name, quoted.
    pub sql: String,
    /// Its columns, in the order of its schema.
    pub columns: Vec<SqlColumn>,
    /// Where its rows lie, if they lie on several servers.
    pub shards: Option<SqlShards>,
}

/// Where the rows of a table lie that is distributed over servers.
#[derive(Clone, Debug, Default)]
pub struct SqlShards {
    /// Its parts, as tables with the same columns: their names, quoted. What is counted of each of them is
    /// counted where its rows are. None where the database itself sends statements to where the rows are.
    pub parts: Vec<String>,
    /// The columns that decide in which part a row is, by their position in the schema: rows with equal values
    /// are in one part. None where that is not known.
    pub key: Vec<usize>,
    /// Says how values of those columns are spread over which servers: of two tables of one layout, the parts at
    /// the same position hold the same values, on the same server.
    pub layout: String,
    /// How many servers there are.
    pub servers: usize,
}

/// How far a query goes to where the rows are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reach {
    /// Whether servers of parts count themselves, and send no rows.
    pub is_remote: bool,
    /// Whether they do so at the same time.
    pub is_concurrent: bool,
}

/// A column of a table, in the words of its source.
#[derive(Clone, Debug)]
pub struct SqlColumn {
    /// An expression that is the value which a scan delivers.
    pub sql: String,
    /// What kind of values that has.
    pub kind: SqlKind,
    /// The rows in which a scan delivers another value, if there may be any.
    pub exception: Option<SqlException>,
}

/// Rows in which a column is not what an expression says.
#[derive(Clone, Debug)]
pub struct SqlException {
    /// A condition that holds in them.
    pub condition: String,
    /// What about them, such as "days that no calendar has".
    pub about: &'static str,
}

/// A function that a statement may call, where the database runs in this process.
#[derive(Clone)]
pub struct SqlFunction {
    /// The name by which the statement calls it.
    pub name: String,
    /// How many arguments it takes.
    pub arguments: usize,
    /// What it does.
    pub body: SqlFunctionBody,
}

/// What a function does.
#[derive(Clone)]
pub enum SqlFunctionBody {
    /// A value for each row.
    Scalar(Arc<SqlScalar>),
    /// A value for all rows.
    Aggregate(Arc<SqlAggregateBegin>),
}

/// Makes a value of the arguments.
pub type SqlScalar = dyn Fn(&[Value<'_>]) -> OwnedValue + Send + Sync;

/// Begins to aggregate.
pub type SqlAggregateBegin = dyn Fn() -> Box<dyn SqlAggregate> + Send + Sync;

/// The state of an aggregate.
pub trait SqlAggregate: Send {
    /// Takes one row.
    fn add(&mut self, values: &[Value<'_>]);

    /// The value for all rows.
    fn finish(self: Box<Self>) -> OwnedValue;
}

impl fmt::Debug for SqlFunctionBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scalar(_) => "Scalar",
            Self::Aggregate(_) => "Aggregate",
        })
    }
}

impl fmt::Debug for SqlFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlFunction")
            .field("name", &self.name)
            .field("arguments", &self.arguments)
            .finish_non_exhaustive()
    }
}
