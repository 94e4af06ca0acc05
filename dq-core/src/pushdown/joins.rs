//! Checks of two tables: each side is grouped first, so that a key is looked up once.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::keyed::{Asking, Compiler, Rows, names};
use crate::pushdown::target::Reason;
use crate::rules::Keys;

impl Compiler<'_> {
    /// Both sides of a check, with keys that can be compared with each other.
    pub(crate) fn sides(
        &mut self,
        (mine, other): (Keys, Keys),
        (with_names, shown): (bool, &[usize]),
    ) -> Result<(Rows, Rows), Reason> {
        for as_text in [false, true] {
            let mine = self.rows_as(mine, (with_names, shown), as_text)?;
            let other = self.rows_as(other, (false, &[]), as_text)?;
            if mine.forms == other.forms {
                return Ok((mine, other));
            }
        }
        Err("it compares keys of different types".to_owned())
    }

    pub(crate) fn references(&mut self, child: Keys, parent: Keys) -> Result<Asking, Reason> {
        let (child, parent) = self.sides((child, parent), (false, &[]))?;
        let keys = names("k", child.keys);
        let sql = Fragment::new("SELECT ").and(&self.whole("coalesce(sum(c.n), 0)"));
        let sql = sql
            .text(", count(*) FROM (SELECT ")
            .text(&keys)
            .text(", count(*) AS n FROM (")
            .and(&child.query);
        let sql = sql.text(") AS r GROUP BY ").text(&keys).text(") AS c");
        let sql = sql.and(&without(&parent, "c"));
        Ok(Asking::new(sql, vec![child, parent], true))
    }

    pub(crate) fn cardinality(
        &mut self,
        parent: Keys,
        child: Keys,
        bounds: (u64, u64),
    ) -> Result<Asking, Reason> {
        let (parent, child) = self.sides((parent, child), (false, &[]))?;
        let sql = Fragment::new("SELECT count(*), ").and(&self.whole("0")).text(" FROM (");
        let sql = sql.and(&parent.query).text(") AS p");
        let sql = sql.and(&self.counted(&child, "p", bounds));
        Ok(Asking::new(sql, vec![parent, child], false))
    }

    /// Joins the rows called `name` to those of the other side, and keeps those that have another number of
    /// them than between bounds.
    pub(crate) fn counted(&self, other: &Rows, name: &str, (min, max): (u64, u64)) -> Fragment {
        let keys = names("k", other.keys);
        let bound = |it: u64| {
            let number = Fragment::default().bind(i64::try_from(it).unwrap_or(i64::MAX));
            Fragment::new("CAST(").and(&number).text(&format!(" AS {})", self.writer.whole_type()))
        };
        let sql = Fragment::new(format!(" LEFT JOIN (SELECT {keys}, count(*) AS n FROM ("));
        let sql = sql.and(&other.query).text(&format!(") AS r GROUP BY {keys}) AS o ON "));
        let sql = sql.text(&equal(other.keys, name, "o"));
        let sql = sql.text(" WHERE CASE WHEN o.n IS NULL THEN 0 ELSE o.n END NOT BETWEEN ");
        sql.and(&bound(min)).text(" AND ").and(&bound(max))
    }
}

/// Joins the rows called `name` to those of the other side, and keeps those that have none there.
pub(crate) fn without(other: &Rows, name: &str) -> Fragment {
    let keys = names("k", other.keys);
    let sql = Fragment::new(format!(" LEFT JOIN (SELECT DISTINCT {keys} FROM ("));
    let sql = sql.and(&other.query).text(") AS r) AS o ON ").text(&equal(other.keys, name, "o"));
    sql.text(" WHERE o.k1 IS NULL")
}

/// `a.k1 = b.k1 AND …`.
pub(crate) fn equal(keys: usize, one: &str, other: &str) -> String {
    let equal: Vec<_> = (1..=keys).map(|it| format!("{one}.k{it} = {other}.k{it}")).collect();
    equal.join(" AND ")
}
