//! The value of a parameter, as it is sent.

use sqlx::MySql;
use sqlx::mysql::MySqlArguments;
use sqlx::query::Query;

use crate::value::OwnedValue;

/// A statement with its parameters, as the driver runs it.
pub(crate) type Bound<'a> = Query<'a, MySql, MySqlArguments>;

/// Binds the next parameter. The server does not say what type it wants; days and points in time are sent as
/// their text, which it reads where it compares them with others.
pub(crate) fn bind<'a>(query: Bound<'a>, value: &OwnedValue) -> Bound<'a> {
    match value {
        OwnedValue::Null => query.bind(None::<String>),
        OwnedValue::Boolean(it) => query.bind(*it),
        OwnedValue::Integer(it) => query.bind(*it),
        OwnedValue::Float(it) => query.bind(*it),
        OwnedValue::Date(it) => query.bind(it.to_string()),
        OwnedValue::Timestamp(it) => query.bind(it.to_string()),
        OwnedValue::Text(it) => query.bind(it.clone()),
        OwnedValue::Bytes(it) => query.bind(it.clone()),
    }
}
