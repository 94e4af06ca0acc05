//! The plan for single records of one table: its checks that need no other rows.

use crate::document::nearest;
use crate::error::{Error, ErrorKind, Result};
use crate::rules::check::Check;
use crate::rules::plan::builder::Builder;
use crate::rules::plan::{Plan, plan_rule};
use crate::rules::rule_set::{RuleCheck, RuleSet};
use crate::value::Date;
use crate::value::{ColumnSchema, TableSchema, ValueType};

impl Plan {
    /// Plans the checks of single records of the table that `schema` describes.
    ///
    /// # Errors
    ///
    /// As [`Plan::new`], and `UsageInvalid` if no rule is about the table.
    pub(crate) fn of_records(rules: &RuleSet, schema: &TableSchema, as_of: Date) -> Result<Self> {
        checks_about(rules, &schema.name)?;
        // Nobody names a record by its key.
        let schema = TableSchema { primary_key: Vec::new(), ..schema.clone() };
        let mut builder = Builder::new(rules, std::slice::from_ref(&schema), as_of);
        let mut checks = Vec::new();
        for (position, rule) in rules.rules().iter().enumerate() {
            let wanted = |_: usize, check: &RuleCheck| {
                is_about(check, &schema.name) && !check.check.needs_other_rows()
            };
            checks.extend(plan_rule(&mut builder, position, rule, &wanted));
        }
        let (tables, problems) = builder.finish();
        problems.into_result(ErrorKind::RulesInvalid, rules.file())?;
        Ok(Self { tables, checks, order: vec![0] })
    }
}

impl RuleSet {
    /// A table called `table` with the columns that the rules about its records name, each of any type.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if no rule is about the table.
    pub(crate) fn schema_of_records(&self, table: &str) -> Result<TableSchema> {
        let mut columns: Vec<ColumnSchema> = Vec::new();
        for name in checks_about(self, table)?.into_iter().flat_map(columns_of_records) {
            if !columns.iter().any(|it| it.name == name) {
                columns.push(ColumnSchema::new(name, ValueType::Any));
            }
        }
        let (name, primary_key) = (table.to_owned(), Vec::new());
        Ok(TableSchema { name, columns, primary_key, rows_estimate: None })
    }
}

/// Whether a check is about the table called `table`, as names of tables are found.
pub(crate) fn is_about(check: &RuleCheck, table: &str) -> bool {
    check.table.eq_ignore_ascii_case(table)
}

fn checks_about<'r>(rules: &'r RuleSet, table: &str) -> Result<Vec<&'r RuleCheck>> {
    let all = rules.rules().iter().flat_map(|it| &it.checks);
    let found: Vec<_> = all.filter(|it| is_about(it, table)).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let hint = nearest(table, rules.rules().iter().map(|it| it.table.as_str()));
    let message = format!("cannot check records of `{table}`: no rule is about it{hint}");
    Err(Error::new(ErrorKind::UsageInvalid, message))
}

fn columns_of_records(check: &RuleCheck) -> Vec<String> {
    let filter = check.filter.iter().flat_map(|it| it.expression.columns());
    let alone = Some(&check.check).filter(|it| !it.needs_other_rows());
    filter.chain(alone.into_iter().flat_map(Check::columns)).collect()
}
