//! Spans of time that overlap: those of one key are sorted by their first day.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::keyed::{Asking, Compiler, Rows, names};
use crate::pushdown::target::Reason;
use crate::rules::Keys;

impl Compiler<'_> {
    pub(crate) fn disjoint(&mut self, keys: Keys) -> Result<Asking, Reason> {
        let rows = self.rows(keys, (false, &[]))?;
        let keys = names("k", rows.keys);
        let sql = Fragment::new("SELECT ").and(&self.whole("coalesce(sum(n), 0)"));
        let sql = sql.text(", count(*) FROM (SELECT count(*) AS n FROM (");
        let sql = sql.and(&overlapping(&rows)).text(") AS r WHERE r.x = 1 GROUP BY ").text(&keys);
        Ok(Asking::new(sql.text(") AS g"), vec![rows], true))
    }
}

/// All spans, with `x`: 1 where one shares a day with another of its key.
///
/// It does with one that begins on the same day, with one that began before and has not ended, or else with the
/// next one.
pub(crate) fn overlapping(rows: &Rows) -> Fragment {
    let keys = names("s.k", rows.keys);
    let sql = Fragment::new(format!(
        "SELECT s.*, CASE WHEN count(*) OVER (PARTITION BY {keys}, s.t1) > 1 \
         OR max(s.t2) OVER (PARTITION BY {keys} ORDER BY s.t1 \
         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) >= s.t1 \
         OR lead(s.t1) OVER (PARTITION BY {keys} ORDER BY s.t1) <= s.t2 THEN 1 ELSE 0 END AS x FROM ("
    ));
    sql.and(&rows.query).text(") AS s")
}
