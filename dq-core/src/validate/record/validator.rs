//! Compiles the rules of one table for its records.

use crate::error::{Error, ErrorKind, Result};
use crate::rules::{
    Kernel, Plan, PlannedCheck, PlannedFilter, RowKernel, RuleCheck, RuleSet, Severity, is_about,
};
use crate::validate::record::fields::batch_of;
#[cfg(feature = "json")]
use crate::validate::record::json::JsonRecord;
use crate::validate::record::{Record, RecordCheck, RecordReport, Verdict};
use crate::value::Batch;
use crate::value::Date;
use crate::value::TableSchema;

/// The rules about one table, compiled for its records. Threads may share it.
#[derive(Debug)]
pub struct RecordValidator {
    /// The names of the fields that are looked at; kernels know them by their place.
    fields: Vec<String>,
    filters: Vec<PlannedFilter>,
    checks: Vec<CompiledCheck>,
}

#[derive(Debug)]
struct CompiledCheck {
    rule: String,
    id: String,
    kind: &'static str,
    columns: Vec<String>,
    severity: Severity,
    message: Option<String>,
    filter: Option<usize>,
    /// Or what is said of every record.
    kernel: std::result::Result<Box<dyn RowKernel>, Verdict>,
}

/// A record as a batch of one row, and whether each filter lets it through.
struct Subject {
    batch: Batch,
    scopes: Vec<bool>,
}

impl RecordValidator {
    /// Compiles the rules about `table`. Records have the fields that the rules name, with values of any
    /// type. "Today" is `as_of`; who runs for longer than a day compiles anew.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if no rule is about `table`; `RulesInvalid` with all that is wrong with its rules.
    pub fn new(rules: &RuleSet, table: &str, as_of: Date) -> Result<Self> {
        Self::with_schema(rules, &rules.schema_of_records(table)?, as_of)
    }

    /// Compiles the rules about the table that `schema` describes, as for a source with such a table:
    /// a name that is none of its columns is an error, and in expressions literals are read as the
    /// declared type of the column beside them.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_schema(rules: &RuleSet, schema: &TableSchema, as_of: Date) -> Result<Self> {
        let Plan { tables, checks: mut planned, .. } = Plan::of_records(rules, schema, as_of)?;
        let mut checks = Vec::new();
        for (rule_position, rule) in rules.rules().iter().enumerate() {
            for (position, check) in rule.checks.iter().enumerate() {
                if !is_about(check, &schema.name) {
                    continue;
                }
                let is_it =
                    |it: &mut PlannedCheck| (it.rule, it.check) == (rule_position, position);
                let planned = planned.extract_if(.., is_it).next();
                checks.push(CompiledCheck::new(&rule.id, check, planned));
            }
        }
        let table = tables.into_iter().next();
        let (positions, filters) = table.map(|it| (it.columns, it.filters)).unwrap_or_default();
        let name = |it: usize| schema.columns.get(it).map(|it| it.name.clone());
        Ok(Self { fields: positions.into_iter().filter_map(name).collect(), filters, checks })
    }

    /// Judges a record. A field that it lacks is NULL, and a field that no rule names is not looked at;
    /// else values mean what they mean in a table: one of the wrong type is a violation.
    pub fn check<R: Record + ?Sized>(&self, record: &R) -> RecordReport<'_> {
        let batch = batch_of(record, &self.fields);
        let subject = batch.map(|batch| {
            let holds = |it: &PlannedFilter| it.predicate.evaluate(&batch).holds.value(0);
            let scopes = self.filters.iter().map(holds).collect();
            Subject { batch, scopes }
        });
        let checks = self.checks.iter().map(|it| it.judge(subject.as_ref()));
        RecordReport { checks: checks.collect() }
    }

    /// Judges the record that the JSON object in `text` is, as the same line of a file of JSON Lines: text
    /// is text, also where it spells a day, and an array or object is text as it stands there. Needs the
    /// feature `json`.
    ///
    /// # Errors
    ///
    /// `SourceInvalid` if `text` is not one JSON object, or if a field is there twice.
    #[cfg(feature = "json")]
    pub fn check_json(&self, text: &str) -> Result<RecordReport<'_>> {
        Ok(self.check(&JsonRecord::parse(text)?))
    }
}

impl CompiledCheck {
    fn new(rule: &str, check: &RuleCheck, planned: Option<PlannedCheck>) -> Self {
        let filter = planned.as_ref().and_then(|it| it.filter);
        let kernel = match planned.map(|it| it.kernel) {
            Some(Kernel::Row(kernel)) => Ok(kernel),
            Some(Kernel::Absent(_)) => Err(Verdict::OutOfScope),
            _ => Err(Verdict::NeedsOtherRows),
        };
        Self {
            rule: rule.to_owned(),
            id: check.id.clone(),
            kind: check.check.name(),
            columns: check.check.columns(),
            severity: check.severity,
            message: check.message.clone(),
            filter,
            kernel,
        }
    }

    fn judge(&self, subject: Option<&Subject>) -> RecordCheck<'_> {
        let (verdict, error) = match self.verdict(subject) {
            Ok(verdict) => (verdict, None),
            Err(error) => (Verdict::Error, Some(error)),
        };
        RecordCheck {
            rule: &self.rule,
            check: &self.id,
            kind: self.kind,
            columns: &self.columns,
            severity: self.severity,
            message: self.message.as_deref(),
            verdict,
            error,
        }
    }

    fn verdict(&self, subject: Option<&Subject>) -> Result<Verdict> {
        let kernel = match &self.kernel {
            Ok(kernel) => kernel,
            Err(verdict) => return Ok(*verdict),
        };
        let Some(Subject { batch, scopes }) = subject else {
            let message = "cannot check a record of more than 4 GiB of text";
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        };
        if self.filter.is_some_and(|it| scopes.get(it) != Some(&true)) {
            return Ok(Verdict::OutOfScope);
        }
        let is_violation = kernel.violations(batch)?.value(0);
        Ok(if is_violation { Verdict::Violation } else { Verdict::Pass })
    }
}
