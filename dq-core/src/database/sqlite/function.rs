//! Functions of this program that statements call.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{Value as SqliteValue, ValueRef};

use crate::source::{SqlAggregate, SqlAggregateBegin, SqlFunction, SqlFunctionBody};
use crate::value::{OwnedValue, Value};

/// The same arguments give the same value, and nobody else's schema may call it.
const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8
    .union(FunctionFlags::SQLITE_DETERMINISTIC)
    .union(FunctionFlags::SQLITE_DIRECTONLY);

/// Lets the statements of `connection` call `function`.
pub(crate) fn register(connection: &Connection, function: &SqlFunction) -> rusqlite::Result<()> {
    let arguments = function.arguments as i32;
    match &function.body {
        SqlFunctionBody::Scalar(call) => {
            let call = AssertUnwindSafe(Arc::clone(call));
            let call = move |context: &Context<'_>| Ok(stored((*call)(&values(context))));
            connection.create_scalar_function(function.name.as_str(), arguments, FLAGS, call)
        }
        SqlFunctionBody::Aggregate(begin) => {
            let body = Body(Arc::clone(begin));
            connection.create_aggregate_function(function.name.as_str(), arguments, FLAGS, body)
        }
    }
}

struct Body(Arc<SqlAggregateBegin>);

impl Aggregate<AssertUnwindSafe<Box<dyn SqlAggregate>>, SqliteValue> for Body {
    fn init(
        &self,
        _: &mut Context<'_>,
    ) -> rusqlite::Result<AssertUnwindSafe<Box<dyn SqlAggregate>>> {
        Ok(AssertUnwindSafe((self.0)()))
    }

    fn step(
        &self,
        context: &mut Context<'_>,
        state: &mut AssertUnwindSafe<Box<dyn SqlAggregate>>,
    ) -> rusqlite::Result<()> {
        state.0.add(&values(context));
        Ok(())
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        state: Option<AssertUnwindSafe<Box<dyn SqlAggregate>>>,
    ) -> rusqlite::Result<SqliteValue> {
        let state = state.map_or_else(|| (self.0)(), |it| it.0);
        Ok(stored(state.finish()))
    }
}

fn values<'a>(context: &'a Context<'_>) -> Vec<Value<'a>> {
    (0..context.len()).map(|it| value(context.get_raw(it))).collect()
}

/// A value as a scan delivers it.
fn value(value: ValueRef<'_>) -> Value<'_> {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(it) => Value::Integer(it),
        ValueRef::Real(it) => Value::Float(it),
        ValueRef::Text(it) if std::str::from_utf8(it).is_ok() => Value::Text(it),
        ValueRef::Text(it) | ValueRef::Blob(it) => Value::Bytes(it),
    }
}

/// A value as SQLite has it: booleans are 0 and 1, days and points in time are text.
fn stored(value: OwnedValue) -> SqliteValue {
    match value {
        OwnedValue::Null => SqliteValue::Null,
        OwnedValue::Boolean(it) => SqliteValue::Integer(i64::from(it)),
        OwnedValue::Integer(it) => SqliteValue::Integer(it),
        OwnedValue::Float(it) => SqliteValue::Real(it),
        OwnedValue::Text(it) => SqliteValue::Text(it),
        OwnedValue::Bytes(it) => SqliteValue::Blob(it),
        OwnedValue::Date(it) => SqliteValue::Text(it.to_string()),
        OwnedValue::Timestamp(it) => SqliteValue::Text(it.to_string()),
    }
}
