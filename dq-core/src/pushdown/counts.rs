//! What one statement counts of a table on one server.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::{Asks, Count, Spread, Statement, Summaries};
use crate::source::{Query, SqlFunction};

/// What a statement counts of a table on one server.
#[derive(Clone, Debug)]
pub(crate) struct PlainTally {
    table: usize,
    name: String,
    /// The table as SQL.
    sql: String,
    functions: Vec<SqlFunction>,
    counts: Vec<(Count, Fragment)>,
}

impl PlainTally {
    pub(crate) fn new(
        table: usize,
        (name, sql): (&str, &str),
        functions: Vec<SqlFunction>,
    ) -> Self {
        Self { table, name: name.to_owned(), sql: sql.to_owned(), functions, counts: Vec::new() }
    }

    /// The same of other counts, each with the SQL of its number.
    pub(crate) fn of(&self, counts: Vec<(Count, Fragment)>) -> Self {
        Self { counts, ..self.clone() }
    }

    pub(crate) fn counts(&self) -> &[(Count, Fragment)] {
        &self.counts
    }

    /// The statement that counts.
    pub(crate) fn statement(self) -> Statement {
        let counted: Vec<_> = self.counts.iter().map(|it| it.1.clone()).collect();
        let counted = Fragment::joined(&counted, ", ");
        let select = Fragment::new("SELECT ").and(&counted).text(&format!(" FROM {}", self.sql));
        let (sql, parameters) = select.into_parts();
        let query = Query {
            table: self.name.clone(),
            sql,
            parameters,
            functions: self.functions.clone(),
            reads: vec![self.name.clone()],
            refuses_warnings: true,
            ..Query::default()
        };
        let counts = self.counts.iter().map(|it| it.0.clone()).collect();
        let asks = Asks::Tally { table: self.table, counts, summaries: Summaries::default() };
        Statement { query, asks, spread: Spread::Here(self) }
    }
}
