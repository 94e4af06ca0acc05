//! What PostgreSQL's errors mean to a caller.

use std::borrow::Cow;
use std::str::Utf8Error;

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::database::server::{one_line, without_place};
use crate::error::{Error, ErrorKind};

/// What the driver says of answers that PostgreSQL never gives.
const STRANGE: [&str; 3] = ["SSLRequest", "unknown message type", "unexpected message"];

/// An error of PostgreSQL while `doing` something, such as "query `postgres://host/a`". The cause stays
/// here: its details hold values of rows.
pub(crate) fn from_sqlx(doing: impl AsRef<str>, source: &sqlx::Error) -> Error {
    let doing = doing.as_ref();
    let (kind, reason) = match source {
        sqlx::Error::Database(error) => of_database(error.as_ref()),
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            (ErrorKind::Unavailable, "the server closed the connection".to_owned())
        }
        sqlx::Error::Io(error) => (ErrorKind::Unavailable, error.to_string()),
        sqlx::Error::Tls(error) => (ErrorKind::Unavailable, format!("TLS fails: {error}")),
        sqlx::Error::Configuration(error) => (ErrorKind::ConfigInvalid, error.to_string()),
        sqlx::Error::TypeNotFound { type_name } => {
            (ErrorKind::QueryInvalid, format!("there is no type `{type_name}`"))
        }
        sqlx::Error::Protocol(reason) => (ErrorKind::Unavailable, without_place(reason).to_owned()),
        // Only names are read like that, and only a database that does not know its characters has others.
        sqlx::Error::ColumnDecode { source, .. } if source.is::<Utf8Error>() => {
            let reason = "the name of a table, view or column is not UTF-8: rename it";
            (ErrorKind::SourceInvalid, reason.to_owned())
        }
        _ => (ErrorKind::Internal, "the answer of the server cannot be read".to_owned()),
    };
    Error::new(kind, format!("cannot {doing}: {}", one_line(&reason)))
}

/// An error of a connection to `name` that is not made yet. Whoever does not answer as expected is somebody else.
pub(crate) fn of_connecting(name: &str, source: &sqlx::Error) -> Error {
    let doing = format!("connect to `{name}`");
    match source {
        sqlx::Error::Protocol(reason) if STRANGE.iter().any(|it| reason.contains(it)) => {
            let said = without_place(reason);
            let message = format!(
                "cannot {doing}: what answers is no PostgreSQL server ({})",
                one_line(said)
            );
            Error::new(ErrorKind::Unavailable, message)
        }
        _ => from_sqlx(doing, source),
    }
}

/// An error of reading a table whose name and columns were there when the snapshot began.
pub(crate) fn of_scanning(doing: &str, source: &sqlx::Error) -> Error {
    let error = from_sqlx(doing, source);
    if !misses_a_name(source) {
        return error;
    }
    let message = format!("{error}; it was changed during the run");
    Error::new(ErrorKind::SourceChanged, message)
}

/// Whether the statement names what is not there (any more); not, whether a function that it calls does.
fn misses_a_name(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    error.try_downcast_ref::<PgDatabaseError>().is_some_and(|it| {
        matches!(it.code(), "42P01" | "42703" | "42704" | "42883" | "3F000")
            && it.r#where().is_none()
    })
}

/// Whether an error says that the connection is lost, rather than that a statement failed.
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        // A server that cannot reach another, on which rows lie, says so and goes on.
        sqlx::Error::Database(error) if is_of_other_server(error.as_ref()) => false,
        sqlx::Error::Database(error) => {
            code_of(error.as_ref()).is_some_and(|it| kind_of(&it) == ErrorKind::Unavailable)
        }
        sqlx::Error::Encode(_) | sqlx::Error::TypeNotFound { .. } => false,
        _ => true,
    }
}

/// Whether the server speaks of a connection of its own to another.
fn is_of_other_server(error: &dyn DatabaseError) -> bool {
    error.try_downcast_ref::<PgDatabaseError>().is_some_and(|it| {
        it.severity() == PgSeverity::Error && it.code().starts_with("08") && it.code() != "08P01"
    })
}

/// Why the server could not connect to another, in the words of its library: an address, and what was said there.
fn why_out_of_reach(error: &dyn DatabaseError) -> Option<&str> {
    let error = error.try_downcast_ref::<PgDatabaseError>()?;
    error.detail().filter(|_| error.severity() == PgSeverity::Error && error.code() == "08001")
}

/// Whether a statement was prepared before a table changed its shape: prepared anew, it works.
pub(crate) fn is_stale_plan(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    error
        .try_downcast_ref::<PgDatabaseError>()
        .is_some_and(|it| it.code() == "0A000" && it.routine() == Some("RevalidateCachedQuery"))
}

/// The code of an error, if the server sent it.
pub(crate) fn sql_state(error: &sqlx::Error) -> Option<String> {
    match error {
        sqlx::Error::Database(error) => code_of(error.as_ref()),
        _ => None,
    }
}

fn code_of(error: &dyn DatabaseError) -> Option<String> {
    error.code().map(Cow::into_owned)
}

fn of_database(error: &dyn DatabaseError) -> (ErrorKind, String) {
    let code = code_of(error).unwrap_or_default();
    let message = error.message();
    if let Some(why) = why_out_of_reach(error) {
        return (kind_of(&code), format!("{message}: {why}"));
    }
    let class = code.get(..2).unwrap_or_default();
    match (code.as_str(), class) {
        ("57014", _) if message.contains("user request") => {
            (ErrorKind::Cancelled, message.to_owned())
        }
        // What a function of the database raises is its own text, and may hold anything.
        (_, "P0") => (
            ErrorKind::QueryInvalid,
            format!("a function of the database raised an exception (`{code}`)"),
        ),
        // That something has to be done first is of little use without what.
        ("55000", _) => (kind_of(&code), with_hint(error)),
        // Data exceptions and violations quote the value.
        (_, "22" | "23") => (kind_of(&code), without_quoted(message, class == "23")),
        _ => (kind_of(&code), message.to_owned()),
    }
}

/// The message with what the server says can be done about it.
fn with_hint(error: &dyn DatabaseError) -> String {
    let (message, error) = (error.message(), error.try_downcast_ref::<PgDatabaseError>());
    // What a function raises is its own text, and may hold anything.
    let own = error.filter(|it| it.routine() != Some("exec_stmt_raise"));
    match own.and_then(PgDatabaseError::hint) {
        Some(hint) => format!("{message}: {hint}").trim_end_matches('.').to_owned(),
        None => message.to_owned(),
    }
}

/// The kind of an error with this code; see "PostgreSQL Error Codes" in PostgreSQL's manual.
fn kind_of(code: &str) -> ErrorKind {
    match (code, code.get(..2).unwrap_or_default()) {
        ("57014", _) => ErrorKind::Timeout,
        ("28P01" | "28000" | "42501" | "25006", _) => ErrorKind::PermissionDenied,
        ("3D000", _) => ErrorKind::NotFound,
        ("40001" | "40P01" | "55P03" | "55006", _) => ErrorKind::Busy,
        ("25P02", _) | (_, "23") => ErrorKind::Conflict,
        ("22021" | "XX001" | "XX002", _) => ErrorKind::SourceInvalid,
        ("53100", _) => ErrorKind::WriteFailed,
        ("53300" | "57P01" | "57P02" | "57P03" | "57P05", _) | (_, "08" | "58") => {
            ErrorKind::Unavailable
        }
        (_, "53" | "54") => ErrorKind::LimitExceeded,
        ("0A000", _) => ErrorKind::Unsupported,
        (_, "XX") => ErrorKind::Internal,
        _ => ErrorKind::QueryInvalid,
    }
}

/// A message without what it quotes. Names of constraints and columns may stay.
fn without_quoted(message: &str, keeps_names: bool) -> String {
    if keeps_names && !message.contains(": \"") {
        return message.to_owned();
    }
    let mut kept = String::new();
    // What stands between the first and the last quote may itself hold quotes.
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            kept.push_str(message.get(..first).unwrap_or_default());
            kept.push('…');
            kept.push_str(message.get(last + 1..).unwrap_or_default());
        }
        (Some(first), _) => kept.push_str(message.get(..first).unwrap_or_default()),
        _ => kept.push_str(message),
    }
    kept.trim_end_matches([' ', ':', '…']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_means_what_a_caller_can_act_on() {
        for (code, kind) in [
            ("42P01", ErrorKind::QueryInvalid),
            ("23505", ErrorKind::Conflict),
            ("40001", ErrorKind::Busy),
            ("28P01", ErrorKind::PermissionDenied),
            ("3D000", ErrorKind::NotFound),
            ("53300", ErrorKind::Unavailable),
            ("08006", ErrorKind::Unavailable),
            ("57P01", ErrorKind::Unavailable),
            ("25006", ErrorKind::PermissionDenied),
            ("53200", ErrorKind::LimitExceeded),
            ("57014", ErrorKind::Timeout),
        ] {
            assert_eq!(kind_of(code), kind, "{code}");
        }
    }

    #[test]
    fn that_the_answer_breaks_off_is_said_to_be_the_end_of_the_connection() {
        let cut = std::io::Error::new(
            std::io::ErrorKind::UnexpectedEof,
            "expected to read 219 bytes, got 58 bytes at EOF",
        );
        let error = from_sqlx("scan the table `t`", &sqlx::Error::Io(cut));
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.message(), "cannot scan the table `t`: the server closed the connection");
    }

    #[test]
    fn a_message_about_data_loses_the_data() {
        for (message, kept) in [
            (
                "invalid input syntax for type integer: \"canary\"",
                "invalid input syntax for type integer",
            ),
            (
                "value \"12\"3\" is out of range for type integer",
                "value … is out of range for type integer",
            ),
            ("division by zero", "division by zero"),
        ] {
            assert_eq!(without_quoted(message, false), kept);
        }
        let violation = "duplicate key value violates unique constraint \"person_pkey\"";
        assert_eq!(without_quoted(violation, true), violation);
    }
}
