//! A rule that the data suggest.

use serde_json::{Map, Value};

/// A check that the data suggest, with its evidence and what it would find today.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Suggestion {
    /// The table that it is about.
    pub table: String,
    /// Unique in the table.
    pub id: String,
    /// The kind of check, such as `matches`.
    pub check: &'static str,
    /// The columns that it is about.
    pub columns: Vec<String>,
    /// The check with its arguments, as a rule set has it.
    pub definition: Map<String, Value>,
    /// Why the data suggest it.
    pub reason: String,
    /// How many rows were in its scope, counted by the engine.
    pub evaluated: u64,
    /// How many of them it would flag today, counted by the engine.
    pub violations: u64,
}

/// A suggestion before anyone has counted what it would flag. Positions are of the survey's columns.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) check: &'static str,
    pub(crate) columns: Vec<usize>,
    pub(crate) definition: Map<String, Value>,
    pub(crate) reason: String,
    /// Whether the definition spells out values of rows.
    pub(crate) spells_values: bool,
}

impl Draft {
    /// A check of one column.
    pub(crate) fn of_column(
        position: usize,
        name: &str,
        check: &'static str,
        argument: Value,
        reason: String,
    ) -> Self {
        let column = ("column".to_owned(), Value::from(name));
        let definition = [column, (check.to_owned(), argument)].into_iter().collect();
        let spells_values = matches!(check, "one_of" | "between");
        Self { check, columns: vec![position], definition, reason, spells_values }
    }

    /// A check of several columns.
    pub(crate) fn of_columns(
        columns: Vec<usize>,
        check: &'static str,
        argument: Value,
        reason: String,
    ) -> Self {
        let definition = [(check.to_owned(), argument)].into_iter().collect();
        Self { check, columns, definition, reason, spells_values: false }
    }
}
