//! Makes the data of the benchmarks: providers, their facilities, and the affiliations between them.
//!
//! Every row is a pure function of its number, so the same size gives the same rows everywhere. Each
//! kind of defect that the rules look for is in 3 to 5 percent of the rows. Affiliations come in an
//! order that has nothing to do with that of the providers, as they do where tables have grown.

mod files;
mod rows;
mod schema;
mod values;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::data::files::{write_csv, write_database};
pub(crate) use crate::data::rows::{affiliation, facility, provider};
pub(crate) use crate::data::schema::{AFFILIATION_COLUMNS, FACILITY_COLUMNS, PROVIDER_COLUMNS};

/// Part of the files' names: change it whenever the same size would give other rows.
pub(crate) const VERSION: u32 = 1;

/// The files of one size.
#[derive(Debug)]
pub(crate) struct Data {
    /// The three tables.
    pub(crate) database: PathBuf,
    /// The providers once more.
    pub(crate) csv: PathBuf,
}

impl Data {
    /// Makes the files of `providers` providers below `folder`, unless they are there already.
    pub(crate) fn prepare(folder: &Path, providers: u64) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let name = format!("providers-{providers}-v{VERSION}");
        let database = folder.join(format!("{name}.db"));
        let csv = folder.join(format!("{name}.csv"));
        write_whole(&database, |path| write_database(path, providers))?;
        write_whole(&csv, |path| write_csv(path, providers))?;
        Ok(Self { database, csv })
    }
}

/// Writes beside `path` and renames at the end, so that what has the name is whole.
fn write_whole(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let unfinished = path.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_file(&unfinished)?;
    }
    write(&unfinished).with_context(|| format!("cannot make `{}`", path.display()))?;
    fs::rename(&unfinished, path)?;
    Ok(())
}
