//! A folder with a file for each table.
//!
//! The files are written in a folder beside, which takes the place of the real one when it is whole.
//! A folder that is there already keeps what else it holds: only the files of the tables are replaced.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::Result;
use crate::generate::table::Table;
use crate::generate::target::{Existing, cannot_write, folder_of, keep_existing};

/// A folder that is being made.
#[derive(Debug)]
pub(super) struct Staging {
    path: PathBuf,
    extension: &'static str,
    made: TempDir,
}

impl Staging {
    /// # Errors
    ///
    /// `Conflict` if a file of a table exists and may not be replaced; the folder cannot be made.
    pub(super) fn new(path: &Path, extension: &'static str, existing: Existing) -> Result<Self> {
        for table in Table::ALL {
            keep_existing(&file_of(path, table, extension), existing)?;
        }
        let parent = folder_of(path);
        let made = fs::metadata(parent)
            .and_then(|_| tempfile::Builder::new().prefix(".dq-generate-").tempdir_in(parent))
            .map_err(|error| cannot_write(path, error))?;
        Ok(Self { path: path.to_owned(), extension, made })
    }

    /// A new file for a table.
    pub(super) fn create(&self, table: Table) -> Result<BufWriter<File>> {
        let file = File::create(file_of(self.made.path(), table, self.extension));
        let file = file.map_err(|error| cannot_write(&self.path, error))?;
        Ok(BufWriter::with_capacity(1 << 20, file))
    }

    /// Moves the files to where they belong.
    pub(super) fn finish(self) -> Result<()> {
        self.move_files().map_err(|error| cannot_write(&self.path, error))
    }

    fn move_files(&self) -> std::io::Result<()> {
        fs::create_dir_all(&self.path)?;
        for table in Table::ALL {
            let made = file_of(self.made.path(), table, self.extension);
            fs::rename(made, file_of(&self.path, table, self.extension))?;
        }
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn file_of(folder: &Path, table: Table, extension: &str) -> PathBuf {
    folder.join(format!("{}.{extension}", table.as_str()))
}
