//! The sheets of failing rows: all of them in one, and those of each rule in its own.

use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::error::{Error, ErrorKind, Result};
use crate::report::xlsx::report_workbook::KeptCheck;
use crate::report::xlsx::workbook::{Sheet, Workbook};
use crate::validate::Report;
use crate::value::{OwnedValue, Value};

/// So many rules have a sheet of their own; the others of a workbook are for tables that go on in several.
const RULES_MAX: usize = 200;

/// The sheets of a workbook that hold failing rows.
pub(crate) struct ViolationSheets {
    pub(crate) all: Target,
    /// The sheets of rules, in the order of the report.
    pub(crate) rules: Vec<RuleSheet>,
    /// For each check that has rows, its place among the rules and its message.
    places: Vec<(Option<usize>, Option<String>)>,
    /// Rules that are violated and have no sheet of their own.
    pub(crate) without_sheet: Vec<String>,
}

/// A sheet that rows go to.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) sheet: Sheet,
    /// Whether the workbook had no room for a further sheet.
    pub(crate) is_full: bool,
}

/// The sheet of a rule.
pub(crate) struct RuleSheet {
    pub(crate) rule: String,
    pub(crate) target: Target,
    has_tables: bool,
    has_messages: bool,
    key: Vec<String>,
    values: Vec<String>,
}

impl ViolationSheets {
    pub(crate) fn new(report: &Report, checks: &[KeptCheck], book: &mut Workbook) -> Result<Self> {
        let names = ["table", "rule", "check", "severity", "key", "values"];
        let all = Target::of(book.sheet("All_Violations", &names)?);
        let messages = messages(report);
        let mut rules = Vec::new();
        let mut without_sheet = Vec::new();
        for rule in &report.rules {
            let of_rule: Vec<_> = checks.iter().filter(|it| it.rule == rule.id).collect();
            if of_rule.is_empty() {
                continue;
            }
            if rules.len() >= RULES_MAX {
                without_sheet.push(rule.id.clone());
                continue;
            }
            let has_messages = messages.keys().any(|it| it.0 == rule.id);
            rules.push(RuleSheet::new(&of_rule, has_messages, book)?);
        }
        let place = |it: &KeptCheck| {
            let message = messages.get(&(it.rule.as_str(), it.check.as_str()));
            let sheet = rules.iter().position(|sheet| sheet.rule == it.rule);
            (sheet, message.map(|it| (*it).to_owned()))
        };
        let places = checks.iter().map(place).collect();
        Ok(Self { all, rules, places, without_sheet })
    }

    /// Adds a row of the check at `number`; gives whether there was room for it among all.
    pub(crate) fn add(
        &mut self,
        number: usize,
        check: &KeptCheck,
        (key, values): (&RawValue, Option<&RawValue>),
        book: &mut Workbook,
    ) -> Result<bool> {
        let severity = check.severity.as_str();
        let row: [Value<'_>; 6] = [
            (&check.table).into(),
            (&check.rule).into(),
            (&check.check).into(),
            severity.into(),
            key.get().into(),
            values.map(RawValue::get).into(),
        ];
        let is_shown = self.all.add(&row, book)?;
        let (sheet, message) =
            self.places.get(number).map_or((None, None), |it| (it.0, it.1.as_deref()));
        if let Some(sheet) = sheet.and_then(|it| self.rules.get_mut(it)) {
            sheet.add(check, message, (key, values), book)?;
        }
        Ok(is_shown)
    }
}

impl Target {
    fn of(sheet: Sheet) -> Self {
        Self { sheet, is_full: false }
    }

    fn add(&mut self, row: &[Value<'_>], book: &mut Workbook) -> Result<bool> {
        if self.is_full {
            return Ok(false);
        }
        match book.row(self.sheet, row) {
            Err(error) if error.kind() == ErrorKind::LimitExceeded => self.is_full = true,
            other => other?,
        }
        Ok(!self.is_full)
    }
}

impl RuleSheet {
    fn new(checks: &[&KeptCheck], has_messages: bool, book: &mut Workbook) -> Result<Self> {
        let rule = checks.first().map(|it| it.rule.clone()).unwrap_or_default();
        let table = checks.first().map(|it| it.table.as_str());
        let has_tables = checks.iter().any(|it| Some(it.table.as_str()) != table);
        let (mut key, mut values) = (Vec::new(), Vec::new());
        for check in checks {
            unite(&mut key, &check.key);
            unite(&mut values, &check.values);
        }
        let mut names = vec!["check", "severity"];
        names.extend(has_tables.then_some("table"));
        names.extend(has_messages.then_some("message"));
        names.extend(key.iter().chain(&values).map(String::as_str));
        let target = Target::of(book.sheet(&rule, &names)?);
        Ok(Self { rule, target, has_tables, has_messages, key, values })
    }

    fn add(
        &mut self,
        check: &KeptCheck,
        message: Option<&str>,
        (key, values): (&RawValue, Option<&RawValue>),
        book: &mut Workbook,
    ) -> Result<()> {
        let mut key = fields(key)?;
        let mut values = values.map(fields).transpose()?.unwrap_or_default();
        let key = self.key.iter().map(|it| owned(key.remove(it)));
        let values = self.values.iter().map(|it| owned(values.remove(it)));
        let owned: Vec<_> = key.chain(values).collect();
        let mut row: Vec<Value<'_>> = vec![(&check.check).into(), check.severity.as_str().into()];
        row.extend(self.has_tables.then(|| Value::from(&check.table)));
        row.extend(self.has_messages.then(|| Value::from(message)));
        row.extend(owned.iter().map(OwnedValue::as_value));
        self.target.add(&row, book)?;
        Ok(())
    }
}

/// What the authors of the rules say about violations, by rule and check.
fn messages(report: &Report) -> HashMap<(&str, &str), &str> {
    let checks = report.rules.iter().flat_map(|rule| rule.checks.iter().map(move |it| (rule, it)));
    let message = checks.filter_map(|(rule, check)| {
        Some(((rule.id.as_str(), check.id.as_str()), check.message.as_deref()?))
    });
    message.collect()
}

fn unite(names: &mut Vec<String>, more: &[String]) {
    for name in more {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
}

fn fields(text: &RawValue) -> Result<Map<String, Json>> {
    serde_json::from_str(text.get()).map_err(|it| {
        Error::new(ErrorKind::Internal, "cannot read the key of a row").with_source(it)
    })
}

fn owned(value: Option<Json>) -> OwnedValue {
    match value {
        None | Some(Json::Null) => OwnedValue::Null,
        Some(Json::Bool(it)) => it.into(),
        Some(Json::String(it)) => it.into(),
        Some(Json::Number(it)) => match (it.as_i64(), it.as_f64()) {
            (Some(whole), _) => whole.into(),
            // A number beyond those of 64 bits keeps its digits.
            (None, Some(float)) if it.is_f64() => float.into(),
            (None, _) => it.to_string().into(),
        },
        Some(other) => other.to_string().into(),
    }
}
