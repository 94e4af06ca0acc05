//! Compares a report with what a manifest says that it must find.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::generate::manifest::{ExpectedCheck, ExpectedKey, Manifest};

/// A check that found something else than was put in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mismatch {
    /// The check, as `rule/check`.
    pub check: String,
    /// What is different.
    pub difference: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.difference)
    }
}

/// A JSON report, as far as this looks at it.
#[derive(serde::Deserialize)]
struct Report {
    as_of: String,
    tables: Vec<TableRows>,
    rules: Vec<RuleFound>,
}

#[derive(serde::Deserialize)]
struct TableRows {
    table: String,
    rows: u64,
}

#[derive(serde::Deserialize)]
struct RuleFound {
    id: String,
    checks: Vec<CheckFound>,
}

#[derive(serde::Deserialize)]
struct CheckFound {
    id: String,
    violations: u64,
    groups: Option<u64>,
    sample: Vec<RowFound>,
    error: Option<String>,
}

#[derive(serde::Deserialize)]
struct RowFound {
    key: Map<String, Value>,
}

impl Manifest {
    /// Compares a report, as JSON, with this manifest: the number of violations and of groups of every
    /// check, and the keys that the report shows. Gives what differs; nothing where all is as it must be.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if the text is no report, or one about other data: made as of another day, of
    /// another size or from another seed, or without the rules of the healthcare pack.
    pub fn verify(&self, report: &str) -> Result<Vec<Mismatch>> {
        let report: Report = serde_json::from_str(report).map_err(|error| {
            let message = "cannot verify the report: it is no JSON report of `dq validate`";
            Error::new(ErrorKind::UsageInvalid, message).with_source(error)
        })?;
        self.is_about(&report)?;
        let mut found = BTreeMap::new();
        for rule in &report.rules {
            for check in &rule.checks {
                found.insert((rule.id.as_str(), check.id.as_str()), check);
            }
        }
        let mut mismatches = Vec::new();
        for expected in &self.checks {
            let check = found.get(&(expected.rule.as_str(), expected.check.as_str()));
            let Some(check) = check else {
                let message = format!(
                    "cannot verify the report: it has no check `{}/{}`; run `dq validate` with `--pack healthcare`",
                    expected.rule, expected.check
                );
                return Err(Error::new(ErrorKind::UsageInvalid, message));
            };
            self.has_known_keys(expected, check)?;
            if let Some(difference) = difference(expected, check) {
                let check = format!("{}/{}", expected.rule, expected.check);
                mismatches.push(Mismatch { check, difference });
            }
        }
        Ok(mismatches)
    }

    /// Whether the report is about the day and the tables of this manifest.
    fn is_about(&self, report: &Report) -> Result<()> {
        if report.as_of != self.as_of {
            let message = format!(
                "cannot verify the report: it is as of {}, and the data as of {}; run `dq validate` with `--as-of {}`",
                report.as_of, self.as_of, self.as_of
            );
            return Err(Error::new(ErrorKind::UsageInvalid, message));
        }
        for table in &report.tables {
            let made = self.tables.get(&table.table).copied();
            if made.is_some_and(|it| it != table.rows) {
                let message = format!(
                    "cannot verify the report: it is about {} rows of `{}`, and the manifest about {}",
                    table.rows,
                    table.table,
                    made.unwrap_or_default()
                );
                return Err(Error::new(ErrorKind::UsageInvalid, message));
            }
        }
        Ok(())
    }

    /// Whether the rows that the report shows are those that were spoilt. Where the manifest knows the
    /// lowest keys, the lowest ones of the report must be the same: else the rows are others.
    fn has_known_keys(&self, expected: &ExpectedCheck, check: &CheckFound) -> Result<()> {
        if expected.violations != check.violations {
            return Ok(());
        }
        let is_same = |(known, found): (&_, &RowFound)| is_key(known, &found.key);
        if expected.keys.iter().zip(&check.sample).all(is_same) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::UsageInvalid,
            format!(
                "cannot verify the report: it is about other data than the manifest, of seed {}: `{}/{}` found other rows",
                self.seed, expected.rule, expected.check
            ),
        ))
    }
}

fn is_key(known: &ExpectedKey, found: &Map<String, Value>) -> bool {
    match found.get("row") {
        Some(row) if found.len() == 1 => row.as_u64() == Some(known.row),
        _ => *found == known.key,
    }
}

fn difference(expected: &ExpectedCheck, check: &CheckFound) -> Option<String> {
    if let Some(error) = &check.error {
        return Some(format!("it could not run: {error}"));
    }
    if expected.violations != check.violations {
        return Some(format!(
            "{} violations were put in, {} were found",
            expected.violations, check.violations
        ));
    }
    match (expected.groups, check.groups) {
        (Some(expected), Some(found)) if expected != found => {
            Some(format!("{expected} groups were put in, {found} were found"))
        }
        _ => None,
    }
}
