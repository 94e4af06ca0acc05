//! Everything that is counted of one table, in one pass: an aggregate that judges rows by the kernels of a scan.

use std::sync::{Arc, PoisonError};

use arrow_buffer::BooleanBuffer;

use crate::pushdown::sqlite::cells::Cells;
use crate::pushdown::sqlite::{ARGUMENTS_MAX, is_there};
use crate::pushdown::{Asks, Count, Spread, Statement, Summaries};
use crate::rules::expression::Predicate;
use crate::rules::{
    Blank, Kernel, Measure, Now, Plan, PlannedCheck, RowKernel, Summary, TablePlan,
};
use crate::source::{Query, SqlAggregate, SqlFunction, SqlFunctionBody, SqlTable};
use crate::value::{Batch, Column, OwnedValue, Value};

/// How many rows are judged at once.
const ROWS_MAX: usize = 4_096;
/// A batch ends with the row that brings its text to this size.
const TEXT_BYTES_MAX: usize = 8 << 20;

/// The statement that counts everything of one table in one pass.
pub(crate) fn tally(
    (plan, now): (&Plan, Now),
    table: usize,
    sql: &SqlTable,
    counts: Vec<Count>,
) -> Statement {
    let summaries = Summaries::default();
    let Some(table_plan) = plan.tables.get(table) else {
        let asks = Asks::Tally { table, counts, summaries };
        return Statement { query: Query::default(), asks, spread: Spread::No };
    };
    let name = format!("dq_tally_{table}");
    let judged = Judged {
        counts: counts.clone(),
        filters: table_plan.filters.iter().map(|it| it.predicate.clone()).collect(),
        kernels: counts.iter().map(|it| Judge::of(plan, it)).collect(),
        measures: counts.iter().filter_map(|it| measured(table_plan, it)).collect(),
        now,
        summaries: Arc::clone(&summaries),
        width: table_plan.columns.len(),
    };
    let judged = Arc::new(judged);
    let begin = move || -> Box<dyn SqlAggregate> { Box::new(Counting::new(&judged)) };
    // Where there are more columns no check is asked, and only rows are counted.
    let read: &[usize] =
        if table_plan.columns.len() > ARGUMENTS_MAX { &[] } else { &table_plan.columns };
    let columns = read.iter().filter_map(|it| sql.columns.get(*it)).map(|it| it.sql.as_str());
    let columns: Vec<_> = columns.collect();
    let body = SqlFunctionBody::Aggregate(Arc::new(begin));
    let function = SqlFunction { name: name.clone(), arguments: columns.len(), body };
    let query = Query {
        table: table_plan.schema.name.clone(),
        sql: format!("SELECT {name}({}) FROM {}", columns.join(", "), sql.sql),
        functions: vec![function],
        reads: vec![table_plan.schema.name.clone()],
        ..Query::default()
    };
    Statement { query, asks: Asks::Tally { table, counts, summaries }, spread: Spread::No }
}

/// The measure that is summed up, if a count is about one. No values are kept.
fn measured(table: &TablePlan, count: &Count) -> Option<(usize, Measure)> {
    let Count::Measured(position, _) = count else { return None };
    let measure = table.measures.get(*position)?.clone();
    Some((*position, Measure { keeps_values: false, ..measure }))
}

/// What is counted, and by whom.
struct Judged {
    counts: Vec<Count>,
    filters: Vec<Predicate>,
    kernels: Vec<Judge>,
    measures: Vec<(usize, Measure)>,
    now: Now,
    /// Where what was measured is left.
    summaries: Summaries,
    width: usize,
}

/// Which rows one number counts, in the scope of a filter.
#[derive(Default)]
enum Judge {
    All,
    Scope(usize),
    Row(Box<dyn RowKernel>, Option<usize>),
    Present(usize, Blank, Option<usize>),
    /// There are none.
    #[default]
    Nothing,
}

impl Judge {
    fn of(plan: &Plan, count: &Count) -> Self {
        match count {
            Count::Rows => Self::All,
            Count::Scope(filter) => Self::Scope(*filter),
            Count::Violations(it) => plan.checks.get(*it).map_or(Self::Nothing, Self::of_rows),
            Count::Present(it) => {
                plan.checks.get(*it).and_then(|it| Self::of_values(plan, it)).unwrap_or_default()
            }
            Count::Measured(..) | Count::Doubts { .. } => Self::Nothing,
        }
    }

    /// The filter whose rows count.
    fn filter(&self) -> Option<usize> {
        match self {
            Self::Scope(filter) => Some(*filter),
            Self::Row(_, filter) | Self::Present(_, _, filter) => *filter,
            Self::All | Self::Nothing => None,
        }
    }

    /// The rows of a batch that count if they are in scope; none where a kernel tells.
    fn rows(&self, batch: &Batch) -> Option<BooleanBuffer> {
        match self {
            Self::All | Self::Scope(_) => Some(BooleanBuffer::new_set(batch.rows())),
            Self::Present(column, blank, _) => {
                let there = |row| is_there(batch.column(*column).value(row), *blank);
                Some(BooleanBuffer::collect_bool(batch.rows(), there))
            }
            Self::Row(..) => None,
            Self::Nothing => Some(BooleanBuffer::new_unset(batch.rows())),
        }
    }

    fn of_rows(check: &PlannedCheck) -> Self {
        match &check.kernel {
            Kernel::Row(kernel) => Self::Row(kernel.fork(), check.filter),
            _ => Self::Nothing,
        }
    }

    fn of_values(plan: &Plan, check: &PlannedCheck) -> Option<Self> {
        let Kernel::Figure { measure, .. } = &check.kernel else { return None };
        let measure = plan.tables.get(measure.table)?.measures.get(measure.index)?;
        let blank = if measure.ignores_blank() { Blank::IsIgnored } else { Blank::IsValue };
        Some(Self::Present(measure.column, blank, check.filter))
    }
}

/// The state of a tally.
struct Counting {
    judged: Arc<Judged>,
    kernels: Vec<Option<Box<dyn RowKernel>>>,
    /// What is measured, and how many values cannot be read.
    summaries: Vec<(Summary, u64)>,
    columns: Vec<Cells>,
    rows: usize,
    text_bytes: usize,
    numbers: Vec<u64>,
    has_failed: bool,
}

impl Counting {
    fn new(judged: &Arc<Judged>) -> Self {
        let fork = |it: &Judge| match it {
            Judge::Row(kernel, _) => Some(kernel.fork()),
            _ => None,
        };
        Self {
            kernels: judged.kernels.iter().map(fork).collect(),
            summaries: judged
                .measures
                .iter()
                .map(|(_, it)| (Summary::new(it, judged.now), 0))
                .collect(),
            columns: (0..judged.width).map(|_| Cells::default()).collect(),
            rows: 0,
            text_bytes: 0,
            numbers: vec![0; judged.counts.len()],
            has_failed: false,
            judged: Arc::clone(judged),
        }
    }

    fn judge(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        self.text_bytes = 0;
        let columns = self
            .columns
            .iter_mut()
            .map(|it| if it.is_empty() { Column::Null(rows) } else { it.take() });
        let batch = Batch::new(0, rows, columns.collect());
        let judged = Arc::clone(&self.judged);
        let scopes: Vec<_> = judged.filters.iter().map(|it| it.evaluate(&batch).holds).collect();
        for ((summary, unreadable), (_, measure)) in self.summaries.iter_mut().zip(&judged.measures)
        {
            let scope = measure.filter.and_then(|it| scopes.get(it));
            *unreadable += summary.take(measure, &batch, scope).count_set_bits() as u64;
        }
        for (position, judge) in judged.kernels.iter().enumerate() {
            let scope = judge.filter().and_then(|it| scopes.get(it));
            let found = match (judge, self.kernels.get(position).and_then(Option::as_ref)) {
                (Judge::Row(..), Some(kernel)) => kernel.violations(&batch).ok(),
                _ => judge.rows(&batch),
            };
            let count =
                found.map(|it| scope.map_or(it.clone(), |scope| &it & scope).count_set_bits());
            self.has_failed |= count.is_none();
            if let Some(number) = self.numbers.get_mut(position) {
                *number += count.unwrap_or_default() as u64;
            }
        }
    }
}

impl SqlAggregate for Counting {
    fn add(&mut self, values: &[Value<'_>]) {
        for (cells, value) in self.columns.iter_mut().zip(values) {
            self.text_bytes += cells.push(*value);
        }
        self.rows += 1;
        if self.rows >= ROWS_MAX || self.text_bytes >= TEXT_BYTES_MAX {
            self.judge();
        }
    }

    fn finish(mut self: Box<Self>) -> OwnedValue {
        if self.rows > 0 {
            self.judge();
        }
        if self.has_failed {
            return OwnedValue::Null;
        }
        let measured = self.judged.measures.iter().zip(self.summaries);
        let measured =
            measured.map(|((measure, _), (summary, unreadable))| (*measure, summary, unreadable));
        let mut left = self.judged.summaries.lock().unwrap_or_else(PoisonError::into_inner);
        *left = measured.collect();
        let numbers: Vec<_> = self.numbers.iter().map(u64::to_string).collect();
        OwnedValue::Text(numbers.join(","))
    }
}
