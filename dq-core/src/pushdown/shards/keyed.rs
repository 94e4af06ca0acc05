//! Checks by key of tables with parts.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::joins::equal;
use crate::pushdown::keyed::{Asking, Compiler, Rows, named, names};
use crate::pushdown::shards::ordinals;
use crate::pushdown::target::Reason;
use crate::rules::{Kernel, KeySet, Keys};
use crate::source::{SqlKind, SqlShards};

/// How a join keeps what has no other side, such that it is sent to a server: `IS NULL` alone would be made an anti-join,
/// which is not.
const UNMATCHED: &str = "CASE WHEN o.k1 IS NULL THEN 1 ELSE 0 END = 1";

impl Compiler<'_> {
    /// What a check by key asks, if a table of it has parts; none if it has none.
    pub(crate) fn over_parts(&mut self, kernel: &Kernel) -> Result<Option<Asking>, Reason> {
        if !kernel.keys().iter().any(|it| self.is_spread(it.set.table)) {
            return Ok(None);
        }
        Ok(Some(match kernel {
            Kernel::Unique(keys) => self.spread_unique(*keys)?,
            Kernel::Dependency(keys) => self.spread_dependency(*keys)?,
            Kernel::DistinctCount { keys, .. } => {
                let rows = self.rows(*keys, (false, &[]))?;
                let sql = Fragment::new("SELECT CAST(0 AS bigint), count(*) FROM (");
                let sql = sql.and(&self.grouped(&rows)).text(") AS g");
                Asking::new(sql, vec![rows], true)
            }
            Kernel::References { child, parent } => {
                let sides = self.sides((*child, *parent), (false, &[]))?;
                self.spread_references(sides, (*child, *parent), true)
            }
            Kernel::Cardinality { parent, child, min: 1, max: u64::MAX } => {
                let sides = self.sides((*parent, *child), (false, &[]))?;
                self.spread_references(sides, (*parent, *child), false)
            }
            Kernel::Cardinality { parent, child, min, max } => {
                self.spread_cardinality((*parent, *child), (*min, *max))?
            }
            _ => return Ok(None),
        }))
    }

    fn spread_unique(&mut self, keys: Keys) -> Result<Asking, Reason> {
        let rows = self.rows(keys, (false, &[]))?;
        let sql = if self.stays_in_part(keys) {
            let numbers = ordinals(2, rows.keys);
            let selected = Fragment::joined(&named("k", &rows.written.keys), ", ");
            let part = |part: &String| {
                let sql = Fragment::new("SELECT count(*) AS n, ").and(&selected);
                let sql = sql.text(&format!(" FROM {part} WHERE ")).and(&rows.written.condition);
                sql.text(&format!(" GROUP BY {numbers} HAVING count(*) > 1"))
            };
            let parts: Vec<_> = self.parts(rows.table).iter().map(part).collect();
            summed(&Fragment::joined(&parts, " UNION ALL "), rows.keys)
        } else {
            let sql = Fragment::new("SELECT CAST(coalesce(sum(n), 0) AS bigint), count(*) FROM (");
            sql.and(&self.shared_keys(&rows)).text(") AS g")
        };
        Ok(Asking::new(sql, vec![rows], true))
    }

    fn spread_dependency(&mut self, keys: Keys) -> Result<Asking, Reason> {
        let rows = self.rows(keys, (false, &[]))?;
        let keys = names("k", rows.keys);
        let sql = Fragment::new(
            "SELECT CAST(coalesce(sum(CASE WHEN most * 2 > n THEN n - most ELSE n END), 0) AS bigint), count(*) \
             FROM (SELECT CAST(sum(n) AS bigint) AS n, max(n) AS most FROM (",
        );
        let sql = sql.and(&self.grouped(&rows));
        let sql = sql.text(&format!(") AS p GROUP BY {keys} HAVING count(*) > 1) AS g"));
        Ok(Asking::new(sql, vec![rows], true))
    }

    /// The rows of `one` whose key `other` has not.
    fn spread_references(
        &self,
        (one, other): (Rows, Rows),
        keys: (Keys, Keys),
        has_groups: bool,
    ) -> Asking {
        let sql = Fragment::new("SELECT CAST(coalesce(sum(c.n), 0) AS bigint), count(*) FROM (");
        let everywhere = sql.and(&self.missing_keys(&one, &other)).text(") AS c");
        let beside = self.are_beside(keys).then(|| self.in_each_part(&one, &other));
        let (sql, fallback) = match beside {
            Some(sql) => (sql, Some(everywhere)),
            None => (everywhere, None),
        };
        Asking { fallback, ..Asking::new(sql, vec![one, other], has_groups) }
    }

    /// The keys of `one` that `other` has not, with the number `n` of their rows.
    pub(crate) fn missing_keys(&self, one: &Rows, other: &Rows) -> Fragment {
        let keys: Vec<_> = (1..=one.keys).map(|it| format!("a.k{it}")).collect();
        let sql = Fragment::new(format!("SELECT {}, a.n FROM (", keys.join(", ")));
        let sql = sql.and(&self.grouped(one)).text(") AS a LEFT JOIN (");
        let sql = sql.and(&self.grouped(other)).text(") AS o ON ");
        sql.text(&equal(one.keys, "a", "o")).text(" WHERE o.k1 IS NULL")
    }

    /// The same, where each part of `one` finds its keys in the part of `other` that lies beside it.
    fn in_each_part(&self, one: &Rows, other: &Rows) -> Fragment {
        let keys = |rows: &Rows, part: &str| {
            let selected = Fragment::joined(&named("k", &rows.written.keys), ", ");
            let sql = Fragment::new("(SELECT ").and(&selected);
            sql.text(&format!(" FROM {part} WHERE ")).and(&rows.written.condition).text(")")
        };
        let numbers = ordinals(2, one.keys);
        let selected: Vec<_> = (1..=one.keys).map(|it| format!("a.k{it} AS k{it}")).collect();
        let (here, there) = (self.parts(one.table), self.parts(other.table));
        let part = |(part, beside): (&String, &String)| {
            let sql = Fragment::new(format!("SELECT count(*) AS n, {} FROM ", selected.join(", ")));
            let sql = sql.and(&keys(one, part)).text(" AS a LEFT JOIN ").and(&keys(other, beside));
            let sql = sql.text(" AS o ON ").text(&equal(one.keys, "a", "o"));
            sql.text(&format!(" WHERE {UNMATCHED} GROUP BY {numbers}"))
        };
        let parts: Vec<_> = here.iter().zip(&there).map(part).collect();
        summed(&Fragment::joined(&parts, " UNION ALL "), one.keys)
    }

    fn spread_cardinality(
        &mut self,
        (parent, child): (Keys, Keys),
        bounds: (u64, u64),
    ) -> Result<Asking, Reason> {
        let (parent, child) = self.sides((parent, child), (false, &[]))?;
        let sql =
            Fragment::new("SELECT CAST(coalesce(sum(c.n), 0) AS bigint), CAST(0 AS bigint) FROM (");
        let sql = sql.and(&self.miscounted_keys((&parent, &child), bounds)).text(") AS c");
        Ok(Asking::new(sql, vec![parent, child], false))
    }

    /// The keys of `parent` that `child` has another number of times than between bounds, with the number `n` of
    /// their rows in `parent`.
    pub(crate) fn miscounted_keys(
        &self,
        (parent, child): (&Rows, &Rows),
        (min, max): (u64, u64),
    ) -> Fragment {
        let bound = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
        let keys: Vec<_> = (1..=parent.keys).map(|it| format!("a.k{it}")).collect();
        let sql = Fragment::new(format!("SELECT {}, a.n FROM (", keys.join(", ")));
        let sql = sql.and(&self.grouped(parent)).text(") AS a LEFT JOIN (");
        let sql = sql.and(&self.grouped(child)).text(") AS o ON ");
        let sql = sql.text(&equal(parent.keys, "a", "o"));
        let sql = sql.text(" WHERE CASE WHEN o.n IS NULL THEN 0 ELSE o.n END NOT BETWEEN CAST(");
        let sql = sql.bind(bound(min)).text(" AS bigint) AND CAST(").bind(bound(max));
        sql.text(" AS bigint)")
    }

    /// Whether rows of one key never lie in two parts.
    fn stays_in_part(&self, keys: Keys) -> bool {
        self.deciding(keys).is_some()
    }

    /// Whether the rows of two equal keys always lie in parts at the same position, on the same server.
    fn are_beside(&self, (one, other): (Keys, Keys)) -> bool {
        let layout = |keys: Keys| self.shards(keys.set.table).map(|it| &it.layout);
        let deciding = self.deciding(one);
        deciding.is_some()
            && deciding == self.deciding(other)
            && layout(one) == layout(other)
            && self.parts(one.set.table).len() == self.parts(other.set.table).len()
    }

    fn shards(&self, table: usize) -> Option<&SqlShards> {
        self.tables.get(table)?.as_ref()?.shards.as_ref()
    }

    /// Where in a key the columns stand that decide in which part a row is; none if one is missing, or changed
    /// before it is compared.
    fn deciding(&self, keys: Keys) -> Option<Vec<usize>> {
        let shards = self.shards(keys.set.table).filter(|it| !it.key.is_empty())?;
        let set = self.plan.key_set(keys.set)?;
        let place = |column: &usize| self.place(keys.set.table, set, *column);
        shards.key.iter().map(place).collect()
    }

    /// Where in a key a column of the table stands, as it is.
    fn place(&self, table: usize, set: &KeySet, column: usize) -> Option<usize> {
        let plan = self.plan.tables.get(table)?;
        let place = set.columns.iter().position(|it| plan.columns.get(*it) == Some(&column))?;
        let sql = self.tables.get(table)?.as_ref()?.columns.get(column)?;
        (set.form.keeps_text() || sql.kind != SqlKind::Text).then_some(place)
    }
}

/// Adds the numbers of groups that come from parts. Their keys are counted, too, lest the planner leaves them out
/// and no longer lets the parts work at once.
fn summed(parts: &Fragment, keys: usize) -> Fragment {
    let keys = names("k", keys);
    let sql = format!("SELECT CAST(coalesce(sum(n), 0) AS bigint), count(ROW({keys})) FROM (");
    Fragment::new(sql).and(parts).text(") AS g")
}
