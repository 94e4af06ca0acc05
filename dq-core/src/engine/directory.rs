//! A directory of files of several formats.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::engine::{OpenOptions, files};
use crate::error::{Error, ErrorKind, Result};
use crate::source::combined::CombinedSource;
use crate::source::files::{FileFormat, same_table, table_in};
use crate::source::{Snapshot, Source};

/// How many ignored files a note names.
const NAMED_MAX: usize = 3;

/// A directory in which each file of a known format is a table, named like the file. Hidden files are
/// skipped, and a note says what else is left aside.
#[derive(Debug)]
pub(super) struct DirectorySource {
    path: String,
    options: OpenOptions,
}

impl DirectorySource {
    /// Opens the directory at `path`.
    ///
    /// # Errors
    ///
    /// `NotFound` if it holds no file of a known format; whatever keeps it from being read.
    pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<Self> {
        let source = Self { path: path.to_string_lossy().into_owned(), options: options.clone() };
        source.combined()?;
        Ok(source)
    }

    /// The sources of the files that are there now.
    fn combined(&self) -> Result<CombinedSource> {
        let Content { formats, ignored } = Content::of(Path::new(&self.path))?;
        if formats.is_empty() {
            let message = format!("cannot find a file of a known format in `{}`", self.path);
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        let mut combined = CombinedSource::new();
        for format in formats {
            combined = combined.with(files(&self.path, format, &self.options)?);
        }
        Ok(match note(&ignored) {
            Some(note) => combined.with_note(format!("{}: {note}", self.path)),
            None => combined,
        })
    }
}

#[async_trait]
impl Source for DirectorySource {
    fn name(&self) -> &str {
        &self.path
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        self.combined()?.snapshot().await
    }
}

/// What a directory holds.
struct Content {
    formats: BTreeSet<FileFormat>,
    /// The names of what is no table, in order.
    ignored: BTreeSet<String>,
}

impl Content {
    fn of(directory: &Path) -> Result<Self> {
        let mut content = Self { formats: BTreeSet::new(), ignored: BTreeSet::new() };
        let mut tables: BTreeMap<String, PathBuf> = BTreeMap::new();
        let cannot_read = |it| Error::from_io("read", directory.display(), it);
        for entry in fs::read_dir(directory).map_err(cannot_read)? {
            let path = entry.map_err(cannot_read)?.path();
            let Some((format, table)) = table_in(&path) else {
                content
                    .ignored
                    .extend(path.file_name().map(|it| it.to_string_lossy().into_owned()));
                continue;
            };
            if let Some(other) = tables.insert(table.clone(), path.clone()) {
                return Err(same_table(&table, &path, &other));
            }
            content.formats.insert(format);
        }
        content.ignored.retain(|it| !it.starts_with('.'));
        Ok(content)
    }
}

fn note(ignored: &BTreeSet<String>) -> Option<String> {
    let named: Vec<_> = ignored.iter().take(NAMED_MAX).map(|it| format!("`{it}`")).collect();
    let more = ignored.len() - named.len();
    let named = named.join(", ");
    match (ignored.len(), more) {
        (0, _) => None,
        (1, _) => Some(format!("{named} is not of a known format and was left aside")),
        (_, 0) => Some(format!("{named} are not of a known format and were left aside")),
        _ => Some(format!("{named} and {more} more are not of a known format and were left aside")),
    }
}
