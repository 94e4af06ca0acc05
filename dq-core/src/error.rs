//! The one error type of the crate.
//!
//! Every fallible function returns [`Error`]. Its [`ErrorKind`] is what callers match on; one table,
//! written here, maps each kind to the exit code of the program, the status of the HTTP interface,
//! the class of the Python exception, and whether trying again may help.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use dq_core::ErrorKind;
//! use dq_core::rules::RuleSet;
//!
//! let error = RuleSet::parse("rules.yaml", "rules: 7", &BTreeMap::new()).unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::RulesInvalid);
//! assert_eq!((error.kind().code(), error.kind().exit_code()), ("rules_invalid", 2));
//! assert!(error.message().starts_with("rules.yaml:1:"));
//! assert!(!error.kind().is_transient(), "the file does not mend itself");
//! ```

use std::error;
use std::fmt;

/// A [`std::result::Result`] whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! error_kinds {
    ($($(#[$doc:meta])* $kind:ident: $code:literal, $exit:literal, $status:literal, $class:literal, $transient:literal;)*) => {
        /// What went wrong, as far as a caller can act on it.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$doc])* $kind,)*
        }

        impl ErrorKind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// A stable word for logs and JSON, such as `not_found`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$kind => $code,)* }
            }

            /// The exit code of the `dq` program.
            pub const fn exit_code(self) -> u8 {
                match self { $(Self::$kind => $exit,)* }
            }

            /// The status of an HTTP response.
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$kind => $status,)* }
            }

            /// The class of the Python exception.
            pub const fn python_class(self) -> &'static str {
                match self { $(Self::$kind => $class,)* }
            }

            /// Whether the same call may succeed later.
            pub const fn is_transient(self) -> bool {
                match self { $(Self::$kind => $transient,)* }
            }
        }
    };
}

error_kinds! {
    // kind: code, exit code, HTTP status, Python class, transient
    /// The caller's arguments make no sense: an unknown scheme, a bad option.
    UsageInvalid: "usage_invalid", 2, 400, "UsageError", false;
    /// A configuration value is out of its range; the message names the field.
    ConfigInvalid: "config_invalid", 2, 400, "ConfigError", false;
    /// The rule set cannot be used; the message lists every problem with its place.
    RulesInvalid: "rules_invalid", 2, 422, "RulesError", false;
    /// A statement is wrong: its syntax, a name in it, or its parameters.
    QueryInvalid: "query_invalid", 2, 400, "QueryError", false;
    /// The backend or format was left out when the program was compiled; the message names the feature.
    FeatureDisabled: "feature_disabled", 2, 501, "FeatureDisabledError", false;
    /// The backend cannot do this.
    Unsupported: "unsupported", 3, 501, "UnsupportedError", false;
    /// The thing asked for does not exist.
    NotFound: "not_found", 3, 404, "NotFoundError", false;
    /// The operating system or the database refuses access.
    PermissionDenied: "permission_denied", 3, 403, "PermissionDeniedError", false;
    /// The data cannot be read as what they are said to be: malformed, truncated, corrupt.
    SourceInvalid: "source_invalid", 3, 422, "SourceError", false;
    /// The data changed while they were read, so no answer of one moment exists.
    SourceChanged: "source_changed", 3, 409, "SourceChangedError", true;
    /// A constraint of the database refuses the change.
    Conflict: "conflict", 3, 409, "ConflictError", false;
    /// Someone else holds the lock.
    Busy: "busy", 3, 503, "BusyError", true;
    /// The backend could not be reached. Trying again may help.
    Unavailable: "unavailable", 3, 503, "UnavailableError", true;
    /// The time allowed is over.
    Timeout: "timeout", 3, 504, "TimeoutError", true;
    /// The connection was lost before the answer came: the change was made whole, or not at all.
    OutcomeUnknown: "outcome_unknown", 3, 500, "OutcomeUnknownError", false;
    /// A bound of the configuration would be exceeded; the message names it.
    LimitExceeded: "limit_exceeded", 3, 413, "LimitExceededError", false;
    /// A result could not be written: a full disk, a closed pipe.
    WriteFailed: "write_failed", 3, 500, "WriteError", false;
    /// The caller asked to stop.
    Cancelled: "cancelled", 130, 499, "CancelledError", false;
    /// A promise of dq itself is broken; please report it.
    Internal: "internal", 3, 500, "InternalError", false;
}

/// An error: its kind, what was being done to what, and its cause.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

impl Error {
    /// Creates an error. The message is lowercase, says what was being done to what, puts values in
    /// backticks, and has no final dot. It never holds a password or a value of a row.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), source: None }))
    }

    /// Attaches the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// An error of the operating system about the file or thing called `what`: its kind is read off
    /// `source`, and its message is "cannot `verb` `what`: reason".
    pub fn from_io(verb: &str, what: impl fmt::Display, source: std::io::Error) -> Self {
        let kind = match source.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => ErrorKind::NotFound,
            std::io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::BrokenPipe => {
                ErrorKind::WriteFailed
            }
            std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData => {
                ErrorKind::SourceInvalid
            }
            _ => ErrorKind::Unavailable,
        };
        Self::new(kind, format!("cannot {verb} `{what}`: {source}")).with_source(source)
    }

    /// What it means that the task called `what` did not end by itself: it panicked, or the runtime shut down. What it
    /// panicked with may hold values of rows, and stays out.
    pub(crate) fn of_task(what: &str, error: &tokio::task::JoinError) -> Self {
        if error.is_panic() {
            return Self::new(ErrorKind::Internal, format!("{what} panicked"));
        }
        let message = format!("{what} was stopped: the runtime shut down");
        Self::new(ErrorKind::Cancelled, message)
    }

    /// Returns what went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the message, without its cause.
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_ref().map(|it| &**it as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_and_python_classes_are_unique() {
        let codes: HashSet<_> = ErrorKind::ALL.iter().map(|it| it.code()).collect();
        let classes: HashSet<_> = ErrorKind::ALL.iter().map(|it| it.python_class()).collect();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
        assert_eq!(classes.len(), ErrorKind::ALL.len());
    }

    #[test]
    fn every_kind_ends_the_program_with_a_documented_code() {
        for kind in ErrorKind::ALL {
            assert!(matches!(kind.exit_code(), 2 | 3 | 130), "{kind:?}");
        }
    }
}
