//! What the error of a server means where something may have happened meanwhile.

use crate::error::{Error, ErrorKind};

/// The error of a statement by itself. If the connection was lost before the server answered, nobody knows whether it
/// has changed anything.
pub(crate) fn unknown_if_lost(error: Error) -> Error {
    if error.kind() != ErrorKind::Unavailable {
        return error;
    }
    let message = format!("{error}; whether the change was made is not known");
    Error::new(ErrorKind::OutcomeUnknown, message)
}

/// The error of a commit. Without an answer of the server, or with one that only says that it goes away, nobody knows
/// whether the transaction is committed.
pub(crate) fn not_committed(error: Error, is_answered: bool) -> Error {
    if is_answered && error.kind() != ErrorKind::Unavailable {
        return error;
    }
    let message = format!("{error}; whether it was committed is not known");
    Error::new(ErrorKind::OutcomeUnknown, message)
}
