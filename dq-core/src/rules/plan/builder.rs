//! Collects what the checks of a rule set need of each table.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::document::{Place, Problems, nearest};
use crate::rules::check::CustomCheck;
use crate::rules::expression::Expression;
use crate::rules::expression::Predicate;
use crate::rules::measure::Measure;
use crate::rules::plan::{KeySet, KeySetId, Keys, MeasureId, PlannedFilter, TablePlan};
use crate::rules::rule_set::{Rule, RuleCheck, RuleSet};
use crate::value::Date;
use crate::value::TableSchema;

/// Collects what the checks of a rule set need of each table.
pub(crate) struct Builder<'s> {
    schemas: &'s [TableSchema],
    customs: &'s BTreeMap<String, Arc<dyn CustomCheck>>,
    as_of: Date,
    tables: Vec<TablePlan>,
    problems: Problems,
    /// Columns that the tables of the rule may lack.
    optional: &'s [String],
    /// Why the check does not apply: what its table lacks.
    lacking: Option<String>,
}

impl<'s> Builder<'s> {
    pub(crate) fn new(rules: &'s RuleSet, schemas: &'s [TableSchema], as_of: Date) -> Self {
        let customs = rules.customs();
        Self {
            schemas,
            customs,
            as_of,
            tables: Vec::new(),
            problems: rules.found_problems().clone(),
            optional: &[],
            lacking: None,
        }
    }

    /// The plans of the tables, and what is wrong with the rules.
    pub(crate) fn finish(self) -> (Vec<TablePlan>, Problems) {
        (self.tables, self.problems)
    }

    /// The table and the filter of a check. Without a filter that has problems the check can still be
    /// looked at for its own.
    pub(crate) fn check(
        &mut self,
        rule: &'s Rule,
        check: &RuleCheck,
    ) -> Option<(usize, Option<usize>)> {
        self.optional = &rule.optional;
        self.lacking = None;
        let place = if check.table == rule.table { rule.place } else { check.place };
        let table = self.table(&check.table, place)?;
        let filter = check.filter.as_ref();
        Some((table, filter.and_then(|it| self.filter(table, &it.expression, it.place))))
    }

    /// Why the check that was bound does not apply, if its table lacks an optional column.
    pub(crate) fn take_lacking(&mut self) -> Option<String> {
        self.lacking.take()
    }

    /// Whether the table lacks a column that it may lack. Then the check does not apply.
    pub(crate) fn lacks(&mut self, table: usize, name: &str) -> bool {
        let Some(schema) = self.tables.get(table).map(|it| &it.schema) else { return false };
        let lacks = self.optional.iter().any(|it| it == name) && schema.position(name).is_none();
        if lacks {
            self.lacking = Some(format!("table `{}` has no column `{name}`", schema.name));
        }
        lacks
    }

    /// The name of a table of the plan.
    pub(crate) fn name_of(&self, table: usize) -> &str {
        self.tables.get(table).map_or("", |it| it.schema.name.as_str())
    }

    pub(crate) fn as_of(&self) -> Date {
        self.as_of
    }

    pub(crate) fn customs(&self) -> &'s BTreeMap<String, Arc<dyn CustomCheck>> {
        self.customs
    }

    pub(crate) fn problem(&mut self, place: Place, message: impl Into<String>) {
        self.problems.add(place, message);
    }

    /// The position of the table called `name`: exactly so, or else the only one that differs in case.
    pub(crate) fn table(&mut self, name: &str, place: Place) -> Option<usize> {
        let exact = self.schemas.iter().find(|it| it.name == name);
        let alike = || {
            let mut alike = self.schemas.iter().filter(|it| it.name.eq_ignore_ascii_case(name));
            alike.next().filter(|_| alike.next().is_none())
        };
        let Some(schema) = exact.or_else(alike) else {
            let names: Vec<_> = self.schemas.iter().map(|it| it.name.as_str()).collect();
            let hint = match (&names[..], nearest(name, names.iter().copied())) {
                ([only], _) => format!("; its only table is `{only}`"),
                (_, hint) => hint,
            };
            self.problems.add(place, format!("the source has no table `{name}`{hint}"));
            return None;
        };
        if let Some(known) = self.tables.iter().position(|it| it.schema.name == schema.name) {
            return Some(known);
        }
        let plan = TablePlan {
            schema: schema.clone(),
            columns: Vec::new(),
            filters: Vec::new(),
            key_sets: Vec::new(),
            measures: Vec::new(),
            primary_key: Vec::new(),
        };
        self.tables.push(plan);
        let table = self.tables.len() - 1;
        let primary_key =
            schema.primary_key.iter().filter_map(|it| self.column(table, it).ok()).collect();
        if let Some(plan) = self.tables.get_mut(table) {
            plan.primary_key = primary_key;
        }
        Some(table)
    }

    /// The place of a column among those that are read, or the message that says why there is none.
    pub(crate) fn column(&mut self, table: usize, name: &str) -> Result<usize, String> {
        let Some(plan) = self.tables.get_mut(table) else { return Err("no such table".to_owned()) };
        let Some(position) = plan.schema.position(name) else {
            let hint = nearest(name, plan.schema.columns.iter().map(|it| it.name.as_str()));
            return Err(format!("table `{}` has no column `{name}`{hint}", plan.schema.name));
        };
        if let Some(known) = plan.columns.iter().position(|it| *it == position) {
            return Ok(known);
        }
        plan.columns.push(position);
        Ok(plan.columns.len() - 1)
    }

    pub(crate) fn predicate(
        &mut self,
        table: usize,
        expression: &Expression,
        place: Place,
    ) -> Option<Predicate> {
        let as_of = self.as_of;
        let bound = expression.bind(
            &mut |name| {
                let column = self.column(table, name)?;
                let schema = self.tables.get(table).map(|it| &it.schema);
                let schema = schema.and_then(|it| it.column(name));
                schema.map(|it| (column, it.value_type)).ok_or_else(String::new)
            },
            as_of,
        );
        bound
            .map_err(|errors| errors.into_iter().for_each(|it| self.problem(place, it.message)))
            .ok()
    }

    /// The position of a filter among those of the table; equal filters are one.
    pub(crate) fn filter(
        &mut self,
        table: usize,
        expression: &Expression,
        place: Place,
    ) -> Option<usize> {
        // For a filter, what is not there is NULL, and the check applies.
        let lacking = self.lacking.take();
        let mut absent = expression.columns();
        absent.retain(|it| self.lacks(table, it));
        self.lacking = lacking;
        let predicate = self.predicate(table, &expression.clone().without(absent), place)?;
        let filters = &mut self.tables.get_mut(table)?.filters;
        if let Some(known) = filters.iter().position(|it| it.text == expression.text()) {
            return Some(known);
        }
        filters.push(PlannedFilter { text: expression.text().to_owned(), predicate });
        Some(filters.len() - 1)
    }

    /// The keys of the rows in one scope. Key sets that differ only in their scopes are one.
    pub(crate) fn keys(
        &mut self,
        table: usize,
        scope: Option<usize>,
        wanted: &KeySet,
    ) -> Option<Keys> {
        let key_sets = &mut self.tables.get_mut(table)?.key_sets;
        let same = |it: &KeySet| {
            let with = KeySet { scopes: Vec::new(), with_rows: wanted.with_rows, ..it.clone() };
            let has_room = it.scopes.contains(&scope) || it.scopes.len() < KeySet::SCOPES_MAX;
            has_room && with == *wanted
        };
        let index = key_sets.iter().position(same).unwrap_or(key_sets.len());
        if index == key_sets.len() {
            key_sets.push(wanted.clone());
        }
        let known = key_sets.get_mut(index)?;
        known.with_rows |= wanted.with_rows;
        let position = known.scopes.iter().position(|it| *it == scope);
        let position = position.unwrap_or(known.scopes.len());
        if position == known.scopes.len() {
            known.scopes.push(scope);
        }
        Some(Keys { set: KeySetId { table, index }, scope: position })
    }

    /// The id of a measure; measures of the same values are one.
    pub(crate) fn measure(&mut self, table: usize, wanted: Measure) -> Option<MeasureId> {
        let measures = &mut self.tables.get_mut(table)?.measures;
        let key = |it: &Measure| (it.column, it.filter, it.reading);
        if let Some((index, known)) =
            measures.iter_mut().enumerate().find(|(_, it)| key(it) == key(&wanted))
        {
            known.keeps_values |= wanted.keeps_values;
            return Some(MeasureId { table, index });
        }
        measures.push(wanted);
        Some(MeasureId { table, index: measures.len() - 1 })
    }
}
