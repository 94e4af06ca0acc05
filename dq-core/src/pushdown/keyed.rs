//! Compiles the checks of a plan, those by key with a statement each.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::tally::Tally;
use crate::pushdown::target::{Asked, Doubt, Reason, Target, Writer};
use crate::pushdown::{Asks, Pushdown, Spread, Statement, refusal};
use crate::rules::{Kernel, KeyValues, Keys, Now, Plan, PlannedCheck};
use crate::source::{Dialect, Query, SqlFunction, SqlTable};

/// Compiles one plan.
pub(crate) struct Compiler<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) writer: Box<dyn Writer>,
    pub(crate) tables: Vec<Option<SqlTable>>,
}

/// The rows of a key set, as a query: `k1`, `k2`, … are their keys, `t1`, … what those determine.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) query: Fragment,
    pub(crate) written: WrittenRows,
    pub(crate) keys: usize,
    pub(crate) values: usize,
    pub(crate) forms: Vec<&'static str>,
    pub(crate) doubts: Vec<(usize, Doubt)>,
    pub(crate) functions: Vec<SqlFunction>,
    pub(crate) table: usize,
}

/// What the rows of a key set are made of: expressions over a row of their table.
#[derive(Clone, Debug)]
pub(crate) struct WrittenRows {
    pub(crate) keys: Vec<Fragment>,
    pub(crate) values: Vec<Fragment>,
    /// What the values can be compared with.
    pub(crate) value_forms: Vec<&'static str>,
    /// Which rows they are.
    pub(crate) condition: Fragment,
}

/// A statement for a check by key, before its values are bound.
pub(crate) struct Asking {
    pub(crate) sql: Fragment,
    pub(crate) rows: Vec<Rows>,
    pub(crate) has_groups: bool,
    /// What asks the same, if the first cannot be sent to where the rows are.
    pub(crate) fallback: Option<Fragment>,
}

impl Asking {
    pub(crate) fn new(sql: Fragment, rows: Vec<Rows>, has_groups: bool) -> Self {
        Self { sql, rows, has_groups, fallback: None }
    }
}

impl<'p> Compiler<'p> {
    pub(crate) fn new(
        plan: &'p Plan,
        writer: Box<dyn Writer>,
        table: impl Fn(&str) -> Option<SqlTable>,
    ) -> Self {
        let tables = plan.tables.iter().map(|it| table(&it.schema.name)).collect();
        Self { plan, writer, tables }
    }

    pub(crate) fn compile(mut self, dialect: Dialect, now: Now) -> Pushdown {
        let plan = self.plan;
        let mut tallies: Vec<_> = (0..plan.tables.len()).map(Tally::new).collect();
        let mut refusals = Vec::new();
        let mut statements = Vec::new();
        for (position, check) in plan.checks.iter().enumerate() {
            let compiled = self.check(position, check, (&mut tallies, now));
            refusals.push(compiled.map(|it| statements.extend(it)).err());
        }
        let tallies = tallies.into_iter().flat_map(|it| it.finish(&mut self, (dialect, now)));
        let mut all: Vec<_> = tallies.collect();
        all.extend(statements);
        Pushdown { statements: all, refusals }
    }

    fn check(
        &mut self,
        position: usize,
        check: &PlannedCheck,
        (tallies, now): (&mut [Tally], Now),
    ) -> Result<Option<Statement>, Reason> {
        if let Some(reason) = refusal(&check.kernel) {
            return Err(reason);
        }
        let lost = "a table is lost";
        if let (Some(filter), Some(scope)) = (check.filter, self.scope(check.table, check.filter)?)
        {
            tallies.get_mut(check.table).ok_or(lost)?.add_scope(position, filter, scope);
        }
        let Some(asking) = self.asking(position, check, (tallies, now))? else { return Ok(None) };
        for (table, doubt) in asking.rows.iter().flat_map(|it| &it.doubts) {
            tallies.get_mut(*table).ok_or(lost)?.add_doubt(position, doubt.clone());
        }
        let has_groups = asking.has_groups;
        let fallback = asking.fallback.map(|it| self.query(it, check.table, &asking.rows));
        let is_spread = asking.rows.iter().any(|it| self.is_spread(it.table));
        let spread = if is_spread { Spread::Keys(fallback.map(Box::new)) } else { Spread::No };
        let query = self.query(asking.sql, check.table, &asking.rows);
        Ok(Some(Statement { query, asks: Asks::Groups { check: position, has_groups }, spread }))
    }

    /// What a check by key asks; other checks are added to the tally of their table.
    fn asking(
        &mut self,
        position: usize,
        check: &PlannedCheck,
        (tallies, now): (&mut [Tally], Now),
    ) -> Result<Option<Asking>, Reason> {
        if let Some(asking) = self.over_parts(&check.kernel)? {
            return Ok(Some(asking));
        }
        let tally = tallies.get_mut(check.table).ok_or("a table is lost")?;
        Ok(Some(match &check.kernel {
            Kernel::Row(kernel) => {
                let asked = self.violations(check, kernel.as_ref())?;
                tally.add_violations(position, check.filter, asked);
                return Ok(None);
            }
            Kernel::Figure { measure, figure } if figure.is_completeness() => {
                let present = self.presence(*measure)?;
                tally.add_present(position, check.filter, present);
                return Ok(None);
            }
            Kernel::Figure { measure, figure } => {
                let asked = self.figure(*measure, figure, now)?;
                tally.add_figure((position, measure.index), check.filter, asked);
                return Ok(None);
            }
            Kernel::Unique(keys) => self.unique(*keys)?,
            Kernel::Dependency(keys) => self.dependency(*keys)?,
            Kernel::DistinctCount { keys, .. } => self.distinct(*keys)?,
            Kernel::References { child, parent } => self.references(*child, *parent)?,
            Kernel::Cardinality { parent, child, min, max } => {
                self.cardinality(*parent, *child, (*min, *max))?
            }
            Kernel::Disjoint(keys) => self.disjoint(*keys)?,
            Kernel::Absent(_) | Kernel::RowCount { .. } | Kernel::Query(_) => return Ok(None),
        }))
    }

    fn unique(&mut self, keys: Keys) -> Result<Asking, Reason> {
        let rows = self.rows(keys, (false, &[]))?;
        let sql = Fragment::new("SELECT ").and(&self.whole("coalesce(sum(n), 0)"));
        let sql = sql
            .text(", count(*) FROM (SELECT count(*) AS n FROM (")
            .and(&rows.query)
            .text(") AS r GROUP BY ")
            .text(&names("k", rows.keys));
        let sql = sql.text(" HAVING count(*) > 1) AS g");
        Ok(Asking::new(sql, vec![rows], true))
    }

    fn distinct(&mut self, keys: Keys) -> Result<Asking, Reason> {
        let rows = self.rows(keys, (false, &[]))?;
        let sql = Fragment::new("SELECT ").and(&self.whole("0"));
        let sql = sql
            .text(", count(*) FROM (SELECT DISTINCT ")
            .text(&names("k", rows.keys))
            .text(" FROM (")
            .and(&rows.query);
        Ok(Asking::new(sql.text(") AS r) AS g"), vec![rows], true))
    }

    fn dependency(&mut self, keys: Keys) -> Result<Asking, Reason> {
        let rows = self.rows(keys, (false, &[]))?;
        let (keys, values) = (names("k", rows.keys), names("t", rows.values));
        let most = "coalesce(sum(CASE WHEN most * 2 > n THEN n - most ELSE n END), 0)";
        let sql = Fragment::new("SELECT ").and(&self.whole(most)).text(", count(*) FROM (SELECT ");
        let sql = sql.and(&self.whole("sum(n)")).text(" AS n, max(n) AS most FROM (SELECT ");
        let sql = sql.text(&keys).text(", count(*) AS n FROM (").and(&rows.query);
        let sql = sql.text(&format!(") AS r GROUP BY {keys}, {values}) AS p GROUP BY {keys}"));
        let sql = sql.text(" HAVING count(*) > 1) AS g");
        Ok(Asking::new(sql, vec![rows], true))
    }

    /// The rows that a key set has in one of its scopes; with the primary key as `p1`, `p2`, … and some
    /// columns as `v1`, `v2`, … if wanted.
    pub(crate) fn rows(
        &mut self,
        keys: Keys,
        (with_names, shown): (bool, &[usize]),
    ) -> Result<Rows, Reason> {
        self.rows_as(keys, (with_names, shown), false)
    }

    pub(crate) fn rows_as(
        &mut self,
        keys: Keys,
        (with_names, shown): (bool, &[usize]),
        as_text: bool,
    ) -> Result<Rows, Reason> {
        let set = self.plan.key_set(keys.set).ok_or("a key set is lost")?;
        let table = keys.set.table;
        let filter = set.scopes.get(keys.scope).copied().flatten();
        let mut asked: Vec<_> = self.scope(table, filter)?.into_iter().collect();
        let plan = self.plan.tables.get(table).ok_or("a table is lost")?;
        let sql_table = self.tables.get(table).cloned().flatten();
        let sql_table = sql_table.ok_or("its table has no name in SQL")?;
        let target = Target { plan, table: &sql_table };
        let key = self.writer.key(target, &set.columns, set.form, as_text)?;
        let value = match (&set.to[..], set.values) {
            ([], _) => None,
            (days, KeyValues::Span) => Some(self.writer.span(target, days)?),
            (to, _) => Some(self.writer.key(target, to, set.form, false)?),
        };
        let mut selected = named("k", &key.parts);
        asked.push(key.compared);
        let (mut values, mut value_forms) = (Vec::new(), Vec::new());
        if let Some(value) = value {
            selected.extend(named("t", &value.parts));
            (values, value_forms) = (value.parts, value.forms);
            asked.push(value.compared);
        }
        if with_names {
            selected.extend(named("p", &columns(target, &plan.primary_key)?));
        }
        selected.extend(named("v", &columns(target, shown)?));
        let query = Fragment::new("SELECT ").and(&Fragment::joined(&selected, ", "));
        let query = query.text(&format!(" FROM {} WHERE ", sql_table.sql));
        let condition = Fragment::joined(asked.iter().map(|it| &it.condition), " AND ");
        Ok(Rows {
            query: query.and(&condition),
            keys: key.parts.len(),
            values: values.len(),
            written: WrittenRows { keys: key.parts, values, value_forms, condition },
            forms: key.forms,
            doubts: asked.iter().flat_map(|it| &it.doubts).map(|it| (table, it.clone())).collect(),
            functions: asked.into_iter().flat_map(|it| it.functions).collect(),
            table,
        })
    }

    /// The rows of a table for which a filter holds; none, and all rows are meant, if there is no filter.
    pub(crate) fn scope(
        &mut self,
        table: usize,
        filter: Option<usize>,
    ) -> Result<Option<Asked>, Reason> {
        let Some(filter) = filter else { return Ok(None) };
        let scope = self.on(table, |writer, target| writer.scope(target, filter));
        scope.map(Some).map_err(|it| format!("`where`: {it}"))
    }

    /// A number as one of 64 bits.
    pub(crate) fn whole(&self, number: &str) -> Fragment {
        Fragment::new(format!("CAST({number} AS {})", self.writer.whole_type()))
    }

    /// Asks the writer about a table.
    pub(crate) fn on<T>(
        &mut self,
        table: usize,
        ask: impl FnOnce(&mut dyn Writer, Target<'_>) -> Result<T, Reason>,
    ) -> Result<T, Reason> {
        let plan = self.plan.tables.get(table).ok_or("a table is lost")?;
        let sql = self.tables.get(table).and_then(Option::as_ref);
        let table = sql.ok_or("its table has no name in SQL")?;
        ask(self.writer.as_mut(), Target { plan, table })
    }

    /// A statement about some rows of tables.
    pub(crate) fn query(&self, sql: Fragment, table: usize, rows: &[Rows]) -> Query {
        let name = |it: usize| self.plan.tables.get(it).map(|it| it.schema.name.clone());
        let (sql, parameters) = sql.into_parts();
        Query {
            table: name(table).unwrap_or_default(),
            sql,
            parameters,
            functions: rows.iter().flat_map(|it| it.functions.clone()).collect(),
            reads: rows.iter().filter_map(|it| name(it.table)).collect(),
            refuses_warnings: true,
            ..Query::default()
        }
    }
}

fn columns(target: Target<'_>, positions: &[usize]) -> Result<Vec<Fragment>, Reason> {
    let column = |it: &usize| target.column(*it).map(|it| Fragment::new(it.sql.as_str()));
    positions.iter().map(column).collect()
}

/// `k1, k2`.
pub(crate) fn names(letter: &str, count: usize) -> String {
    let names: Vec<_> = (1..=count).map(|it| format!("{letter}{it}")).collect();
    names.join(", ")
}

/// Expressions as `k1`, `k2`, ….
pub(crate) fn named(letter: &str, parts: &[Fragment]) -> Vec<Fragment> {
    let named = |(number, part): (usize, &Fragment)| {
        Fragment::default().and(part).text(&format!(" AS {letter}{}", number + 1))
    };
    parts.iter().enumerate().map(named).collect()
}
