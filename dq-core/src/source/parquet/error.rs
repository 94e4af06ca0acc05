//! What is wrong with a Parquet file, in plain words.

use std::error::Error as _;
use std::io;
use std::path::Path;

use parquet::errors::ParquetError;

use crate::error::{Error, ErrorKind};

/// The error of reading the file at `path`.
pub(crate) fn unreadable(path: &Path, cause: ParquetError) -> Error {
    if let Some(io) = cause.source().and_then(|it| it.downcast_ref::<io::Error>()) {
        let kind = Error::from_io("read", path.display(), io::Error::from(io.kind())).kind();
        let message = format!("cannot read `{}`: {io}", path.display());
        return Error::new(kind, message).with_source(cause);
    }
    let (kind, reason) = match &cause {
        ParquetError::NYI(reason) => (ErrorKind::Unsupported, reason.clone()),
        ParquetError::EOF(_) => (ErrorKind::SourceInvalid, "it is cut off".to_owned()),
        ParquetError::General(reason) | ParquetError::ArrowError(reason) => {
            (ErrorKind::SourceInvalid, reason.clone())
        }
        other => (ErrorKind::SourceInvalid, other.to_string()),
    };
    let reason = reason.trim_end_matches('.');
    Error::new(kind, format!("cannot read `{}`: {reason}", path.display())).with_source(cause)
}

/// The error of a file that is no readable Parquet file, for `reason`.
pub(crate) fn invalid(path: &Path, reason: &str) -> Error {
    let message = format!("cannot read `{}`: {reason}", path.display());
    Error::new(ErrorKind::SourceInvalid, message)
}

/// The error of a file that changed.
pub(crate) fn changed(path: &Path) -> Error {
    let message = format!("cannot read `{}`: the file changed during the run", path.display());
    Error::new(ErrorKind::SourceChanged, message)
}
