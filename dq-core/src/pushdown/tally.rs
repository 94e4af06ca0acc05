//! The tally of a table: in one pass over its rows, how many there are, how many are in each scope, and how
//! many violate each check.

use crate::pushdown::counts::PlainTally;
use crate::pushdown::fragment::Fragment;
use crate::pushdown::keyed::Compiler;
use crate::pushdown::shards::SpreadTally;
use crate::pushdown::target::{Asked, AskedFigure, Doubt, Reason};
use crate::pushdown::{Count, Statement, sqlite};
use crate::rules::{Blank, Figure, KeyForm, MeasureId, Now, PlannedCheck, RowKernel};
use crate::source::{Dialect, SqlFunction};

/// How many values a statement binds at most.
const PARAMETERS_MAX: usize = 10_000;
/// How many numbers a statement gives at most.
const COUNTS_MAX: usize = 500;

/// What is counted of one table.
#[derive(Debug)]
pub(crate) struct Tally {
    table: usize,
    counts: Vec<(Count, Fragment)>,
    functions: Vec<SqlFunction>,
}

impl Tally {
    pub(crate) fn new(table: usize) -> Self {
        let rows = (Count::Rows, Fragment::default());
        Self { table, counts: vec![rows], functions: Vec::new() }
    }

    /// Counts the rows in the scope of a check.
    pub(crate) fn add_scope(&mut self, check: usize, filter: usize, scope: Asked) {
        let count = Count::Scope(filter);
        if !self.counts.iter().any(|it| it.0 == count) {
            self.counts.push((count, scope.condition));
        }
        scope.doubts.into_iter().for_each(|it| self.add_doubt(check, it));
        self.functions.extend(scope.functions);
    }

    /// Counts the rows that violate a check.
    pub(crate) fn add_violations(&mut self, check: usize, filter: Option<usize>, asked: Asked) {
        self.add(Count::Violations(check), filter, check, asked);
    }

    /// Counts the rows with a value.
    pub(crate) fn add_present(&mut self, check: usize, filter: Option<usize>, asked: Asked) {
        self.add(Count::Present(check), filter, check, asked);
    }

    /// Asks about the values of a measure; what was asked before is not asked again.
    pub(crate) fn add_figure(
        &mut self,
        (check, measure): (usize, usize),
        filter: Option<usize>,
        asked: AskedFigure,
    ) {
        for (quantity, aggregate, value) in asked.quantities {
            let count = Count::Measured(measure, quantity);
            if self.counts.iter().any(|it| it.0 == count) {
                continue;
            }
            let value = match self.scope(filter) {
                Some(scope) => {
                    let within = Fragment::new("CASE WHEN ").and(scope).text(" THEN ");
                    within.and(&value).text(" END")
                }
                None => value,
            };
            let value = Fragment::new(aggregate).text("(").and(&value).text(")");
            self.counts.push((count, value));
        }
        for doubt in asked.doubts {
            let rows = self.within(filter, &doubt.rows);
            self.add_doubt(check, Doubt { rows, ..doubt });
        }
    }

    fn add(&mut self, count: Count, filter: Option<usize>, check: usize, asked: Asked) {
        self.counts.push((count, self.within(filter, &asked.condition)));
        for doubt in asked.doubts {
            let rows = self.within(filter, &doubt.rows);
            self.add_doubt(check, Doubt { rows, ..doubt });
        }
        self.functions.extend(asked.functions);
    }

    /// Counts the rows of which SQL cannot tell what a check says.
    pub(crate) fn add_doubt(&mut self, check: usize, doubt: Doubt) {
        let same = |it: &&mut (Count, Fragment)| {
            matches!(it.0, Count::Doubts { .. })
                && it.1.sql() == doubt.rows.sql()
                && it.1.parameters() == doubt.rows.parameters()
        };
        if let Some((Count::Doubts { checks, .. }, _)) = self.counts.iter_mut().find(same) {
            checks.push(check);
        } else {
            let count = Count::Doubts { checks: vec![check], about: doubt.about };
            self.counts.push((count, doubt.rows));
        }
    }

    /// The rows of a filter for which a condition holds.
    fn within(&self, filter: Option<usize>, condition: &Fragment) -> Fragment {
        match self.scope(filter) {
            Some(scope) => Fragment::default().and(scope).text(" AND (").and(condition).text(")"),
            None => condition.clone(),
        }
    }

    /// The condition of a filter that was added.
    fn scope(&self, filter: Option<usize>) -> Option<&Fragment> {
        let scope = Count::Scope(filter?);
        self.counts.iter().find(|it| it.0 == scope).map(|it| &it.1)
    }

    /// The statements that count.
    pub(crate) fn finish(
        self,
        compiler: &mut Compiler<'_>,
        (dialect, now): (Dialect, Now),
    ) -> Vec<Statement> {
        let table = self.table;
        let Some(sql) = compiler.tables.get(table).cloned().flatten() else { return Vec::new() };
        if dialect == Dialect::Sqlite {
            let counts = self.counts.into_iter().map(|it| it.0).collect();
            return vec![sqlite::tally((compiler.plan, now), table, &sql, counts)];
        }
        if compiler.is_spread(table) {
            return self.finish_spread(compiler);
        }
        let patterns_max = compiler.writer.patterns_max();
        let counts = self.counts.into_iter().map(|(count, condition)| {
            let counted = match count {
                Count::Rows => Fragment::new("count(*)"),
                Count::Measured(..) => condition,
                _ => compiler.writer.counted(&condition),
            };
            (count, counted)
        });
        let groups = grouped(counts, patterns_max, PARAMETERS_MAX);
        let name = compiler.plan.tables.get(table).map_or("", |it| &it.schema.name);
        let tally = PlainTally::new(table, (name, &sql.sql), self.functions);
        groups.into_iter().map(|it| tally.of(it).statement()).collect()
    }
}

/// What is counted, in groups that each have room in one statement.
fn grouped(
    counts: impl Iterator<Item = (Count, Fragment)>,
    patterns_max: usize,
    parameters_max: usize,
) -> Vec<Vec<(Count, Fragment)>> {
    let mut groups: Vec<Vec<(Count, Fragment)>> = Vec::new();
    for counted in counts {
        let has_room = |group: &&mut Vec<(Count, Fragment)>| {
            let all = || group.iter().chain([&counted]);
            all().map(|it| it.1.patterns()).sum::<usize>() <= patterns_max
                && all().map(|it| it.1.parameters().len()).sum::<usize>() <= parameters_max
                && group.len() < COUNTS_MAX
        };
        match groups.last_mut().filter(has_room) {
            Some(group) => group.push(counted),
            None => groups.push(vec![counted]),
        }
    }
    groups
}

impl Tally {
    /// The statements that count in each part of the table.
    fn finish_spread(self, compiler: &Compiler<'_>) -> Vec<Statement> {
        let patterns_max = compiler.writer.patterns_max();
        let name = compiler.plan.tables.get(self.table).map_or("", |it| &it.schema.name);
        let parts = compiler.parts(self.table);
        let parameters_max = PARAMETERS_MAX / parts.len().max(1);
        let groups = grouped(self.counts.into_iter(), patterns_max, parameters_max);
        let tally = SpreadTally::new(self.table, name, parts);
        groups.into_iter().map(|it| tally.of(it).statement()).collect()
    }
}

impl Compiler<'_> {
    pub(crate) fn violations(
        &mut self,
        check: &PlannedCheck,
        kernel: &dyn RowKernel,
    ) -> Result<Asked, Reason> {
        self.on(check.table, |writer, target| writer.violations(target, (kernel, &check.columns)))
    }

    pub(crate) fn figure(
        &mut self,
        measure: MeasureId,
        figure: &Figure,
        now: Now,
    ) -> Result<AskedFigure, Reason> {
        let table = self.plan.tables.get(measure.table).ok_or("a table is lost")?;
        let measured = table.measures.get(measure.index).ok_or("a measure is lost")?;
        self.on(measure.table, |writer, target| writer.measure(target, (measured, figure), now))
    }

    pub(crate) fn presence(&mut self, measure: MeasureId) -> Result<Asked, Reason> {
        let table = self.plan.tables.get(measure.table).ok_or("a table is lost")?;
        let measured = table.measures.get(measure.index).ok_or("a measure is lost")?;
        let blank = if measured.ignores_blank() { Blank::IsIgnored } else { Blank::IsValue };
        let form = KeyForm { blank, ..KeyForm::default() };
        let column = measured.column;
        self.on(measure.table, |writer, target| writer.presence(target, column, form))
    }
}
