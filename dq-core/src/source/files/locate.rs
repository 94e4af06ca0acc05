//! Which tables, made of which files, a specification names.

use std::fs;
use std::path::{Path, PathBuf};

use glob::MatchOptions;

use crate::error::{Error, ErrorKind, Result};
use crate::source::files::{FileFormat, table_in};

/// The table of a single file, stream or pattern.
const ONLY_TABLE: &str = "data";

/// A table, and the files that it is made of.
#[derive(Debug)]
pub(crate) struct Located<T = PathBuf> {
    pub(crate) table: String,
    pub(crate) files: Vec<T>,
}

/// The tables that `spec` names, each with at least one file: a file or the files that match a pattern
/// are the table `data`, and each file of `format` in a directory is a table.
pub(crate) fn tables(spec: &str, format: FileFormat) -> Result<Vec<Located>> {
    let path = Path::new(spec);
    if path.is_dir() {
        return directory(path, format);
    }
    if let Some(paths) = matching_pattern(spec)? {
        return Ok(only_table(paths));
    }
    match fs::metadata(path) {
        Ok(_) => Ok(only_table(vec![path.to_owned()])),
        Err(error) => Err(Error::from_io("open", path.display(), error)),
    }
}

/// The files that match `spec`, at least one, if it is a pattern and not a file that is called like one.
pub(crate) fn matching_pattern(spec: &str) -> Result<Option<Vec<PathBuf>>> {
    if spec.contains(['*', '?', '[']) && !Path::new(spec).exists() {
        return matching(spec).map(Some);
    }
    Ok(None)
}

/// The one table of `files`.
pub(crate) fn only_table<T>(files: Vec<T>) -> Vec<Located<T>> {
    vec![Located { table: ONLY_TABLE.to_owned(), files }]
}

/// The files whose paths match `pattern`, in the order of their paths. As in a shell, a `*` does not
/// match the dot of a hidden file.
fn matching(pattern: &str) -> Result<Vec<PathBuf>> {
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
    Ok(paths)
}

/// The files of `format` in `directory`, each a table, in the order of their names. Hidden files are
/// skipped.
fn directory(directory: &Path, format: FileFormat) -> Result<Vec<Located>> {
    let cannot_read = |it| Error::from_io("read", directory.display(), it);
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(cannot_read)? {
        let path = entry.map_err(cannot_read)?.path();
        if let Some((_, table)) = table_in(&path).filter(|(it, _)| *it == format) {
            files.push((table, path));
        }
    }
    files.sort_unstable();
    if files.is_empty() {
        let message = format!("cannot find a {format} file in `{}`", directory.display());
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    if let Some([(table, one), (_, other)]) =
        files.array_windows::<2>().find(|[(one, _), (other, _)]| one == other)
    {
        return Err(same_table(table, one, other));
    }
    Ok(files.into_iter().map(|(table, path)| Located { table, files: vec![path] }).collect())
}

/// The error of two files whose tables would have the same name.
pub(crate) fn same_table(table: &str, one: &Path, other: &Path) -> Error {
    let (one, other) = (one.min(other).display(), one.max(other).display());
    let message = format!("cannot name a table `{table}`: both `{one}` and `{other}` would be it");
    Error::new(ErrorKind::SourceInvalid, message)
}
