//! Data to try things on: providers, facilities and the affiliations between them, as many as wanted,
//! with defects whose number is known exactly.
//!
//! A [`Recipe`] says how many rows there are, which seed they come from, and how many defects of which
//! [kinds](Defect) are put in. [`generate`] writes the three tables to a [`Target`] and gives a
//! [`Manifest`]: how many rows each check of the healthcare pack must find, and which.
//! [`verify`](Manifest::verify) compares a report with it.
//!
//! ```
//! use dq_core::generate::{GenerateOptions, Recipe, Size, Target, generate};
//!
//! # fn main() -> dq_core::Result<()> {
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("providers");
//! let recipe = Recipe { seed: 7, size: Size::Rows(1_000), ..Recipe::default() };
//! let manifest = generate(&recipe, &Target::Csv(path), &GenerateOptions::default())?;
//! assert_eq!(manifest.rows, 1_000);
//! # Ok(())
//! # }
//! ```
//!
//! The same recipe gives the same rows on every machine. Rows look like real ones: valid NPIs and DEA
//! numbers, cities whose state, ZIP code and area code agree, dates in their order. Nobody in them
//! exists; mail to their addresses goes nowhere.

mod affiliation;
mod ahead;
mod batches;
mod dataset;
mod defect;
mod facility;
mod layout;
mod manifest;
mod provider;
mod random;
mod recipe;
mod table;
mod target;
mod text;
mod verify;
mod words;

use std::fmt;
#[cfg(feature = "parquet")]
use std::sync::Arc;

use arrow_array::RecordBatch;
#[cfg(feature = "parquet")]
use arrow_schema::Schema;

use crate::error::Result;
use crate::source::Cancellation;
use crate::validate::{Progress, ProgressListener};

use ahead::Ahead;
use batches::Batches;
use dataset::Dataset;
use manifest::Ledger;
use target::TableWriter;

pub use defect::Defect;
pub use manifest::{DefectCount, ExpectedCheck, ExpectedKey, Manifest};
pub use recipe::{Recipe, Size};
pub use table::Table;
pub use target::{Existing, Target};
pub use verify::Mismatch;

/// How a data set is written.
#[derive(Clone)]
pub struct GenerateOptions {
    /// What happens to what is there already. Default: it is kept, and nothing is written.
    pub existing: Existing,
    /// How many keys of failing rows the manifest holds for each check at most. Default: 100.
    pub keys_max: usize,
    /// Cancel it to stop; then nothing is left behind.
    pub cancellation: Cancellation,
    /// Called after each batch of rows, on the thread that writes.
    pub progress: Option<ProgressListener>,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self {
            existing: Existing::default(),
            keys_max: 100,
            cancellation: Cancellation::new(),
            progress: None,
        }
    }
}

impl fmt::Debug for GenerateOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenerateOptions")
            .field("existing", &self.existing)
            .field("keys_max", &self.keys_max)
            .finish_non_exhaustive()
    }
}

/// Makes the data of `recipe` and writes them to `target`. Blocks until they are whole; until then,
/// nothing is to be seen at the target. Rows are made on another thread, which ends before this returns.
///
/// # Errors
///
/// `UsageInvalid` for a recipe that cannot be followed; `Conflict` if there is something at the target
/// already; `WriteFailed`; `Cancelled`; `Internal` if no thread can be started.
pub fn generate(recipe: &Recipe, target: &Target, options: &GenerateOptions) -> Result<Manifest> {
    let dataset = Dataset::new(recipe.clone())?;
    let mut writer = target.writer(options)?;
    let ledger = ahead::while_made(&dataset, Ledger::new(options.keys_max), |rows| {
        write(&dataset, &rows, writer.as_mut(), options)
    })?;
    options.cancellation.check()?;
    writer.finish()?;
    Ok(ledger.manifest(&dataset))
}

fn write(
    dataset: &Dataset,
    made: &Ahead,
    writer: &mut dyn TableWriter,
    options: &GenerateOptions,
) -> Result<()> {
    for table in Table::ALL {
        let mut progress = Progress {
            table: table.as_str().to_owned(),
            rows: 0,
            rows_estimate: Some(dataset.rows().of(table)),
        };
        writer.begin(table)?;
        while let Some(rows) = made.next()? {
            options.cancellation.check()?;
            writer.write(&rows)?;
            progress.rows += rows.num_rows() as u64;
            if let Some(listener) = &options.progress {
                listener(&progress);
            }
        }
        writer.end()?;
    }
    Ok(())
}

/// The rows of each table.
pub type TablesInMemory = Vec<(Table, Vec<RecordBatch>)>;

/// The rows of `recipe` as batches in memory, table by table, and the manifest.
///
/// # Errors
///
/// `UsageInvalid` for a recipe that cannot be followed.
pub fn generate_in_memory(recipe: &Recipe, keys_max: usize) -> Result<(TablesInMemory, Manifest)> {
    let dataset = Dataset::new(recipe.clone())?;
    let mut ledger = Ledger::new(keys_max);
    let mut tables = Vec::new();
    for table in Table::ALL {
        let mut batches = Batches::new(&dataset, table);
        let mut rows = Vec::new();
        while let Some(batch) = batches.next(&mut ledger)? {
            rows.push(batch);
        }
        tables.push((table, rows));
    }
    Ok((tables, ledger.manifest(&dataset)))
}

/// The schema of a table.
#[cfg(feature = "parquet")]
fn schema_of(table: Table) -> Arc<Schema> {
    match table {
        Table::Facilities => table::schema(facility::COLUMNS),
        Table::Providers => table::schema(provider::COLUMNS),
        Table::Affiliations => table::schema(affiliation::COLUMNS),
    }
}

/// The columns of a table: names, and types as SQL declares them.
fn columns_of(table: Table) -> Vec<(&'static str, &'static str)> {
    match table {
        Table::Facilities => facility::COLUMNS.iter().map(|it| (it.name, it.sql)).collect(),
        Table::Providers => provider::COLUMNS.iter().map(|it| (it.name, it.sql)).collect(),
        Table::Affiliations => affiliation::COLUMNS.iter().map(|it| (it.name, it.sql)).collect(),
    }
}
