//! A file that is written piece by piece, and in its place only when it is whole.

use std::fs;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::report::draft::Draft;

/// Where the bytes go until the file is whole.
#[derive(Debug)]
pub(crate) enum Destination {
    /// A file.
    Whole(Draft),
    /// A device or a pipe.
    Direct(File),
}

impl Destination {
    /// Prepares the file at `path`.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) if found.is_file() => Draft::of(&path.canonicalize()?).map(Self::Whole),
            Ok(_) => File::options().write(true).open(path).map(Self::Direct),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Draft::of(path).map(Self::Whole)
            }
            Err(error) => Err(error),
        }
    }

    /// Gives the whole file its place.
    pub(crate) fn put_in_place(self, path: &Path) -> io::Result<()> {
        let Self::Whole(draft) = self else { return Ok(()) };
        // A link is followed: what it points to is replaced.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if let Ok(found) = fs::metadata(&path) {
            draft.file().set_permissions(found.permissions())?;
        }
        draft.put_in_place(&path)
    }

    fn file(&self) -> &File {
        match self {
            Self::Whole(draft) => draft.file(),
            Self::Direct(file) => file,
        }
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}
