//! The rows that violate a check of a table with parts: each part gives its lowest keys, and of those the lowest are
//! taken. For checks by key, the keys that are wrong are found first, and parts are asked for their rows.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::keyed::{Compiler, Rows, named, names};
use crate::pushdown::target::Reason;
use crate::rules::{Kernel, PlannedCheck};
use crate::source::{Query, SqlKind};

/// How many wrong keys are sent to the parts: those with the lowest values. Rows of more are not looked for.
const KEYS_MAX: i64 = 10_000;

impl Compiler<'_> {
    /// A query for some rows that violate a check of a table with parts.
    pub(crate) fn spread_sample(
        &mut self,
        check: &PlannedCheck,
        shown: &[usize],
        limit: usize,
    ) -> Result<Query, Reason> {
        if let Kernel::Row(kernel) = &check.kernel {
            let scope = self.scope(check.table, check.filter)?;
            let asked = self.violations(check, kernel.as_ref())?;
            let asked: Vec<_> = scope.into_iter().chain([asked]).collect();
            let conditions: Vec<_> = asked.iter().map(|it| it.condition.enclosed()).collect();
            let condition = Fragment::joined(&conditions, " AND ");
            let wanted = self.wanted(check.table, shown)?;
            let parts = self.lowest(check.table, &wanted, (&condition, Some(limit)))?;
            let sql = self.merged(check.table, &wanted, (&parts, ""), limit)?;
            let query = self.query(sql, check.table, &[]);
            let name = query.table.clone();
            return Ok(Query { reads: vec![name], ..query });
        }
        let (wrong, rows) = self.wrong_keys(check)?;
        let Some(first) = rows.first() else { return Err("no row violates it by itself".into()) };
        let is_dependency = matches!(check.kernel, Kernel::Dependency(_));
        // Rows of one key column are all wanted; of several, those of some other pair of values come, too.
        let few = (first.keys == 1 && !is_dependency).then_some(limit);
        let mut wanted = self.wanted(check.table, shown)?;
        wanted.extend(named("k", &first.written.keys));
        wanted.extend(named("t", &first.written.values));
        let condition = among(first);
        let parts = self.lowest(check.table, &wanted, (&condition, few))?;
        let keys = names("k", first.keys);
        let sql = Fragment::new(format!("WITH wrong AS MATERIALIZED (SELECT {keys} FROM ("));
        let sql = sql.and(&wrong).text(&format!(") AS w ORDER BY {keys} LIMIT {KEYS_MAX}) "));
        let (parts, joined) =
            if is_dependency { deviating(first, &parts) } else { (parts, is_wrong(first)) };
        let shown = self.wanted(check.table, shown)?;
        let sql = sql.and(&self.merged(check.table, &shown, (&parts, &joined), limit)?);
        Ok(self.query(sql, check.table, &rows))
    }

    /// The keys that violate a check, and the rows that it compares, those of its own table first.
    fn wrong_keys(&mut self, check: &PlannedCheck) -> Result<(Fragment, Vec<Rows>), Reason> {
        match &check.kernel {
            Kernel::Unique(keys) => {
                let rows = self.rows(*keys, (false, &[]))?;
                Ok((self.shared_keys(&rows), vec![rows]))
            }
            Kernel::Dependency(keys) => {
                let rows = self.rows(*keys, (false, &[]))?;
                let keys = names("k", rows.keys);
                let sql = Fragment::new(format!("SELECT {keys} FROM ("));
                let sql = sql.and(&self.grouped(&rows));
                let sql = sql.text(&format!(") AS p GROUP BY {keys} HAVING count(*) > 1"));
                Ok((sql, vec![rows]))
            }
            Kernel::References { child, parent } => {
                let (child, parent) = self.sides((*child, *parent), (false, &[]))?;
                Ok((self.missing_keys(&child, &parent), vec![child, parent]))
            }
            Kernel::Cardinality { parent, child, min, max } => {
                let (parent, child) = self.sides((*parent, *child), (false, &[]))?;
                let sql = self.miscounted_keys((&parent, &child), (*min, *max));
                Ok((sql, vec![parent, child]))
            }
            _ => Err("no row violates it by itself".to_owned()),
        }
    }

    /// The primary key of a table as `p1`, …, and columns to show as `v1`, ….
    fn wanted(&self, table: usize, shown: &[usize]) -> Result<Vec<Fragment>, Reason> {
        let plan = self.plan.tables.get(table).ok_or("a table is lost")?;
        let key = self.columns_of(table, &plan.primary_key)?;
        let mut wanted = named("p", &key);
        wanted.extend(named("v", &self.columns_of(table, shown)?));
        Ok(wanted)
    }

    fn columns_of(&self, table: usize, positions: &[usize]) -> Result<Vec<Fragment>, Reason> {
        let plan = self.plan.tables.get(table).ok_or("a table is lost")?;
        let sql = self.tables.get(table).and_then(Option::as_ref).ok_or("a table is lost")?;
        let column = |it: &usize| sql.columns.get(*plan.columns.get(*it)?);
        let columns = positions.iter().map(|it| column(it).map(|it| Fragment::new(&*it.sql)));
        columns.collect::<Option<_>>().ok_or_else(|| "a column is lost".to_owned())
    }

    /// Those rows of each part for which a condition holds, if there is a limit only the lowest.
    fn lowest(
        &self,
        table: usize,
        wanted: &[Fragment],
        (condition, limit): (&Fragment, Option<usize>),
    ) -> Result<Fragment, Reason> {
        let order = self.order(table, |it, is_text| {
            // Only so is text ordered by its bytes on the server of the part.
            let order = if is_text { " USING ~<~" } else { "" };
            format!("{it}{order} NULLS FIRST")
        })?;
        let part = |part: &String| {
            let sql = Fragment::new("(SELECT ").and(&Fragment::joined(wanted, ", "));
            let sql = sql.text(&format!(" FROM {part} WHERE ")).and(condition);
            let sql = match limit {
                Some(limit) => sql.text(&format!(" ORDER BY {order} LIMIT {limit}")),
                None => sql,
            };
            sql.text(")")
        };
        let parts: Vec<_> = self.parts(table).iter().map(part).collect();
        Ok(Fragment::joined(&parts, " UNION ALL "))
    }

    /// The lowest of all rows that come from parts and, with what `joined` says, are wrong.
    fn merged(
        &self,
        table: usize,
        wanted: &[Fragment],
        (parts, joined): (&Fragment, &str),
        limit: usize,
    ) -> Result<Fragment, Reason> {
        let key = self.plan.tables.get(table).map_or(0, |it| it.primary_key.len());
        let names = (1..=key).map(|it| format!("r.p{it}"));
        let names =
            names.chain((1..=wanted.len().saturating_sub(key)).map(|it| format!("r.v{it}")));
        let names: Vec<_> = names.collect();
        let mut number = 0;
        let order = self.order(table, |_, is_text| {
            number += 1;
            let collation = if is_text { " COLLATE \"C\"" } else { "" };
            format!("r.p{number}{collation} NULLS FIRST")
        })?;
        let sql = Fragment::new(format!("SELECT {} FROM (", names.join(", ")));
        let sql = sql.and(parts).text(&format!(") AS r{joined} ORDER BY {order} LIMIT "));
        Ok(sql.bind(i64::try_from(limit).unwrap_or(i64::MAX)))
    }

    /// How to order by the primary key of a table: what `each` says of every column of it.
    fn order(
        &self,
        table: usize,
        mut each: impl FnMut(&str, bool) -> String,
    ) -> Result<String, Reason> {
        let plan = self.plan.tables.get(table).ok_or("a table is lost")?;
        let sql = self.tables.get(table).and_then(Option::as_ref).ok_or("a table is lost")?;
        let column = |it: &usize| sql.columns.get(*plan.columns.get(*it)?);
        let order = plan.primary_key.iter().map(|it| {
            let column = column(it)?;
            Some(each(&column.sql, column.kind == SqlKind::Text))
        });
        let order: Vec<_> = order.collect::<Option<_>>().ok_or("a column is lost")?;
        Ok(order.join(", "))
    }
}

/// The rows in scope with a key that is wrong. A list of texts must not bring along another collation.
fn among(rows: &Rows) -> Fragment {
    let each = rows.written.keys.iter().zip(&rows.forms).enumerate();
    let each = each.map(|(number, (key, form))| {
        let collation = if *form == "text" { " COLLATE \"default\"" } else { "" };
        let list = format!(" = ANY (ARRAY(SELECT k{}{collation} FROM wrong))", number + 1);
        key.enclosed().text(&list)
    });
    let each: Vec<_> = each.collect();
    let sql = Fragment::default().and(&rows.written.condition).text(" AND ");
    sql.and(&Fragment::joined(&each, " AND "))
}

/// Keeps the rows `r` whose whole key is wrong.
fn is_wrong(rows: &Rows) -> String {
    if rows.keys == 1 {
        return String::new();
    }
    format!(" WHERE EXISTS (SELECT FROM wrong AS w WHERE {})", same(rows, 'k', rows.keys, "w"))
}

/// Keeps the rows `r` whose value is not the one that most rows of their key have: all rows of the key are there.
fn deviating(rows: &Rows, parts: &Fragment) -> (Fragment, String) {
    let (keys, values) = (names("k", rows.keys), names("t", rows.values));
    let sql = Fragment::new(format!(
        "SELECT m.*, max(m.alike) OVER (PARTITION BY {keys}) AS most FROM (SELECT q.*, \
         count(*) OVER (PARTITION BY {keys}, {values}) AS alike, count(*) OVER (PARTITION BY {keys}) AS n FROM ("
    ));
    let sql = sql.and(parts).text(") AS q) AS m");
    (sql, " WHERE NOT (r.most * 2 > r.n AND r.alike = r.most)".to_owned())
}

fn same(rows: &Rows, letter: char, count: usize, other: &str) -> String {
    let forms = rows.forms.iter();
    let same = (1..=count).zip(forms).map(|(number, form)| {
        let collation = if *form == "text" { " COLLATE \"C\"" } else { "" };
        format!("r.{letter}{number}{collation} = {other}.{letter}{number}{collation}")
    });
    same.collect::<Vec<_>>().join(" AND ")
}
