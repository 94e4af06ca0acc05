//! What SQLite's errors mean to a caller.

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::error::{Error, ErrorKind};

/// An error of SQLite while `doing` something, such as "open `sqlite:a.db`".
pub(crate) fn from_sqlite(doing: impl AsRef<str>, source: rusqlite::Error) -> Error {
    let doing = doing.as_ref();
    let kind =
        if is_of_another_format(&source) { ErrorKind::SourceInvalid } else { kind_of(&source) };
    match &source {
        rusqlite::Error::SqliteFailure(code, message) => {
            let reason = match (code.extended_code, message) {
                (ffi::SQLITE_READONLY_ROLLBACK | ffi::SQLITE_READONLY_RECOVERY, _) => {
                    "an unfinished transaction has to be recovered: open the database for writing once"
                        .to_owned()
                }
                // The message holds the URI, which callers have not written.
                _ if code.code == ErrorCode::CannotOpen => {
                    let reason = "unable to open the database file".to_owned();
                    return Error::new(kind, format!("cannot {doing}: {reason}"));
                }
                (_, Some(message)) => message.clone(),
                (_, None) => ffi::code_to_str(code.extended_code).to_owned(),
            };
            Error::new(kind, format!("cannot {doing}: {reason}")).with_source(source)
        }
        rusqlite::Error::SqlInputError { msg, .. } => {
            Error::new(kind, format!("cannot {doing}: {msg}"))
        }
        // The other errors of the wrapper may hold the value that did not fit: it stays here.
        _ => Error::new(kind, format!("cannot {doing}: {}", without_values(&source))),
    }
}

fn kind_of(error: &rusqlite::Error) -> ErrorKind {
    let Some(failure) = error.sqlite_error() else {
        return ErrorKind::QueryInvalid;
    };
    match failure.code {
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed => ErrorKind::Busy,
        ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => ErrorKind::SourceInvalid,
        ErrorCode::SystemIoFailure if failure.extended_code == ffi::SQLITE_IOERR_SHORT_READ => {
            ErrorKind::SourceInvalid
        }
        ErrorCode::PermissionDenied
        | ErrorCode::ReadOnly
        | ErrorCode::AuthorizationForStatementDenied
        | ErrorCode::CannotOpen => ErrorKind::PermissionDenied,
        ErrorCode::ConstraintViolation => ErrorKind::Conflict,
        ErrorCode::OperationInterrupted => ErrorKind::Cancelled,
        ErrorCode::SchemaChanged => ErrorKind::SourceChanged,
        ErrorCode::DiskFull => ErrorKind::WriteFailed,
        ErrorCode::TooBig | ErrorCode::OutOfMemory => ErrorKind::LimitExceeded,
        ErrorCode::SystemIoFailure => ErrorKind::Unavailable,
        ErrorCode::NoLargeFileSupport => ErrorKind::Unsupported,
        _ => ErrorKind::QueryInvalid,
    }
}

/// Whether the file is of a format that SQLite does not know, for which it has no code.
fn is_of_another_format(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(_, Some(it)) if it == "unsupported file format")
}

fn without_values(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::FromSqlConversionFailure(column, ..)
        | rusqlite::Error::IntegralValueOutOfRange(column, _)
        | rusqlite::Error::Utf8Error(column, _) => {
            format!("a value of result column {} has another type than expected", column + 1)
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> ErrorKind {
        from_sqlite("read `a`", rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).kind()
    }

    #[test]
    fn each_code_means_what_a_caller_can_act_on() {
        assert_eq!(failure(ffi::SQLITE_BUSY_SNAPSHOT), ErrorKind::Busy);
        assert_eq!(failure(ffi::SQLITE_LOCKED), ErrorKind::Busy);
        assert_eq!(failure(ffi::SQLITE_NOTADB), ErrorKind::SourceInvalid);
        assert_eq!(failure(ffi::SQLITE_CORRUPT), ErrorKind::SourceInvalid);
        assert_eq!(failure(ffi::SQLITE_READONLY_ROLLBACK), ErrorKind::PermissionDenied);
        assert_eq!(failure(ffi::SQLITE_CANTOPEN), ErrorKind::PermissionDenied);
        assert_eq!(failure(ffi::SQLITE_CONSTRAINT_UNIQUE), ErrorKind::Conflict);
        assert_eq!(failure(ffi::SQLITE_INTERRUPT), ErrorKind::Cancelled);
        assert_eq!(failure(ffi::SQLITE_ERROR), ErrorKind::QueryInvalid);
    }

    #[test]
    fn a_message_holds_no_uri() {
        let uri = Some("unable to open database file: file:///a.db?mode=ro".to_owned());
        let failure = ffi::Error::new(ffi::SQLITE_CANTOPEN);
        let error = from_sqlite("read `a`", rusqlite::Error::SqliteFailure(failure, uri));
        assert!(!format!("{error:?}").contains("file:"), "{error:?}");
    }

    #[test]
    fn a_message_holds_no_value() {
        let error = from_sqlite("read `a`", rusqlite::Error::IntegralValueOutOfRange(0, 424_242));
        assert!(!error.message().contains("424242"), "{error}");
    }
}
