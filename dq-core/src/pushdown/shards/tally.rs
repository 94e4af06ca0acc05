//! The tally of a table with parts.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::{Asks, Count, Quantity, Spread, Statement, Summaries};
use crate::source::Query;

/// What a statement counts in each part of a table.
#[derive(Clone, Debug)]
pub(crate) struct SpreadTally {
    table: usize,
    name: String,
    parts: Vec<String>,
    counts: Vec<(Count, Fragment)>,
}

impl SpreadTally {
    pub(crate) fn new(table: usize, name: &str, parts: Vec<String>) -> Self {
        Self { table, name: name.to_owned(), parts, counts: Vec::new() }
    }

    /// The same of other counts: the rows for which conditions hold.
    pub(crate) fn of(&self, counts: Vec<(Count, Fragment)>) -> Self {
        Self { counts, ..self.clone() }
    }

    pub(crate) fn table(&self) -> usize {
        self.table
    }

    pub(crate) fn counts(&self) -> &[(Count, Fragment)] {
        &self.counts
    }

    /// The statement that counts.
    pub(crate) fn statement(self) -> Statement {
        let counted = |(number, (count, condition)): (usize, &(Count, Fragment))| {
            let counted = match count {
                Count::Rows => Fragment::new("count(*)"),
                Count::Measured(..) => condition.clone(),
                _ => Fragment::new("count(*) FILTER (WHERE ").and(condition).text(")"),
            };
            counted.text(&format!(" AS c{}", number + 1))
        };
        let counted: Vec<_> = self.counts.iter().enumerate().map(counted).collect();
        let counted = Fragment::joined(&counted, ", ");
        let part =
            |part: &String| Fragment::new("SELECT ").and(&counted).text(&format!(" FROM {part}"));
        let parts: Vec<_> = self.parts.iter().map(part).collect();
        let whole = |(number, (count, _)): (usize, &(Count, Fragment))| {
            let column = format!("c{}", number + 1);
            match count {
                Count::Measured(_, Quantity::Sum) => format!("sum({column})"),
                Count::Measured(_, Quantity::Least) => format!("min({column})"),
                Count::Measured(_, Quantity::Greatest | Quantity::Newest) => {
                    format!("max({column})")
                }
                _ => format!("CAST(sum({column}) AS bigint)"),
            }
        };
        let sums: Vec<_> = self.counts.iter().enumerate().map(whole).collect();
        let sql = Fragment::new(format!("SELECT {} FROM (", sums.join(", ")));
        let sql = sql.and(&Fragment::joined(&parts, " UNION ALL ")).text(") AS u");
        let (sql, parameters) = sql.into_parts();
        let counts = self.counts.iter().map(|it| it.0.clone()).collect();
        let asks = Asks::Tally { table: self.table, counts, summaries: Summaries::default() };
        let (table, reads) = (self.name.clone(), vec![self.name.clone()]);
        let query = Query { table, sql, parameters, reads, ..Query::default() };
        Statement { query, asks, spread: Spread::Tally(self) }
    }
}
