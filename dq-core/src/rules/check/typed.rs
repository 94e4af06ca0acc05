//! `type`: the value can be read as a type.
//!
//! ```yaml
//! - { column: birth_year, type: integer }
//! ```
//!
//! `integer` and `decimal` are decimal numbers, without and with a point or an exponent; a decimal
//! may be whole. `date` is `YYYY-MM-DD`; `timestamp` is a date, perhaps with a time of day, behind
//! which may stand a zone: `Z` or an offset `±HH:MM`, in no other form; `boolean` is true or false,
//! 1 or 0. Nothing is trimmed.

use std::path::Path;

use crate::document::{Node, nearest};
use crate::rules::check::{CheckKind, column};
use crate::rules::fields::Fields;
use crate::rules::kernel;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::row_test::RowTest;
use crate::rules::schema::{self, CheckSchema};
use crate::value::Date;
use crate::value::Number;
use crate::value::Timestamp;
use crate::value::Value;

/// The value can be read as a type.
#[derive(Clone, Debug)]
pub struct Typed {
    column: String,
    as_type: AsType,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum AsType {
    Integer,
    Decimal,
    Date,
    Timestamp,
    Boolean,
}

const NAMES: [(&str, AsType); 5] = [
    ("integer", AsType::Integer),
    ("decimal", AsType::Decimal),
    ("date", AsType::Date),
    ("timestamp", AsType::Timestamp),
    ("boolean", AsType::Boolean),
];

impl CheckKind for Typed {
    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let column = column(fields);
        let name = fields.text_of(argument, "type")?;
        let Some((_, as_type)) = NAMES.into_iter().find(|(it, _)| *it == name) else {
            let names = NAMES.map(|(it, _)| it);
            let hint = nearest(&name, names);
            fields.problem(
                argument.place,
                format!("`{name}` is no type: {}{hint}", names.join(", ")),
            );
            return None;
        };
        Some(Self { column: column?, as_type })
    }

    fn schema() -> CheckSchema {
        CheckSchema::of_column(schema::named(&NAMES.map(|(name, _)| name)))
    }

    fn columns(&self) -> Vec<String> {
        vec![self.column.clone()]
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let column = binder.column(&self.column)?;
        let as_type = self.as_type;
        let misfits = move |value: Value<'_>| !value.is_null() && !as_type.fits(value);
        Some(Kernel::Row(kernel::of_value(column, RowTest::Type(column, as_type), misfits)))
    }
}

impl AsType {
    fn fits(self, value: Value<'_>) -> bool {
        match (self, value) {
            (Self::Integer, Value::Text(text)) => is_integer(text),
            (Self::Integer, Value::Float(it)) => it.fract() == 0.0,
            (Self::Integer | Self::Decimal, Value::Integer(_))
            | (Self::Date, Value::Date(_))
            | (Self::Timestamp, Value::Date(_) | Value::Timestamp(_))
            | (Self::Boolean, Value::Boolean(_) | Value::Integer(0 | 1)) => true,
            (Self::Decimal, Value::Text(text)) => Number::parse(text).is_some(),
            (Self::Decimal, Value::Float(it)) => it.is_finite(),
            (Self::Date, Value::Text(text)) => Date::parse(text).is_some(),
            (Self::Timestamp, Value::Text(text)) => Timestamp::parse(text).is_some(),
            (Self::Boolean, Value::Text(text)) => {
                matches!(text, b"0" | b"1")
                    || text.eq_ignore_ascii_case(b"true")
                    || text.eq_ignore_ascii_case(b"false")
            }
            _ => false,
        }
    }
}

/// An optional sign and decimal digits, however many.
fn is_integer(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}
