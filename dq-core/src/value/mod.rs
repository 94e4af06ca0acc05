//! Values as they come from a source: columns of a [`Batch`], read one by one as [`Value`].
//!
//! A column is an Arrow array where the source knows its type. Text is kept as spans over one
//! shared buffer (a database page, a block of a CSV file), so that most text is never copied; a
//! column whose rows disagree about their type, which SQLite allows, is [`MixedColumn`].
//!
//! ```
//! use arrow_array::Int64Array;
//! use dq_core::value::{Batch, Column, OwnedValue, Value};
//!
//! let beds = Column::Integer(Int64Array::from(vec![Some(120), None]));
//! let batch = Batch::new(0, 2, vec![beds]);
//! assert_eq!(batch.column(0).value(0), Value::Integer(120));
//! assert!(batch.column(0).value(1).is_null());
//! // What outlives its batch is owned.
//! assert_eq!(OwnedValue::from(batch.column(0).value(0)), 120.into());
//! ```

mod arrow;
mod batch;
pub(crate) mod batch_codec;
mod blank;
mod column;
mod date;
mod exact_sum;
mod fold;
pub mod lens;
mod number;
mod offsets;
mod owned;
mod pack;
mod render;
mod schema;
mod span;
mod text;
mod text_builder;

pub use batch::Batch;
pub use blank::{characters, has_control_character, is_blank, trim_blanks};
pub use column::Cell;
pub use column::Column;
pub use column::MixedColumn;
pub use date::{Date, Timestamp};
pub(crate) use exact_sum::ExactSum;
pub use fold::fold_case;
pub use number::Number;
pub use owned::OwnedValue;
pub(crate) use pack::{pack, pack_ordered};
pub use schema::{ColumnSchema, TableSchema, ValueType};
pub use span::Span;
pub use text::TextColumn;
pub use text_builder::TextBuilder;

/// One value of one row, borrowed from its column.
///
/// `Text` holds bytes that are valid UTF-8: whoever fills a column guarantees it. Text that is not
/// valid UTF-8 (SQLite stores what it is given) is `Bytes`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A binary floating-point number.
    Float(f64),
    /// A day of the proleptic Gregorian calendar.
    Date(Date),
    /// A point in time, without a time zone.
    Timestamp(Timestamp),
    /// Valid UTF-8.
    Text(&'a [u8]),
    /// Bytes that are not text.
    Bytes(&'a [u8]),
}

macro_rules! from {
    ($($type:ty: $value:ident => $borrowed:expr;)*) => {
        $(impl<'a> From<$type> for Value<'a> {
            fn from($value: $type) -> Self { $borrowed }
        })*
    };
}

from! {
    bool: it => Self::Boolean(it);
    i32: it => Self::Integer(i64::from(it));
    u32: it => Self::Integer(i64::from(it));
    i64: it => Self::Integer(it);
    f64: it => Self::Float(it);
    Date: it => Self::Date(it);
    Timestamp: it => Self::Timestamp(it);
    &'a str: it => Self::Text(it.as_bytes());
    &'a String: it => Self::Text(it.as_bytes());
    &'a [u8]: it => Self::Bytes(it);
}

impl<T: Into<Self>> From<Option<T>> for Value<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Value<'_> {
    /// Whether this is NULL.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}
