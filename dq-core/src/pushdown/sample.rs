//! The rows that violate a check: those with the lowest keys.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::joins::{equal, without};
use crate::pushdown::keyed::{Compiler, Rows, names};
use crate::pushdown::spans::overlapping;
use crate::pushdown::target::Reason;
use crate::rules::{Kernel, Keys, PlannedCheck};
use crate::source::{Query, SqlFunction};

impl Compiler<'_> {
    /// A query for some rows that violate a check.
    pub(crate) fn sample(mut self, check: usize, limit: usize, with_values: bool) -> Option<Query> {
        let plan = self.plan;
        let check = plan.checks.get(check)?;
        let key = plan.tables.get(check.table)?.primary_key.len();
        let shown = if with_values { check.columns.as_slice() } else { &[] };
        if key == 0 {
            return None;
        }
        let tables = check.kernel.keys().into_iter().map(|it| it.set.table);
        if tables.chain([check.table]).any(|it| self.is_spread(it)) {
            return self.spread_sample(check, shown, limit).ok();
        }
        if matches!(check.kernel, Kernel::Row(_)) {
            return self.failing_rows(check, shown, limit).ok();
        }
        let (sql, rows) = self.failing_keys(check, shown).ok()?;
        let order: Vec<_> = (1..=key).map(|it| self.writer.ordered(&format!("r.p{it}"))).collect();
        let sql = sql.text(&format!(" ORDER BY {} LIMIT ", order.join(", ")));
        Some(self.query(sql.bind(limit as i64), check.table, &rows))
    }

    fn failing_rows(
        &mut self,
        check: &PlannedCheck,
        shown: &[usize],
        limit: usize,
    ) -> Result<Query, Reason> {
        let Kernel::Row(kernel) = &check.kernel else {
            return Err("it is no check of rows".into());
        };
        let scope = self.scope(check.table, check.filter)?;
        let asked = self.violations(check, kernel.as_ref())?;
        let plan = self.plan;
        let table = plan.tables.get(check.table).ok_or("a table is lost")?;
        let columns = |positions: &[usize]| {
            let sql = self.tables.get(check.table).and_then(Option::as_ref);
            let column =
                |it: &usize| sql?.columns.get(*table.columns.get(*it)?).map(|it| it.sql.clone());
            positions.iter().map(column).collect::<Option<Vec<_>>>()
        };
        let key = columns(&table.primary_key).ok_or("a column is lost")?;
        let values = columns(shown).ok_or("a column is lost")?;
        let order: Vec<_> = key.iter().map(|it| self.writer.ordered(it)).collect();
        let selected: Vec<_> = key.into_iter().chain(values).collect();
        let from = self.tables.get(check.table).and_then(Option::as_ref).map(|it| it.sql.clone());
        let from = from.ok_or("a table is lost")?;
        let sql = Fragment::new(format!("SELECT {} FROM {from} WHERE ", selected.join(", ")));
        let asked: Vec<_> = scope.into_iter().chain([asked]).collect();
        let conditions: Vec<_> = asked.iter().map(|it| it.condition.enclosed()).collect();
        let sql = sql.and(&Fragment::joined(&conditions, " AND "));
        let sql = sql.text(&format!(" ORDER BY {} LIMIT ", order.join(", "))).bind(limit as i64);
        let functions: Vec<SqlFunction> = asked.into_iter().flat_map(|it| it.functions).collect();
        let query = self.query(sql, check.table, &[]);
        Ok(Query { functions, reads: vec![table.schema.name.clone()], ..query })
    }

    /// The rows `r` that violate a check by key.
    fn failing_keys(
        &mut self,
        check: &PlannedCheck,
        shown: &[usize],
    ) -> Result<(Fragment, Vec<Rows>), Reason> {
        match &check.kernel {
            Kernel::Unique(keys) => self.shared(*keys, shown),
            Kernel::Dependency(keys) => self.deviating(*keys, shown),
            Kernel::Disjoint(keys) => {
                let rows = self.rows(*keys, (true, shown))?;
                let sql = self.selected(&rows, &overlapping(&rows), shown);
                Ok((sql.text(" WHERE r.x = 1"), vec![rows]))
            }
            Kernel::References { child, parent } => {
                let (child, parent) = self.sides((*child, *parent), (true, shown))?;
                let sql = self.selected(&child, &child.query, shown).and(&without(&parent, "r"));
                Ok((sql, vec![child, parent]))
            }
            Kernel::Cardinality { parent, child, min, max } => {
                let (parent, child) = self.sides((*parent, *child), (true, shown))?;
                let sql = self.selected(&parent, &parent.query, shown).and(&self.counted(
                    &child,
                    "r",
                    (*min, *max),
                ));
                Ok((sql, vec![parent, child]))
            }
            _ => Err("no row violates it by itself".to_owned()),
        }
    }

    /// `SELECT` of the names and values of `rows`, which `query` selects and which are called `r`.
    fn selected(&self, rows: &Rows, query: &Fragment, shown: &[usize]) -> Fragment {
        let key = self.plan.tables.get(rows.table).map_or(0, |it| it.primary_key.len());
        let names = (1..=key).map(|it| format!("r.p{it}"));
        let names: Vec<_> = names.chain((1..=shown.len()).map(|it| format!("r.v{it}"))).collect();
        let sql = Fragment::new(format!("SELECT {} FROM (", names.join(", ")));
        sql.and(query).text(") AS r")
    }

    /// Rows whose key others have, too.
    fn shared(&mut self, keys: Keys, shown: &[usize]) -> Result<(Fragment, Vec<Rows>), Reason> {
        let (named, bare) = (self.rows(keys, (true, shown))?, self.rows(keys, (false, &[]))?);
        let names = names("k", bare.keys);
        let sql = self
            .selected(&named, &named.query, shown)
            .text(&format!(" JOIN (SELECT {names} FROM ("));
        let sql = sql
            .and(&bare.query)
            .text(&format!(") AS s GROUP BY {names} HAVING count(*) > 1) AS g"));
        let sql = sql.text(" ON ").text(&equal(bare.keys, "r", "g"));
        Ok((sql, vec![named, bare]))
    }

    /// Rows whose value is not the one that most rows of their key have.
    fn deviating(&mut self, keys: Keys, shown: &[usize]) -> Result<(Fragment, Vec<Rows>), Reason> {
        let (named, bare) = (self.rows(keys, (true, shown))?, self.rows(keys, (false, &[]))?);
        let (keys, values) = (names("k", bare.keys), names("t", bare.values));
        let pairs = Fragment::new(format!("SELECT {keys}, {values}, count(*) AS n FROM ("));
        let pairs = pairs.and(&bare.query).text(&format!(") AS s GROUP BY {keys}, {values}"));
        let sql = self
            .selected(&named, &named.query, shown)
            .text(" JOIN (")
            .and(&pairs)
            .text(") AS p ON ");
        let same: Vec<_> = (1..=bare.values).map(|it| format!("r.t{it} = p.t{it}")).collect();
        let sql = sql.text(&equal(bare.keys, "r", "p")).text(" AND ").text(&same.join(" AND "));
        let sql = sql.text(&format!(" JOIN (SELECT {keys}, sum(n) AS n, max(n) AS most FROM ("));
        let sql =
            sql.and(&pairs).text(&format!(") AS s GROUP BY {keys} HAVING count(*) > 1) AS g ON "));
        let sql = sql.text(&equal(bare.keys, "r", "g"));
        let sql = sql.text(" WHERE NOT (g.most * 2 > g.n AND p.n = g.most)");
        Ok((sql, vec![named, bare]))
    }
}
