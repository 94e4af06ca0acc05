//! Rules in the dialect of SQLite, which runs in this process: statements call the kernels themselves.
//!
//! Whatever a column is declared as, each row may hold something else, and text is compared as its column
//! says. So values are judged by the functions that judge them in a scan; groups and joins are SQLite's.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::Int64Array;
use arrow_buffer::{BooleanBuffer, Buffer};

use crate::pushdown::fragment::Fragment;
use crate::pushdown::target::{Asked, Reason, Target, Writer, WrittenKey};
use crate::pushdown::{Asks, Count, Statement};
use crate::rules::expression::Predicate;
use crate::rules::{Blank, Kernel, KeyForm, Plan, RowKernel, key_bytes};
use crate::source::{Query, SqlAggregate, SqlFunction, SqlFunctionBody, SqlTable};
use crate::value::{
    Batch, Cell, Column, MixedColumn, OwnedValue, Span, TextColumn, Value, is_blank,
};

/// How many arguments a function takes at most.
const ARGUMENTS_MAX: usize = 100;
/// How many rows are judged at once.
const ROWS_MAX: usize = 4_096;
/// A batch ends with the row that brings its text to this size.
const TEXT_BYTES_MAX: usize = 8 << 20;

/// Writes for SQLite.
#[derive(Debug, Default)]
pub(crate) struct Sqlite {
    /// How many functions there are.
    functions: usize,
}

impl Sqlite {
    /// A call of a new function of some columns.
    fn call(
        &mut self,
        what: &str,
        target: Target<'_>,
        columns: &[usize],
        body: impl Fn(&[Value<'_>]) -> OwnedValue + Send + Sync + 'static,
    ) -> Result<(Fragment, SqlFunction), Reason> {
        if columns.len() > ARGUMENTS_MAX {
            return Err(format!("it is about more than {ARGUMENTS_MAX} columns"));
        }
        self.functions += 1;
        let name = format!("dq_{what}_{}", self.functions);
        let arguments = columns.iter().map(|it| target.column(*it).map(|it| it.sql.clone()));
        let list = arguments.collect::<Result<Vec<_>, _>>()?.join(", ");
        let call = Fragment::new(format!("{name}({list})"));
        let body = SqlFunctionBody::Scalar(Arc::new(body));
        Ok((call, SqlFunction { name, arguments: columns.len(), body }))
    }
}

impl Writer for Sqlite {
    fn violations(
        &mut self,
        target: Target<'_>,
        (kernel, columns): (&dyn RowKernel, &[usize]),
    ) -> Result<Asked, Reason> {
        kernel.test().ok_or("a function of the program judges it")?;
        if target.plan.columns.len() > ARGUMENTS_MAX {
            return Err(format!("its table is read with more than {ARGUMENTS_MAX} columns"));
        }
        let (kernel, width) = (kernel.fork(), target.plan.columns.len());
        let places = columns.to_vec();
        let judge = move |values: &[Value<'_>]| {
            let violations = kernel.violations(&row(width, &places, values));
            violations.map_or(OwnedValue::Null, |it| OwnedValue::Boolean(it.value(0)))
        };
        let (condition, function) = self.call("violates", target, columns, judge)?;
        Ok(Asked { functions: vec![function], ..Asked::certain(condition) })
    }

    fn scope(&mut self, target: Target<'_>, filter: usize) -> Result<Asked, Reason> {
        let filter = target.plan.filters.get(filter).ok_or("a filter is lost")?;
        let predicate = filter.predicate.clone();
        let columns =
            Vec::from_iter(predicate.root().columns().into_iter().collect::<BTreeSet<_>>());
        let (width, places) = (target.plan.columns.len(), columns.clone());
        let holds = move |values: &[Value<'_>]| {
            OwnedValue::Boolean(predicate.evaluate(&row(width, &places, values)).holds.value(0))
        };
        let (condition, function) = self.call("holds", target, &columns, holds)?;
        Ok(Asked { functions: vec![function], ..Asked::certain(condition) })
    }

    fn key(
        &mut self,
        target: Target<'_>,
        columns: &[usize],
        form: KeyForm,
        _: bool,
    ) -> Result<WrittenKey, Reason> {
        let key = move |values: &[Value<'_>]| {
            let mut bytes = Vec::new();
            let compared = key_bytes(values.iter().copied(), form, &mut bytes);
            compared.map_or(OwnedValue::Null, |()| OwnedValue::Bytes(bytes))
        };
        let (call, function) = self.call("key", target, columns, key)?;
        let compared = Fragment::default().and(&call).text(" IS NOT NULL");
        let compared = Asked { functions: vec![function], ..Asked::certain(compared) };
        Ok(WrittenKey { parts: vec![call], forms: vec!["bytes"], compared })
    }

    fn presence(
        &mut self,
        target: Target<'_>,
        column: usize,
        form: KeyForm,
    ) -> Result<Asked, Reason> {
        let there = move |values: &[Value<'_>]| {
            OwnedValue::Boolean(values.iter().all(|it| is_there(*it, form.blank)))
        };
        let (condition, function) = self.call("is_there", target, &[column], there)?;
        Ok(Asked { functions: vec![function], ..Asked::certain(condition) })
    }

    fn ordered(&self, value: &str) -> String {
        format!("{value} COLLATE BINARY")
    }
}

fn is_there(value: Value<'_>, blank: Blank) -> bool {
    match value {
        Value::Null => false,
        Value::Text(text) => blank == Blank::IsValue || !is_blank(text),
        _ => true,
    }
}

/// A batch of one row, of which some columns are known.
fn row(width: usize, places: &[usize], values: &[Value<'_>]) -> Batch {
    let mut columns = vec![Column::Null(1); width];
    for (place, value) in places.iter().zip(values) {
        let mut cells = Cells::default();
        cells.push(*value);
        if let Some(column) = columns.get_mut(*place) {
            *column = cells.take();
        }
    }
    Batch::new(0, 1, columns)
}

/// The statement that counts everything of one table in one pass.
pub(crate) fn tally(plan: &Plan, table: usize, sql: &SqlTable, counts: Vec<Count>) -> Statement {
    let Some(table_plan) = plan.tables.get(table) else {
        return Statement { query: Query::default(), asks: Asks::Tally { table, counts } };
    };
    let name = format!("dq_tally_{table}");
    let judged = Judged {
        counts: counts.clone(),
        filters: table_plan.filters.iter().map(|it| it.predicate.clone()).collect(),
        kernels: counts.iter().map(|it| Judge::of(plan, it)).collect(),
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
    Statement { query, asks: Asks::Tally { table, counts } }
}

/// What is counted, and by whom.
struct Judged {
    counts: Vec<Count>,
    filters: Vec<Predicate>,
    kernels: Vec<Judge>,
    width: usize,
}

/// Which rows one number counts, in the scope of a filter.
enum Judge {
    All,
    Scope(usize),
    Row(Box<dyn RowKernel>, Option<usize>),
    Present(usize, Blank, Option<usize>),
    /// There are none.
    Nothing,
}

impl Judge {
    fn of(plan: &Plan, count: &Count) -> Self {
        let check = |it: &usize| plan.checks.get(*it);
        match count {
            Count::Rows => Self::All,
            Count::Scope(filter) => Self::Scope(*filter),
            Count::Violations(it) => match check(it).map(|it| (&it.kernel, it.filter)) {
                Some((Kernel::Row(kernel), filter)) => Self::Row(kernel.fork(), filter),
                _ => Self::Nothing,
            },
            Count::Present(it) => match check(it).map(|it| (&it.kernel, it.filter)) {
                Some((Kernel::Figure { measure, .. }, filter)) => {
                    let table = plan.tables.get(measure.table);
                    let measure = table.and_then(|it| it.measures.get(measure.index));
                    measure.map_or(Self::Nothing, |it| {
                        let ignores = it.ignores_blank();
                        let blank = if ignores { Blank::IsIgnored } else { Blank::IsValue };
                        Self::Present(it.column, blank, filter)
                    })
                }
                _ => Self::Nothing,
            },
            Count::Doubts { .. } => Self::Nothing,
        }
    }
}

/// The state of a tally.
struct Counting {
    judged: Arc<Judged>,
    kernels: Vec<Option<Box<dyn RowKernel>>>,
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
            .map(|it| if it.cells.is_empty() { Column::Null(rows) } else { it.take() });
        let batch = Batch::new(0, rows, columns.collect());
        let judged = Arc::clone(&self.judged);
        let scopes: Vec<_> = judged.filters.iter().map(|it| it.evaluate(&batch).holds).collect();
        let within = |found: BooleanBuffer, filter: &Option<usize>| {
            let scope = filter.and_then(|it| scopes.get(it));
            let found = scope.map_or(found.clone(), |it| &found & it);
            found.count_set_bits() as u64
        };
        for (position, judge) in judged.kernels.iter().enumerate() {
            let found = match judge {
                Judge::All => rows as u64,
                Judge::Scope(it) => scopes.get(*it).map_or(0, |it| it.count_set_bits() as u64),
                Judge::Row(_, filter) => {
                    let kernel = self.kernels.get(position).and_then(Option::as_ref);
                    match kernel.map(|it| it.violations(&batch)) {
                        Some(Ok(it)) => within(it, filter),
                        _ => {
                            self.has_failed = true;
                            0
                        }
                    }
                }
                Judge::Present(column, blank, filter) => {
                    let there = |row| is_there(batch.column(*column).value(row), *blank);
                    within(BooleanBuffer::collect_bool(rows, there), filter)
                }
                Judge::Nothing => 0,
            };
            if let Some(number) = self.numbers.get_mut(position) {
                *number += found;
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
        OwnedValue::Text(self.numbers.iter().map(|it| format!("{it},")).collect())
    }
}

/// The values of a column so far.
#[derive(Default)]
struct Cells {
    cells: Vec<Cell>,
    text: Vec<u8>,
    has_others: bool,
    has_text: bool,
    has_numbers: bool,
}

impl Cells {
    /// Appends a value; gives how many bytes of text it has.
    fn push(&mut self, value: Value<'_>) -> usize {
        let before = self.text.len();
        let cell = match value {
            Value::Integer(it) => {
                self.has_numbers = true;
                Cell::Integer(it)
            }
            Value::Text(it) => {
                self.has_text = true;
                Cell::Text(Span::append(Some(it), &mut self.text))
            }
            Value::Bytes(it) => {
                self.has_others = true;
                Cell::Bytes(Span::append(Some(it), &mut self.text))
            }
            Value::Float(it) => {
                self.has_others = true;
                Cell::Float(it)
            }
            Value::Boolean(it) => {
                self.has_others = true;
                Cell::Boolean(it)
            }
            // SQLite has neither days nor points in time.
            Value::Null | Value::Date(_) | Value::Timestamp(_) => Cell::Null,
        };
        self.cells.push(cell);
        self.text.len() - before
    }

    /// The column, in the form that is judged fastest.
    fn take(&mut self) -> Column {
        let Self { cells, text, has_others, has_text, has_numbers } = std::mem::take(self);
        let buffer = Buffer::from_vec(text);
        match (has_others, has_text, has_numbers) {
            (false, true, false) => {
                let span = |it: &Cell| if let Cell::Text(it) = it { *it } else { Span::NULL };
                Column::Text(TextColumn::new(cells.iter().map(span).collect(), buffer))
            }
            (false, false, true) => {
                let number = |it: &Cell| if let Cell::Integer(it) = it { Some(*it) } else { None };
                Column::Integer(cells.iter().map(number).collect::<Int64Array>())
            }
            (false, false, false) => Column::Null(cells.len()),
            _ => Column::Mixed(MixedColumn::new(cells, buffer)),
        }
    }
}
