//! A file in the making: nobody sees it before it is whole.
//!
//! Where the system has files without a name (Linux, on most file systems) it has none until then, so that whatever
//! ends the process, `kill -9` too, leaves nothing. Elsewhere it is beside its place, and goes when it is dropped.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

#[cfg(target_os = "linux")]
use crate::report::unnamed;

/// A file that is not whole yet.
#[derive(Debug)]
pub(crate) enum Draft {
    /// It has no name.
    #[cfg(target_os = "linux")]
    Unnamed(File),
    /// It is beside its place.
    Beside(NamedTempFile),
}

impl Draft {
    /// Begins a file that shall be at `path`, with the permissions of any new file.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let folder = folder_of(path);
        // Tells of a folder that is not there without naming a file that the user has never heard of.
        fs::metadata(folder)?;
        #[cfg(target_os = "linux")]
        if let Some(file) = unnamed::open(folder) {
            return Ok(Self::Unnamed(file));
        }
        Self::beside(folder)
    }

    fn beside(folder: &Path) -> io::Result<Self> {
        let mut builder = name();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.tempfile_in(folder).map(Self::Beside)
    }

    pub(crate) fn file(&self) -> &File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => file,
            Self::Beside(file) => file.as_file(),
        }
    }

    /// Gives the whole file its place, in the folder in which it was begun; what is there is replaced.
    pub(crate) fn put_in_place(self, path: &Path) -> io::Result<()> {
        self.file().sync_all()?;
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => unnamed::put_in_place(&file, path),
            Self::Beside(file) => file.persist(path).map(drop).map_err(io::Error::from),
        }
    }
}

/// What a name begins and ends with that is not the file's own.
pub(crate) fn name<'a>() -> Builder<'a, 'a> {
    let mut builder = Builder::new();
    builder.prefix(".dq-report-").suffix(".tmp");
    builder
}

/// The folder that `path` is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A draft of each kind.
    fn drafts(path: &Path) -> Vec<Draft> {
        vec![Draft::of(path).unwrap(), Draft::beside(folder_of(path)).unwrap()]
    }

    #[test]
    fn a_draft_takes_the_place_of_what_is_there_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        for number in 0..2 {
            for draft in drafts(&path) {
                write!(draft.file(), "whole {number}").unwrap();
                draft.put_in_place(&path).unwrap();
                assert_eq!(fs::read_to_string(&path).unwrap(), format!("whole {number}"));
            }
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_draft_that_is_dropped_was_never_there() {
        let folder = tempfile::tempdir().unwrap();
        drop(drafts(&folder.path().join("report.json")));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_a_file_as_any_new_one() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        fs::write(folder.path().join("usual"), "").unwrap();
        let mode = |name: &str| {
            fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777
        };
        for draft in drafts(&path) {
            draft.put_in_place(&path).unwrap();
            assert_eq!(mode("report.json"), mode("usual"));
        }
    }
}
