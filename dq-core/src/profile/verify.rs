//! Counts by the engine what suggestions would flag, in a scan of the same snapshot.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::{Error, ErrorKind, Result};
use crate::profile::ProfileOptions;
use crate::profile::rule_file;
use crate::profile::suggestion::{Draft, Suggestion};
use crate::rules::RuleSet;
use crate::source::{Partition, Scan, Snapshot, Source};
use crate::validate::{Status, ValidateOptions, validate};
use crate::value::TableSchema;

/// A suggestion that flags more than this share of the rows in its scope was none.
const FLAGGED_MAX: f64 = 0.1;

/// Counts what each draft would flag. `drafts` are by table. Drafts that cannot be checked or flag too
/// much are left out.
pub(crate) async fn count(
    snapshot: &Arc<dyn Snapshot>,
    drafts: Vec<(String, Vec<Draft>)>,
    options: &ProfileOptions,
) -> Result<Vec<Suggestion>> {
    let mut suggestions = Vec::new();
    for (table, drafts) in drafts {
        suggestions.extend(named(&table, drafts, snapshot.tables()));
    }
    if suggestions.is_empty() {
        return Ok(suggestions);
    }
    let text = rule_file::write(&suggestions, "the profile");
    let rules = RuleSet::parse("suggested rules", &text, &BTreeMap::new()).map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot read the suggested rules back").with_source(error)
    })?;
    let options = ValidateOptions {
        threads: options.threads,
        sample_limit: 0,
        cancellation: options.cancellation.clone(),
        progress: options.progress.clone(),
        clock: Arc::clone(&options.clock),
        ..ValidateOptions::default()
    };
    let report = validate(&Held(Arc::clone(snapshot)), &rules, &options).await?;
    for (suggestion, check) in suggestions.iter_mut().zip(report.checks()) {
        (suggestion.evaluated, suggestion.violations) = (check.evaluated, check.violations);
    }
    let ran: Vec<_> = report.checks().map(|it| it.status != Status::Error).collect();
    let mut ran = ran.into_iter();
    suggestions.retain(|it| {
        let is_few = it.violations as f64 <= FLAGGED_MAX * it.evaluated as f64;
        ran.next() == Some(true) && it.evaluated > 0 && is_few
    });
    Ok(suggestions)
}

/// Drafts with names, and ids that are unique in the table.
fn named(table: &str, drafts: Vec<Draft>, schemas: &[TableSchema]) -> Vec<Suggestion> {
    let schema = schemas.iter().find(|it| it.name == table);
    let name = |position: &usize| {
        schema.and_then(|it| it.columns.get(*position)).map(|it| it.name.clone())
    };
    let mut used = BTreeMap::<String, usize>::new();
    let named = drafts.into_iter().map(|draft| {
        let columns: Vec<_> = draft.columns.iter().filter_map(name).collect();
        let mut id = identifier(&columns, draft.check);
        let times = used.entry(id.clone()).or_default();
        *times += 1;
        if *times > 1 {
            id = format!("{id}_{times}");
        }
        Suggestion {
            table: table.to_owned(),
            id,
            check: draft.check,
            columns,
            definition: draft.definition,
            reason: draft.reason,
            evaluated: 0,
            violations: 0,
        }
    });
    named.collect()
}

/// `zip_code_matches` for the check `matches` of the column `ZIP Code`, `city_of_zip_code` for a dependency.
fn identifier(columns: &[String], check: &str) -> String {
    let words = match (check, columns.split_last()) {
        ("functional_dependency", Some((to, from))) => format!("{to} of {}", from.join(" ")),
        _ => format!("{} {check}", columns.join(" ")),
    };
    let mut id = String::new();
    for character in words.chars() {
        match character {
            it if it.is_alphanumeric() => id.extend(it.to_lowercase()),
            _ if id.ends_with('_') || id.is_empty() => {}
            _ => id.push('_'),
        }
    }
    id
}

/// A snapshot that is open already, as a source: what is counted is of the same moment as what was found.
struct Held(Arc<dyn Snapshot>);

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.0).finish()
    }
}

#[async_trait]
impl Source for Held {
    fn name(&self) -> &'static str {
        "the profile"
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(Shared(Arc::clone(&self.0))))
    }
}

/// A snapshot that somebody else ends.
#[derive(Debug)]
struct Shared(Arc<dyn Snapshot>);

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Snapshot for Shared {
    fn tables(&self) -> &[TableSchema] {
        self.0.tables()
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        self.0.scan(scan).await
    }

    async fn finish(&self) -> Result<()> {
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        self.0.notes()
    }
}
