//! Rules in the dialect of SQLite, which runs in this process: statements call the kernels themselves.
//!
//! Whatever a column is declared as, each row may hold something else, and text is compared as its column
//! says. So values are judged by the functions that judge them in a scan; groups and joins are SQLite's.

mod cells;
mod tally;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::pushdown::Quantity;
use crate::pushdown::fragment::Fragment;
use crate::pushdown::sqlite::cells::Cells;
use crate::pushdown::target::{Asked, AskedFigure, Reason, Target, Writer, WrittenKey};
use crate::rules::{Blank, Figure, KeyForm, Measure, Now, RowKernel, key_bytes};
use crate::source::{SqlFunction, SqlFunctionBody};
use crate::value::{Batch, Column, OwnedValue, Value, is_blank};

pub(crate) use tally::tally;

/// How many arguments a function takes at most.
const ARGUMENTS_MAX: usize = 100;

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
        can_be_tallied(target)?;
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
        can_be_tallied(target)?;
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
        can_be_tallied(target)?;
        let there = move |values: &[Value<'_>]| {
            OwnedValue::Boolean(values.iter().all(|it| is_there(*it, form.blank)))
        };
        let (condition, function) = self.call("is_there", target, &[column], there)?;
        Ok(Asked { functions: vec![function], ..Asked::certain(condition) })
    }

    fn measure(
        &mut self,
        target: Target<'_>,
        _: (&Measure, &Figure),
        _: Now,
    ) -> Result<AskedFigure, Reason> {
        can_be_tallied(target)?;
        let quantities = vec![(Quantity::Summary, "", Fragment::default())];
        Ok(AskedFigure { quantities, doubts: Vec::new() })
    }

    fn ordered(&self, value: &str) -> String {
        format!("{value} COLLATE BINARY")
    }
}

/// Whether the tally of a table can take all columns that are read of it.
fn can_be_tallied(target: Target<'_>) -> Result<(), Reason> {
    if target.plan.columns.len() > ARGUMENTS_MAX {
        return Err(format!("its table is read with more than {ARGUMENTS_MAX} columns"));
    }
    Ok(())
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
