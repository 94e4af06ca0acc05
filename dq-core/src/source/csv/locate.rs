//! Which tables, made of which files, a specification names.

use std::fs;
use std::path::{Path, PathBuf};

use glob::MatchOptions;

use crate::error::{Error, ErrorKind, Result};
use crate::source::csv::file::{CsvFile, has_extension, is_gzip};

/// The table of a single file, stream or pattern.
const ONLY_TABLE: &str = "data";

/// A table, and the files that it is made of.
#[derive(Debug)]
pub(crate) struct Located {
    pub(crate) table: String,
    pub(crate) files: Vec<CsvFile>,
}

/// The tables that `spec` names, each with at least one file.
pub(crate) fn tables(spec: &str) -> Result<Vec<Located>> {
    if spec == "-" {
        return Ok(only_table(vec![CsvFile::Stdin]));
    }
    let path = Path::new(spec);
    if path.is_dir() {
        return directory(path);
    }
    if !path.exists() && spec.contains(['*', '?', '[']) {
        return Ok(only_table(matching(spec)?));
    }
    Ok(only_table(vec![CsvFile::at(path.to_owned())?]))
}

fn only_table(files: Vec<CsvFile>) -> Vec<Located> {
    vec![Located { table: ONLY_TABLE.to_owned(), files }]
}

/// The files whose paths match `pattern`, in the order of their paths. As in a shell, a `*` does not
/// match the dot of a hidden file.
fn matching(pattern: &str) -> Result<Vec<CsvFile>> {
    let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
    let found = glob::glob_with(pattern, options).map_err(|it| {
        Error::new(ErrorKind::UsageInvalid, format!("cannot use the pattern `{pattern}`: {it}"))
    })?;
    let mut paths = Vec::new();
    for path in found {
        let path = path.map_err(|it| {
            let place = it.path().display().to_string();
            Error::from_io("read", place, it.into())
        })?;
        if !path.is_dir() {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(Error::new(
            ErrorKind::NotFound,
            format!("cannot find a file like `{pattern}`"),
        ));
    }
    paths.sort_unstable();
    paths.into_iter().map(CsvFile::at).collect()
}

/// The CSV files in `directory`, each a table, in the order of their names. Hidden files are skipped.
fn directory(directory: &Path) -> Result<Vec<Located>> {
    let cannot_read = |it| Error::from_io("read", directory.display(), it);
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(cannot_read)? {
        let path = entry.map_err(cannot_read)?.path();
        if let Some(table) = table_of(&path) {
            files.push((table, path));
        }
    }
    files.sort_unstable();
    if files.is_empty() {
        let message = format!("cannot find a CSV file in `{}`", directory.display());
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    if let Some([(table, one), (_, other)]) =
        files.array_windows::<2>().find(|[(one, _), (other, _)]| one == other)
    {
        let (one, other) = (one.display(), other.display());
        let message =
            format!("cannot name a table `{table}`: both `{one}` and `{other}` would be it");
        return Err(Error::new(ErrorKind::SourceInvalid, message));
    }
    let located = |(table, path)| Ok(Located { table, files: vec![CsvFile::at(path)?] });
    files.into_iter().map(located).collect()
}

/// The name of the table in the file at `path`: its name up to `.csv`, `.tsv`, `.csv.gz` or `.tsv.gz`.
fn table_of(path: &Path) -> Option<String> {
    let inner: PathBuf = if is_gzip(path) { path.with_extension("") } else { path.to_owned() };
    let is_table = has_extension(&inner, "csv") || has_extension(&inner, "tsv");
    let stem = inner.file_stem()?.to_string_lossy().into_owned();
    (is_table && !stem.starts_with('.') && !path.is_dir()).then_some(stem)
}
