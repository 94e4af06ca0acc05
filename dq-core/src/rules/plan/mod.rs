//! The plan of a run: what to scan, and what to do with it. Made without any I/O.
//!
//! A plan reads each table once, with the union of the columns that its checks need. Filters and key
//! sets that several checks share are computed once.

mod binder;
mod builder;
mod display;
mod order;
mod records;

use std::collections::BTreeMap;

use crate::document::Problems;
use crate::error::{ErrorKind, Result};
use crate::rules::expression::Predicate;
use crate::rules::kernel::RowKernel;
use crate::rules::measure::{Figure, Measure};
use crate::rules::rule_set::{Rule, RuleCheck, RuleSet};
use crate::value::Date;
use crate::value::TableSchema;

use builder::Builder;

pub(crate) use binder::Binder;
pub(crate) use records::is_about;

/// What a run does: the tables that it scans and the checks that it makes. Printed by `dq explain`.
#[derive(Debug)]
pub struct Plan {
    pub(crate) tables: Vec<TablePlan>,
    /// The checks, in the order of the rule set.
    pub(crate) checks: Vec<PlannedCheck>,
    /// Positions in `tables`, in the order in which they are scanned: parents before children.
    pub(crate) order: Vec<usize>,
}

/// What a run reads of one table.
#[derive(Debug)]
pub(crate) struct TablePlan {
    pub(crate) schema: TableSchema,
    /// Positions in the schema of the columns to read. All other positions are positions in this list.
    pub(crate) columns: Vec<usize>,
    pub(crate) filters: Vec<PlannedFilter>,
    pub(crate) key_sets: Vec<KeySet>,
    pub(crate) measures: Vec<Measure>,
    /// The columns of the primary key.
    pub(crate) primary_key: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct PlannedFilter {
    pub(crate) text: String,
    pub(crate) predicate: Predicate,
}

/// A check, bound to its table.
#[derive(Debug)]
pub(crate) struct PlannedCheck {
    /// Position of its rule in the rule set, and of the check in the rule.
    pub(crate) rule: usize,
    pub(crate) check: usize,
    /// What explanations call it: `rule/check`.
    pub(crate) name: String,
    pub(crate) table: usize,
    pub(crate) filter: Option<usize>,
    /// The columns that the check is about.
    pub(crate) columns: Vec<usize>,
    pub(crate) kernel: Kernel,
}

/// What a check does.
#[derive(Debug)]
pub(crate) enum Kernel {
    /// Does nothing: the table lacks a column that it may lack. In words.
    Absent(String),
    /// Judges each row by itself.
    Row(Box<dyn RowKernel>),
    /// Wants a number of rows.
    RowCount { min: u64, max: u64 },
    /// Wants no key twice.
    Unique(Keys),
    /// Wants one value for each key.
    Dependency(Keys),
    /// Wants no day in two spans of one key.
    Disjoint(Keys),
    /// Wants each key of `child` in `parent`.
    References { child: Keys, parent: Keys },
    /// Wants each key of `parent` a number of times in `child`.
    Cardinality { parent: Keys, child: Keys, min: u64, max: u64 },
    /// Wants a number of different keys.
    DistinctCount { keys: Keys, min: u64, max: u64 },
    /// Wants a figure of what was measured between bounds.
    Figure { measure: MeasureId, figure: Figure },
    /// Wants no rows from a query in the dialect of the source.
    Query(String),
}

/// The keys of the rows of one table, collected while it is scanned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct KeySet {
    pub(crate) columns: Vec<usize>,
    /// Columns that are collected with the key; empty where only the key matters.
    pub(crate) to: Vec<usize>,
    /// What these columns are.
    pub(crate) values: KeyValues,
    pub(crate) form: KeyForm,
    /// The filters of the checks that share the set, `None` for all rows. A key is collected once, and
    /// says in which of these scopes its row is.
    pub(crate) scopes: Vec<Option<usize>>,
    /// Whether failing rows must be found again by their key.
    pub(crate) with_rows: bool,
}

impl KeySet {
    /// How many scopes a set can have; checks with others have a set of their own.
    pub(crate) const SCOPES_MAX: usize = 3;
}

/// What is collected with a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum KeyValues {
    /// The values of columns.
    Columns,
    /// The span between the days in two columns.
    Span,
}

/// Whether blank text in a key is a value.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Blank {
    #[default]
    IsValue,
    IsIgnored,
}

/// How text counts in a key. By default it is compared as it is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct KeyForm {
    pub(crate) blank: Blank,
    /// Texts that differ in case only are one key.
    pub(crate) folds_case: bool,
    /// Blanks at both ends do not count, and those between words count as one space.
    pub(crate) collapses_blanks: bool,
}

impl KeyForm {
    /// Whether text is compared as it is.
    pub(crate) fn keeps_text(self) -> bool {
        !self.folds_case && !self.collapses_blanks
    }
}

/// Which measure of which table.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct MeasureId {
    pub(crate) table: usize,
    pub(crate) index: usize,
}

/// Which key set of which table.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct KeySetId {
    pub(crate) table: usize,
    pub(crate) index: usize,
}

/// The keys of one key set whose rows are in one of its scopes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Keys {
    pub(crate) set: KeySetId,
    pub(crate) scope: usize,
}

impl Kernel {
    /// The keys that this needs.
    pub(crate) fn keys(&self) -> Vec<Keys> {
        match self {
            Self::Absent(_)
            | Self::Row(_)
            | Self::RowCount { .. }
            | Self::Figure { .. }
            | Self::Query(_) => Vec::new(),
            Self::Unique(keys)
            | Self::Dependency(keys)
            | Self::Disjoint(keys)
            | Self::DistinctCount { keys, .. } => vec![*keys],
            Self::References { child, parent } => vec![*child, *parent],
            Self::Cardinality { parent, child, .. } => vec![*parent, *child],
        }
    }
}

impl Plan {
    /// A key set of one of the tables.
    pub(crate) fn key_set(&self, id: KeySetId) -> Option<&KeySet> {
        self.tables.get(id.table)?.key_sets.get(id.index)
    }

    /// Plans a run of `rules` over `tables`.
    ///
    /// # Errors
    ///
    /// `RulesInvalid` with every name that does not resolve and every type that does not fit.
    pub(crate) fn new(rules: &RuleSet, tables: &[TableSchema], as_of: Date) -> Result<Self> {
        Self::of_some(rules, tables, as_of, &|_, _| true)
    }

    /// Plans a run of those checks that are `wanted`, by the positions of their rule and of the check in it.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub(crate) fn of_some(
        rules: &RuleSet,
        tables: &[TableSchema],
        as_of: Date,
        wanted: &dyn Fn(usize, usize) -> bool,
    ) -> Result<Self> {
        let (plan, problems) = Self::draft_of_some(rules, tables, as_of, wanted);
        problems.into_result(ErrorKind::RulesInvalid, rules.file())?;
        Ok(plan)
    }

    /// Plans those checks that can be planned, and tells what is wrong with the rules, for who has more to say
    /// of them. Nothing can be run by a draft with problems.
    pub(crate) fn draft(rules: &RuleSet, tables: &[TableSchema], as_of: Date) -> (Self, Problems) {
        Self::draft_of_some(rules, tables, as_of, &|_, _| true)
    }

    fn draft_of_some(
        rules: &RuleSet,
        tables: &[TableSchema],
        as_of: Date,
        wanted: &dyn Fn(usize, usize) -> bool,
    ) -> (Self, Problems) {
        let mut builder = Builder::new(rules, tables, as_of);
        let mut checks = Vec::new();
        for (position, rule) in rules.rules().iter().enumerate() {
            checks.extend(plan_rule(&mut builder, position, rule, &|check, _| {
                wanted(position, check)
            }));
        }
        let (tables, problems) = builder.finish();
        let order = order::parents_first(tables.len(), &checks);
        (Self { tables, checks, order }, problems)
    }

    /// Why checks do not apply, in words.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> {
        self.checks.iter().filter_map(|check| match &check.kernel {
            Kernel::Absent(lacking) => Some(format!("`{}` does not apply: {lacking}", check.name)),
            _ => None,
        })
    }

    /// The step of the scan order after which a check by key can be decided; none for other checks.
    pub(crate) fn decided_after(&self, check: &PlannedCheck) -> Option<usize> {
        let step_of = |table: usize| self.order.iter().position(|it| *it == table);
        check.kernel.keys().iter().filter_map(|it| step_of(it.set.table)).max()
    }
}

impl RuleSet {
    /// The columns that a run over `tables` reads, by table, in the order of the table: for who must fetch or
    /// convert them first. Only names matter; the types are those of no check yet.
    ///
    /// # Errors
    ///
    /// `RulesInvalid` with every name that does not resolve.
    pub fn columns_read(&self, tables: &[TableSchema]) -> Result<BTreeMap<String, Vec<String>>> {
        let plan = Plan::new(self, tables, Date::from_days(0))?;
        let columns = |it: &TablePlan| {
            let names = it.columns.iter().filter_map(|place| it.schema.columns.get(*place));
            (it.schema.name.clone(), names.map(|it| it.name.clone()).collect())
        };
        Ok(plan.tables.iter().map(columns).collect())
    }
}

/// Plans those checks of a rule that are `wanted`.
fn plan_rule<'s>(
    builder: &mut Builder<'s>,
    position: usize,
    rule: &'s Rule,
    wanted: &dyn Fn(usize, &RuleCheck) -> bool,
) -> Vec<PlannedCheck> {
    if rule.checks.is_empty() {
        // All its checks have problems; where the table has one too, it is told at once.
        builder.table(&rule.table, rule.place);
    }
    let mut plan_check = |(check_position, check): (usize, &RuleCheck)| {
        let (table, filter) = builder.check(rule, check)?;
        let mut binder = Binder::new(builder, table, filter, check.place);
        let kernel = check.check.bind(&mut binder);
        let columns = binder.columns(&check.check.columns());
        let name = format!("{}/{}", rule.id, check.id);
        let (kernel, columns) = match builder.take_lacking() {
            Some(lacking) => (Kernel::Absent(lacking), Vec::new()),
            None => kernel.zip(columns)?,
        };
        Some(PlannedCheck {
            rule: position,
            check: check_position,
            name,
            table,
            filter,
            columns,
            kernel,
        })
    };
    let checks = rule.checks.iter().enumerate().filter(|(position, it)| wanted(*position, it));
    checks.filter_map(&mut plan_check).collect()
}
