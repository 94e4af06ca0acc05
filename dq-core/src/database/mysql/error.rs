//! What the errors of MySQL and MariaDB mean to a caller.

use sqlx::error::DatabaseError;
use sqlx::mysql::MySqlDatabaseError;

use crate::database::server::{one_line, without_place};
use crate::error::{Error, ErrorKind};

/// An error of the server while `doing` something, such as "query `mysql://host/a`". The cause stays here: its
/// details hold values of rows.
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
        sqlx::Error::Protocol(reason) => (ErrorKind::Unavailable, without_place(reason).to_owned()),
        _ => (ErrorKind::Internal, "the answer of the server cannot be read".to_owned()),
    };
    Error::new(kind, format!("cannot {doing}: {}", one_line(&reason)))
}

/// An error of reading a table whose name and columns were there when the snapshot began.
pub(crate) fn of_scanning(doing: &str, source: &sqlx::Error) -> Error {
    let error = from_sqlx(doing, source);
    // Tables and columns that are not there.
    if !matches!(number_of(source), Some(1051 | 1054 | 1109 | 1146)) {
        return error;
    }
    let message = format!("{error}; it was changed during the run");
    Error::new(ErrorKind::SourceChanged, message)
}

/// Whether an error says that the connection is lost, rather than that a statement failed.
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(_) => {
            number_of(error).is_some_and(|it| kind_of(it, "") == ErrorKind::Unavailable)
        }
        sqlx::Error::Encode(_) => false,
        _ => true,
    }
}

/// Whether a statement was ended by `KILL QUERY`.
pub(crate) fn is_interrupted(error: &sqlx::Error) -> bool {
    number_of(error) == Some(1317)
}

/// The number of an error, if the server sent it.
pub(crate) fn number_of(error: &sqlx::Error) -> Option<u16> {
    match error {
        sqlx::Error::Database(error) => {
            error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
        }
        _ => None,
    }
}

fn of_database(error: &dyn DatabaseError) -> (ErrorKind, String) {
    let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() else {
        return (ErrorKind::Internal, "the answer of the server cannot be read".to_owned());
    };
    let (number, state) = (error.number(), error.code().unwrap_or_default());
    let message = error.message();
    let reason = match (number, state) {
        // What a program of the database raises is its own text, and may hold anything.
        (1643 | 1644, _) | (_, "45000") => {
            format!("a program of the database raised an exception ({number})")
        }
        (1062 | 1586, _) => without_entry(message),
        _ if shows_names(number, state) => message.to_owned(),
        _ => without_quoted(message),
    };
    (kind_of(number, state), reason)
}

/// The kind of an error; see "Server Error Message Reference" in MySQL's manual, and "MariaDB Error Codes".
fn kind_of(number: u16, state: &str) -> ErrorKind {
    match number {
        // Who may not come in, or not do it; read-only transactions and servers.
        1044
        | 1045
        | 1130
        | 1141..=1143
        | 1227
        | 1251
        | 1290
        | 1370
        | 1410
        | 1524
        | 1698
        | 1792
        | 1820
        | 1836
        | 1862
        | 3118
        | 4151 => ErrorKind::PermissionDenied,
        1049 => ErrorKind::NotFound,
        // No room for one more connection, no connection any more, the server goes away.
        1040
        | 1041
        | 1043
        | 1053
        | 1077
        | 1079
        | 1080
        | 1129
        | 1152
        | 1156..=1161
        | 1184
        | 1203
        | 1226
        | 1927
        | 3169
        | 4031 => ErrorKind::Unavailable,
        1205 | 1213 | 1020 | 1614 | 3058 | 3572 => ErrorKind::Busy,
        1969 | 3024 | 1907 => ErrorKind::Timeout,
        1317 => ErrorKind::Cancelled,
        1412 => ErrorKind::SourceChanged,
        1022 | 1048 | 1062 | 1169 | 1216 | 1217 | 1364 | 1451 | 1452 | 1557 | 1586 | 1761
        | 1762 | 3819 => ErrorKind::Conflict,
        1021 | 1114 | 1026 | 3 | 28 => ErrorKind::WriteFailed,
        // Tables whose files are gone or broken, views that no longer fit what they are over.
        13
        | 29
        | 1016
        | 1017
        | 1030
        | 1032..=1035
        | 1105
        | 1168
        | 1194
        | 1195
        | 1356
        | 1449
        | 1712
        | 1932 => ErrorKind::SourceInvalid,
        1037 | 1038 | 1104 | 1153 | 1162 | 1301 | 1436 | 1456 | 1461 | 3636 => {
            ErrorKind::LimitExceeded
        }
        1235 | 1286 | 1295 | 1178 => ErrorKind::Unsupported,
        // The same number is something else to MySQL.
        4025 if state == "23000" => ErrorKind::Conflict,
        _ => ErrorKind::QueryInvalid,
    }
}

/// Whether a message quotes names and the statement, and no values of rows.
fn shows_names(number: u16, state: &str) -> bool {
    let is_about_values = matches!(number, 1411 | 1691 | 3140..=3158 | 4035..=4045);
    let class = state.get(..2).unwrap_or_default();
    !is_about_values
        && (matches!(class, "08" | "25" | "28" | "3D" | "40" | "42" | "70")
            || matches!(
                number,
                1040 | 1041 | 1048 | 1205 | 1290 | 1364 | 1406 | 1412 | 1451 | 1452
            )
            || names_an_object(number)
            || matches!(number, 1227 | 1235 | 1295 | 1698 | 1969 | 3024 | 3819 | 4025))
}

/// Whether a message is about a table, its file or a view, and whoever it belongs to.
fn names_an_object(number: u16) -> bool {
    matches!(number, 13 | 29 | 1016 | 1017 | 1033..=1035 | 1168 | 1194 | 1195 | 1356 | 1449 | 1932)
}

/// The message about a key that is there twice, with the name of the key and without the key.
fn without_entry(message: &str) -> String {
    match message.rfind(" for key ") {
        Some(at) => format!("duplicate entry{}", message.get(at..).unwrap_or_default()),
        None => "duplicate entry for a key".to_owned(),
    }
}

/// A message without what it quotes, from the first quote to the last: a value may itself hold quotes.
fn without_quoted(message: &str) -> String {
    let quote = |it: char| matches!(it, '\'' | '"' | '`');
    let kept = match (message.find(quote), message.rfind(quote)) {
        (Some(first), Some(last)) if first < last => {
            let (before, after) = (message.get(..first), message.get(last + 1..));
            format!("{}…{}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        (Some(first), _) => message.get(..first).unwrap_or_default().to_owned(),
        _ => message.to_owned(),
    };
    kept.trim_end_matches([' ', ':', '…']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_means_what_a_caller_can_act_on() {
        for (number, state, kind) in [
            (1146, "42S02", ErrorKind::QueryInvalid),
            (1062, "23000", ErrorKind::Conflict),
            (4025, "23000", ErrorKind::Conflict),
            (1213, "40001", ErrorKind::Busy),
            (1045, "28000", ErrorKind::PermissionDenied),
            (1049, "42000", ErrorKind::NotFound),
            (1040, "08004", ErrorKind::Unavailable),
            (1927, "70100", ErrorKind::Unavailable),
            (1792, "25006", ErrorKind::PermissionDenied),
            (1969, "70100", ErrorKind::Timeout),
            (1317, "70100", ErrorKind::Cancelled),
            (1412, "HY000", ErrorKind::SourceChanged),
        ] {
            assert_eq!(kind_of(number, state), kind, "{number}");
        }
    }

    #[test]
    fn a_message_about_data_loses_the_data() {
        for (message, kept) in [
            ("Truncated incorrect INTEGER value: 'canary'", "Truncated incorrect INTEGER value"),
            (
                "Incorrect integer value: 'can'ary' for column `d`.`t`.`a` at row 1",
                "Incorrect integer value: … at row 1",
            ),
            ("Division by 0", "Division by 0"),
            ("Incorrect value: 'canary", "Incorrect value"),
        ] {
            assert_eq!(without_quoted(message), kept);
        }
        let twice = "Duplicate entry 'can for key ary' for key 'PRIMARY'";
        assert_eq!(without_entry(twice), "duplicate entry for key 'PRIMARY'");
        assert!(!shows_names(1366, "22007") && !shows_names(1292, "22007"));
        assert!(
            shows_names(29, "HY000") && shows_names(1356, "HY000") && !shows_names(1105, "HY000")
        );
        assert!(shows_names(1054, "42S22") && shows_names(1048, "23000"));
    }
}
