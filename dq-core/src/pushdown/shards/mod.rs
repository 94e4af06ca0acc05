//! Rules as SQL over tables whose parts lie on other servers.
//!
//! ```text
//! rows:            SELECT sum(c1), … FROM (SELECT count(*) FILTER (…) AS c1, … FROM part_1
//!                                          UNION ALL SELECT … FROM part_2) AS u
//! keys, two steps: SELECT … FROM (WITH u AS (SELECT key AS k1, count(*) AS n FROM part_1 GROUP BY 1
//!                                          UNION ALL SELECT … FROM part_2) SELECT k1, sum(n) AS n FROM u GROUP BY 1) AS g
//! keys, one step:  where a key never lies in two parts, or each part of a table has the keys to which it refers
//! ```
//!
//! A statement about the whole table would fetch its rows. One about each part of it is sent to the server of the
//! part, and all servers work at once, if it holds only what `postgres_fdw` sends: `pushdown/postgres/sent.rs`
//! says what is written otherwise for it. Whether a statement has come to be so is for its plan to say; what a key set asks of the
//! planner to get there is noted where it is written. Parts that lie on the server itself are counted there.

mod keyed;
mod sample;
mod tally;

use crate::pushdown::fragment::Fragment;
use crate::pushdown::keyed::{Compiler, Rows, named, names};

pub(crate) use tally::SpreadTally;

impl Compiler<'_> {
    /// Whether a table has parts on other servers.
    pub(crate) fn is_spread(&self, table: usize) -> bool {
        let table = self.tables.get(table).and_then(Option::as_ref);
        table.and_then(|it| it.shards.as_ref()).is_some_and(|it| !it.parts.is_empty())
    }

    /// The parts of a table; the table itself if it has none.
    pub(crate) fn parts(&self, table: usize) -> Vec<String> {
        let Some(table) = self.tables.get(table).and_then(Option::as_ref) else {
            return Vec::new();
        };
        match &table.shards {
            Some(shards) if !shards.parts.is_empty() => shards.parts.clone(),
            _ => vec![table.sql.clone()],
        }
    }

    /// The groups of a key set, with what their keys determine if that is so: `k1`, …, `t1`, … and the number `n` of
    /// their rows. Each part is grouped, and then what comes of them.
    pub(crate) fn grouped(&self, rows: &Rows) -> Fragment {
        let columns = rows.keys + rows.values;
        let numbers = ordinals(1, columns);
        let selected = named("k", &rows.written.keys).into_iter();
        let selected: Vec<_> = selected.chain(named("t", &rows.written.values)).collect();
        let part = |part: &String| {
            let sql = Fragment::new("SELECT ").and(&Fragment::joined(&selected, ", "));
            let sql = sql.text(&format!(", count(*) AS n FROM {part} WHERE "));
            sql.and(&rows.written.condition).text(&format!(" GROUP BY {numbers}"))
        };
        let parts: Vec<_> = self.parts(rows.table).iter().map(part).collect();
        let forms = rows.forms.iter().chain(&rows.written.value_forms);
        // Of what is materialized the planner wants no order, for which it would rather fetch sorted rows.
        let sql = Fragment::new("WITH u AS MATERIALIZED (");
        let sql = sql.and(&Fragment::joined(&parts, " UNION ALL ")).text(") SELECT ");
        let sql = sql.text(&collated(rows, forms)).text(", CAST(sum(n) AS bigint) AS n FROM u");
        sql.text(&format!(" GROUP BY {numbers}"))
    }

    /// The keys of a key set that more than one row has, with the number `n` of those.
    pub(crate) fn shared_keys(&self, rows: &Rows) -> Fragment {
        let sql = Fragment::new(format!("SELECT {}, n FROM (", names("k", rows.keys)));
        sql.and(&self.grouped(rows)).text(") AS s WHERE n > 1")
    }
}

/// `2, 3`: the positions of so many columns, from the one at `first`.
fn ordinals(first: usize, count: usize) -> String {
    let numbers: Vec<_> = (first..first + count).map(|it| it.to_string()).collect();
    numbers.join(", ")
}

/// The keys and values of groups, text by its bytes: what comes of parts has the collation of its column, and is
/// compared with what has another.
fn collated<'a>(rows: &Rows, forms: impl Iterator<Item = &'a &'static str>) -> String {
    let names = (1..=rows.keys).map(|it| format!("k{it}"));
    let names = names.chain((1..=rows.values).map(|it| format!("t{it}")));
    let collated = names.zip(forms).map(|(name, form)| match *form {
        "text" => format!("{name} COLLATE \"C\" AS {name}"),
        _ => name,
    });
    collated.collect::<Vec<_>>().join(", ")
}
