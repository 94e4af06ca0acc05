//! What tests of reports are made of.

use crate::rules::{Dimension, Severity};
use crate::validate::{CheckReport, FailingRow, Status};

/// A check of 5,000 rows without violations.
pub(crate) fn check(id: &str, status: Status) -> CheckReport {
    CheckReport {
        id: id.to_owned(),
        table: None,
        check: "not_blank",
        columns: vec!["npi_number".to_owned()],
        severity: Severity::Medium,
        dimension: Dimension::Completeness,
        status,
        message: None,
        evaluated: 5000,
        violations: 0,
        groups: None,
        observed: None,
        measured: None,
        sample: Vec::new(),
        truncated: false,
        error: None,
        line: 7,
        definition: "00000000000000aa".to_owned(),
        baseline: None,
        engine: None,
        streamed: None,
    }
}

/// A failing row with the given key.
pub(crate) fn row(key: &[(&str, serde_json::Value)]) -> FailingRow {
    let key = key.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    FailingRow { key, values: None }
}
