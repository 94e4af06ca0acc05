//! What a user hears of files that are not what they should be. The path of the folder is written
//! `DIR`.

mod databases;
mod documents;
mod figures;
mod parameters;
mod rules;
mod sources;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use dq_core::engine::{OpenOptions, open};
use dq_core::rules::RuleSet;
use dq_core::source::Source;
use dq_core::validate::Report;
use dq_core::{Error, ErrorKind, Result};
use tempfile::TempDir;

use crate::run::{rules_of, run};

/// One check of the table `data`.
fn not_null() -> RuleSet {
    rules_of("data", &["column: a, not_null: true }"])
}

/// A folder of files.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with the file `data.csv`.
    fn with(content: impl AsRef<[u8]>) -> Self {
        let folder = Self::new();
        folder.write("data.csv", content);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn open(&self, name: &str, options: &OpenOptions) -> Result<Arc<dyn Source>> {
        let path = self.path(name.trim_start_matches("sqlite:"));
        let scheme = if name.starts_with("sqlite:") { "sqlite:" } else { "" };
        open(&format!("{scheme}{}", path.display()), options)
    }

    /// Opens a file and runs rules on it.
    fn run(&self, name: &str, options: &OpenOptions, rules: &RuleSet) -> Result<Report> {
        run(&*self.open(name, options)?, rules)
    }

    /// The kind of an error, and its message.
    fn told<T>(&self, result: Result<T>) -> (ErrorKind, String) {
        let error = result.err().expect("an error");
        (error.kind(), self.message(&error))
    }

    fn message(&self, error: &Error) -> String {
        error.message().replace(self.0.path().to_str().unwrap(), "DIR")
    }
}
