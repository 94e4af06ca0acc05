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
    let reason = plain(&reason);
    if let Some(codec) = reason.strip_prefix("Unexpected CompressionCodec ") {
        let reason = format!("it is compressed with a codec that is not known, number {codec}");
        let message = format!("cannot read `{}`: {reason}", path.display());
        return Error::new(ErrorKind::Unsupported, message).with_source(cause);
    }
    Error::new(kind, format!("cannot read `{}`: {reason}", path.display())).with_source(cause)
}

/// What the reader says, without the words in which it wraps errors.
fn plain(reason: &str) -> &str {
    let wrappers = ["External: ", "Parquet argument error: ", "Parquet error: ", "Arrow: "];
    let mut reason = reason.trim_end_matches('.');
    while let Some(inner) = wrappers.iter().find_map(|it| reason.strip_prefix(it)) {
        reason = inner;
    }
    reason
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
