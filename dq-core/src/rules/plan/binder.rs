//! What a check binds itself to: one table of the plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::document::Place;
use crate::rules::check::CustomCheck;
use crate::rules::expression::Expression;
use crate::rules::expression::Predicate;
use crate::rules::measure::{Figure, Measure, Reading, Statistic};
use crate::rules::plan::builder::Builder;
use crate::rules::plan::{Kernel, KeyForm, KeySet, KeyValues, Keys};
use crate::value::Date;

/// Finds the columns, keys and predicates of one check in one table, and notes what is missing.
pub(crate) struct Binder<'b, 's> {
    builder: &'b mut Builder<'s>,
    table: usize,
    filter: Option<usize>,
    /// Whether failing rows are rows of this table.
    is_own: bool,
    place: Place,
}

impl<'b, 's> Binder<'b, 's> {
    pub(crate) fn new(
        builder: &'b mut Builder<'s>,
        table: usize,
        filter: Option<usize>,
        place: Place,
    ) -> Self {
        Self { builder, table, filter, is_own: true, place }
    }

    /// "Today".
    pub(crate) fn as_of(&self) -> Date {
        self.builder.as_of()
    }

    /// The checks that the program has registered.
    pub(crate) fn customs(&self) -> &'s BTreeMap<String, Arc<dyn CustomCheck>> {
        self.builder.customs()
    }

    /// Notes a problem at the place of the check.
    pub(crate) fn problem(&mut self, message: impl Into<String>) {
        self.builder.problem(self.place, message);
    }

    /// The position of a column in the batches.
    pub(crate) fn column(&mut self, name: &str) -> Option<usize> {
        if self.builder.lacks(self.table, name) {
            return None;
        }
        let found = self.builder.column(self.table, name);
        found.map_err(|message| self.problem(message)).ok()
    }

    /// The positions of columns in the batches.
    pub(crate) fn columns(&mut self, names: &[String]) -> Option<Vec<usize>> {
        let found: Vec<_> = names.iter().map(|it| self.column(it)).collect();
        found.into_iter().collect()
    }

    /// The positions of columns of a key, none of which stands there twice in different writing.
    fn different_columns(&mut self, names: &[String]) -> Option<Vec<usize>> {
        let columns = self.columns(names)?;
        let mut before = Vec::new();
        for (name, column) in names.iter().zip(&columns) {
            if let Some((same, _)) = before.iter().find(|(_, it)| *it == column) {
                let table = self.builder.name_of(self.table);
                let hint = format!("are the same column of table `{table}`: leave one out");
                self.problem(format!("`{same}` and `{name}` {hint}"));
                return None;
            }
            before.push((name, column));
        }
        Some(columns)
    }

    /// A predicate over the columns of the table.
    pub(crate) fn predicate(&mut self, expression: &Expression) -> Option<Predicate> {
        if expression.columns().iter().any(|it| self.builder.lacks(self.table, it)) {
            return None;
        }
        self.builder.predicate(self.table, expression, self.place)
    }

    /// Another table, all its rows; failing rows are not there.
    pub(crate) fn other(&mut self, table: &str) -> Option<Binder<'_, 's>> {
        let table = self.builder.table(table, self.place)?;
        let place = self.place;
        Some(Binder { builder: &mut *self.builder, table, filter: None, is_own: false, place })
    }

    /// Looks only at the rows for which `filter` holds.
    pub(crate) fn narrow(&mut self, filter: &Expression) -> Option<()> {
        self.filter = Some(self.builder.filter(self.table, filter, self.place)?);
        Some(())
    }

    /// The keys of the rows.
    pub(crate) fn keys(&mut self, columns: &[String], form: KeyForm) -> Option<Keys> {
        self.dependency(columns, &[], form)
    }

    /// The keys of the rows, and what they determine.
    pub(crate) fn dependency(
        &mut self,
        from: &[String],
        to: &[String],
        form: KeyForm,
    ) -> Option<Keys> {
        self.keys_with(from, (to, KeyValues::Columns), form)
    }

    /// The keys of the rows, and the spans between the days in two columns.
    pub(crate) fn spans(
        &mut self,
        key: &[String],
        days: &[String; 2],
        form: KeyForm,
    ) -> Option<Keys> {
        self.keys_with(key, (days, KeyValues::Span), form)
    }

    fn keys_with(
        &mut self,
        key: &[String],
        (to, values): (&[String], KeyValues),
        form: KeyForm,
    ) -> Option<Keys> {
        let (columns, to) = (self.different_columns(key), self.columns(to));
        let (columns, to, scopes, with_rows) = (columns?, to?, Vec::new(), self.is_own);
        let key_set = KeySet { columns, to, values, form, scopes, with_rows };
        self.builder.keys(self.table, self.filter, &key_set)
    }

    /// The keys of the rows, which are only counted.
    pub(crate) fn counted_keys(&mut self, columns: &[String], form: KeyForm) -> Option<Keys> {
        let (columns, to, scopes) = (self.different_columns(columns)?, Vec::new(), Vec::new());
        let values = KeyValues::Columns;
        let key_set = KeySet { columns, to, values, form, scopes, with_rows: false };
        self.builder.keys(self.table, self.filter, &key_set)
    }

    /// A figure of the rows.
    pub(crate) fn figure(
        &mut self,
        column: &str,
        reading: Reading,
        figure: Figure,
    ) -> Option<Kernel> {
        let (column, filter) = (self.column(column)?, self.filter);
        let keeps_values = matches!(
            figure,
            Figure::Number { statistic: Statistic::Quantile(_), .. }
                | Figure::Day { statistic: Statistic::Quantile(_), .. }
        );
        let measure = Measure { column, filter, reading, keeps_values };
        let measure = self.builder.measure(self.table, measure)?;
        Some(Kernel::Figure { measure, figure })
    }

    /// Whether only some rows are looked at.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.filter.is_some()
    }
}
