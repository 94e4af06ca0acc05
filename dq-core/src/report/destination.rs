//! A file that is written piece by piece, and in its place only when it is whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::report::write::temporary_beside;

/// Where the bytes go until the file is whole.
#[derive(Debug)]
pub(crate) enum Destination {
    /// Beside its place.
    Beside(NamedTempFile),
    /// A device or a pipe.
    Direct(File),
}

impl Destination {
    /// Prepares the file at `path`.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) if found.is_file() => {
                temporary_beside(&path.canonicalize()?).map(Self::Beside)
            }
            Ok(_) => File::options().write(true).open(path).map(Self::Direct),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                temporary_beside(path).map(Self::Beside)
            }
            Err(error) => Err(error),
        }
    }

    /// Gives the whole file its place.
    pub(crate) fn put_in_place(self, path: &Path) -> io::Result<()> {
        let Self::Beside(file) = self else { return Ok(()) };
        file.as_file().sync_all()?;
        // A link is followed: what it points to is replaced.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if let Ok(found) = fs::metadata(&path) {
            file.as_file().set_permissions(found.permissions())?;
        }
        file.persist(path)?;
        Ok(())
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            // Its own errors would tell its name, which nobody has chosen.
            Self::Beside(file) => file.as_file_mut().write(bytes),
            Self::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Beside(file) => file.as_file_mut().flush(),
            Self::Direct(file) => file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_file_beside_does_not_tell_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (_, path) = temporary_beside(&folder.path().join("report.csv")).unwrap().into_parts();
        let read_only = File::open(&path).unwrap();
        let mut destination = Destination::Beside(NamedTempFile::from_parts(read_only, path));
        let error = destination.write(b"rule,check\n").unwrap_err();
        let folder = folder.path().display().to_string();
        assert!(!error.to_string().contains(&folder), "{error}");
    }
}
