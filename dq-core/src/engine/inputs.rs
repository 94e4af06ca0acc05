//! The files behind what a user types as a source.

use std::fs;
use std::path::PathBuf;

use crate::engine::spec::{is_url, path_of};
use crate::source::files::{FileFormat, matching_pattern};

/// The files that the source named `spec` reads, as far as they are there now: the file itself, those that match
/// a pattern, or those of a folder that are tables. A database on a server has none. Whoever writes beside a run
/// learns from it what must not be overwritten.
///
/// ```
/// use dq_core::engine::files_of;
///
/// let folder = tempfile::tempdir()?;
/// for name in ["a.csv", "b.csv", "notes.html"] {
///     std::fs::write(folder.path().join(name), "id\n1\n")?;
/// }
/// let spec = folder.path().display().to_string();
/// assert_eq!(files_of(&spec).len(), 2);
/// assert_eq!(files_of(&format!("{spec}/a*.csv")), [folder.path().join("a.csv")]);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn files_of(spec: &str) -> Vec<PathBuf> {
    if is_url(spec) {
        return Vec::new();
    }
    let path = path_of(spec);
    if let Ok(entries) = fs::read_dir(path) {
        let files = entries.filter_map(|it| Some(it.ok()?.path()));
        return files.filter(|it| FileFormat::of(it).is_some()).collect();
    }
    match matching_pattern(&path.to_string_lossy()) {
        Ok(Some(files)) => files,
        _ => vec![path.to_owned()],
    }
}
