//! What is in a source: types, missing and frequent values, shapes, keys, dependencies, references; and
//! the rules that these suggest.
//!
//! ```text
//! Source ─scan each table once─▶ Survey ─describe─▶ Profile ─▶ terminal, JSON
//!                                   └─suggest─▶ drafts ─count with the engine─▶ suggestions ─▶ rules.yaml
//! ```
//!
//! Counts are exact but for those that say otherwise: where the distinct values of a column do not fit
//! into memory, a sample of them is kept (`thinned.rs`). Keys, dependencies and references between
//! columns are found in what is kept; where that is a sample, the engine counts in a second scan what
//! was found. No result depends on how the rows were split over threads.
//!
//! ```
//! use std::sync::Arc;
//!
//! use arrow_array::{ArrayRef, RecordBatch, StringArray};
//! use dq_core::profile::{ProfileOptions, profile};
//! use dq_core::source::memory::MemorySource;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let zip: ArrayRef = Arc::new(StringArray::from(vec![Some("86503"), Some("8650"), None]));
//! let places = RecordBatch::try_from_iter([("zip", zip)])?;
//! let source = MemorySource::new("an example").table("places", vec![places])?;
//!
//! let found = profile(&source, &ProfileOptions::default()).await?;
//! let places = found.table("places").expect("the table is there");
//! let zip = places.column("zip").expect("the column is there");
//! assert_eq!((places.rows, zip.nulls), (3, 1));
//! let shapes: Vec<_> = zip.shapes.iter().map(|it| it.shape.as_str()).collect();
//! assert!(shapes.contains(&"99999") && shapes.contains(&"9999"));
//! # Ok(())
//! # }
//! ```

mod canonical;
mod column_survey;
mod dependency;
mod describe;
mod document;
mod examined;
mod facts;
mod figure;
mod format;
mod found;
mod groups;
mod inclusion;
mod keys;
mod kind;
mod options;
mod render;
mod row_sample;
mod rule_file;
mod scan;
mod shape;
mod suggest;
mod suggestion;
mod sum;
mod survey;
mod thinned;
mod verify;

use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::error::{Error, ErrorKind, Result};
use crate::profile::examined::Examined;
use crate::profile::found::Found;
use crate::source::{Snapshot, Source};
use crate::validate::run::StopOnDrop;
use crate::validate::threads::join;
use crate::value::TableSchema;

pub use document::{
    CandidateKey, ColumnProfile, Dependency, FORMAT, FrequentValue, KindCount, LengthProfile,
    Profile, Reference, ShapeCount, TableProfile,
};
pub use figure::Figure;
pub use format::{ProfileFormat, render};
pub use kind::Kind;
pub use options::ProfileOptions;
pub use render::render_text;
pub use suggestion::Suggestion;

/// Finds out what is in the tables of `source`.
///
/// All rows are of one moment. Dropping the future stops the run. Works on a tokio runtime of any kind:
/// the work is done on threads that may block.
///
/// # Errors
///
/// `NotFound` if a table of the options does not exist; whatever makes the source unreadable;
/// `SourceChanged` if it changed meanwhile; `Cancelled`.
pub async fn profile(source: &dyn Source, options: &ProfileOptions) -> Result<Profile> {
    let started = options.clock.now();
    let cancellation = options.cancellation.child();
    let _stop = StopOnDrop(cancellation.clone());
    let options = &ProfileOptions { cancellation, ..options.clone() };
    let snapshot: Arc<dyn Snapshot> = source.snapshot().await?.into();
    let mut tables = Vec::new();
    for table in wanted(snapshot.as_ref(), options)? {
        let survey = scan::scan(snapshot.as_ref(), &table, options).await?;
        let examining = options.clone();
        let examine = move || Examined::of(survey, &examining, &examining.cancellation);
        tables.extend(join(vec![spawn_blocking(examine)]).await?);
    }
    let mut found = Found::of(tables);
    let mut notes = snapshot.notes();
    notes.extend(found.count_estimates(&snapshot, options).await?);
    let suggestions = if options.suggest {
        Some(verify::suggestions(&snapshot, found.drafts(), options).await?)
    } else {
        None
    };
    snapshot.finish().await?;
    Ok(Profile {
        format: FORMAT,
        source: source.name().to_owned(),
        notes,
        tables: found.tables(),
        references: found.references(),
        suggestions,
        elapsed: options.clock.now().duration_since(started),
    })
}

impl Profile {
    /// The suggestions as a rule set in YAML, each with its reason and what it flags today; without rules
    /// where there are no suggestions.
    pub fn rule_set(&self) -> String {
        rule_file::write(self.suggestions.as_deref().unwrap_or_default(), &self.source)
    }
}

fn wanted(snapshot: &dyn Snapshot, options: &ProfileOptions) -> Result<Vec<TableSchema>> {
    let all = snapshot.tables();
    let find = |name: &String| {
        all.iter().find(|it| it.name == *name).cloned().ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|it| format!("`{}`", it.name)).collect();
            let there = if all.len() == 1 { "there is" } else { "there are" };
            let message =
                format!("cannot profile the table `{name}`: {there} {}", names.join(", "));
            Error::new(ErrorKind::NotFound, message)
        })
    };
    if options.tables.is_empty() {
        Ok(all.to_vec())
    } else {
        options.tables.iter().map(find).collect()
    }
}
