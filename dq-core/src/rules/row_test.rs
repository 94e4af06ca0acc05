//! What a check of single rows asks of them, for those who ask it in other words, such as SQL.

use std::sync::Arc;

use crate::rules::check::AsType;
use crate::rules::expression::Predicate;
use crate::rules::format::Format;
use crate::value::{Date, Number};

/// What a row must be to satisfy a check. Columns are positions in the batches.
#[derive(Clone, Debug)]
pub(crate) enum RowTest {
    /// There is a value.
    NotNull(usize),
    /// There is a value, and if it is text it is not blank.
    NotBlank(usize),
    /// The value as text passes.
    Text(usize, TextTest),
    /// The value as a number lies between bounds.
    Numbers { column: usize, min: Option<Number>, max: Option<Number> },
    /// The value as a day lies between bounds.
    Days { column: usize, min: Option<Date>, max: Option<Date> },
    /// The value can be read as a type.
    Type(usize, AsType),
    /// The condition is not FALSE and not INVALID.
    Condition(Predicate),
}

/// What a text must be.
#[derive(Clone, Debug)]
pub(crate) enum TextTest {
    /// The regular expression is found in it.
    Matches(Arc<str>),
    /// It is one of these.
    OneOf(Arc<[String]>),
    /// It has so many characters.
    Length { min: u64, max: u64 },
    /// It has a format.
    Format(Format),
    /// It has no blanks at its ends.
    Trimmed,
    /// It has no control character.
    NoControlCharacters,
}
