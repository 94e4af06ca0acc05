//! Counts by the engine what suggestions would flag, in a scan of the same snapshot.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::iter;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::{Error, ErrorKind, Result};
use crate::profile::ProfileOptions;
use crate::profile::rule_file;
use crate::profile::suggestion::{Draft, Suggestion};
use crate::rules::RuleSet;
use crate::source::{
    Dialect, Partition, Query, QueryRows, Reach, Scan, Snapshot, Source, SqlTable, Usage,
};
use crate::validate::{Status, ValidateOptions, validate};
use crate::value::TableSchema;

/// A suggestion that flags more than this share of the rows in its scope was none.
const FLAGGED_MAX: f64 = 0.1;

/// What the engine counted for one check.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(crate) evaluated: u64,
    pub(crate) violations: u64,
}

/// Counts what each draft would flag. `drafts` are by table. Drafts that cannot be checked, concern no row
/// or flag too much are left out.
pub(crate) async fn suggestions(
    snapshot: &Arc<dyn Snapshot>,
    drafts: Vec<(String, Vec<Draft>)>,
    options: &ProfileOptions,
) -> Result<Vec<Suggestion>> {
    let mut suggestions = named(drafts, snapshot.tables());
    let counted = count(snapshot, &suggestions, options).await.map_err(|error| {
        let hint =
            if error.kind() == ErrorKind::Unsupported { "; save it to a file first" } else { "" };
        let message = format!("cannot count what the suggested rules would flag: {error}{hint}");
        Error::new(error.kind(), message).with_source(error)
    })?;
    let mut counted = counted.into_iter();
    suggestions.retain_mut(|it| {
        let Some(Some(found)) = counted.next() else { return false };
        (it.evaluated, it.violations) = (found.evaluated, found.violations);
        it.evaluated > 0 && it.violations as f64 <= FLAGGED_MAX * it.evaluated as f64
    });
    Ok(suggestions)
}

/// Counts what each draft would flag, in their order; nothing for what cannot be checked. A table may come
/// several times.
pub(crate) async fn drafts(
    snapshot: &Arc<dyn Snapshot>,
    drafts: Vec<(String, Vec<Draft>)>,
    options: &ProfileOptions,
) -> Result<Vec<Option<Counted>>> {
    count(snapshot, &named(drafts, snapshot.tables()), options).await
}

async fn count(
    snapshot: &Arc<dyn Snapshot>,
    suggestions: &[Suggestion],
    options: &ProfileOptions,
) -> Result<Vec<Option<Counted>>> {
    if suggestions.is_empty() {
        return Ok(Vec::new());
    }
    let text = rule_file::write(suggestions, "the profile");
    let rules = RuleSet::parse("suggested rules", &text, &BTreeMap::new()).map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot read the suggested rules back").with_source(error)
    })?;
    let options = ValidateOptions {
        threads: options.threads,
        sample_limit: 0,
        memory_bytes_max: options.memory_bytes_max,
        cancellation: options.cancellation.clone(),
        progress: options.progress.clone(),
        clock: Arc::clone(&options.clock),
        ..ValidateOptions::default()
    };
    let report = validate(&Held(Arc::clone(snapshot)), &rules, &options).await?;
    let counted = report.checks().map(|it| {
        let counted = Counted { evaluated: it.evaluated, violations: it.violations };
        (it.status != Status::Error).then_some(counted)
    });
    Ok(counted.collect())
}

/// Drafts with names, and with ids that are unique in their table.
fn named(drafts: Vec<(String, Vec<Draft>)>, schemas: &[TableSchema]) -> Vec<Suggestion> {
    let mut used = HashSet::new();
    let mut named = Vec::new();
    for (table, drafts) in drafts {
        let schema = schemas.iter().find(|it| it.name == table);
        let column = |it: &usize| Some(schema?.columns.get(*it)?.name.clone());
        for draft in drafts {
            let columns: Vec<_> = draft.columns.iter().filter_map(column).collect();
            let id = identifier(&columns, draft.check);
            let ids = iter::once(id.clone()).chain((2..).map(|it| format!("{id}_{it}")));
            let id = ids.into_iter().find(|it| used.insert((table.clone(), it.clone())));
            named.push(Suggestion {
                table: table.clone(),
                id: id.unwrap_or_default(),
                check: draft.check,
                columns,
                definition: draft.definition,
                reason: draft.reason,
                evaluated: 0,
                violations: 0,
            });
        }
    }
    named
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

    async fn query(&self, query: &Query) -> Result<QueryRows> {
        self.0.query(query).await
    }

    fn dialect(&self) -> Option<Dialect> {
        self.0.dialect()
    }

    fn sql_table(&self, table: &str) -> Option<SqlTable> {
        self.0.sql_table(table)
    }

    async fn reach(&self, query: &Query) -> Result<Option<Reach>> {
        self.0.reach(query).await
    }

    async fn finish(&self) -> Result<()> {
        Ok(())
    }

    fn note_usage(&self, usage: &Usage) {
        self.0.note_usage(usage);
    }

    fn notes(&self) -> Vec<String> {
        self.0.notes()
    }
}
