//! The expression language: portable SQL predicates over the columns of one row.
//!
//! ```text
//! text ─parse─▶ Expression ─bind(columns, as_of)─▶ Predicate ─evaluate(batch)─▶ Truth
//! ```
//!
//! `sqlparser` reads the text, names and types are resolved before anything runs, and evaluation is
//! native, so an expression means the same on every source.
//!
//! # Outcomes
//!
//! A condition has one of four outcomes in each row: TRUE, FALSE, UNKNOWN (SQL's NULL), and INVALID:
//! a value that is there cannot be read as what an operation needs, such as the text `abc` where a
//! number is wanted, or an integer overflows. As a check, FALSE and INVALID are violations. As a filter,
//! only TRUE lets a row through.
//!
//! - `AND`: FALSE wins, then INVALID, then UNKNOWN. `OR`: TRUE wins, then INVALID, then UNKNOWN.
//! - `NOT` leaves UNKNOWN and INVALID as they are.
//! - Whatever else looks at an INVALID value is INVALID, also `IS NULL` and `IS TRUE`. `CASE` and
//!   `COALESCE` do not look at what they do not take.
//! - Whatever looks at a NULL is NULL, but for `IS …`, `IS [NOT] DISTINCT FROM`, `CASE`, `COALESCE`
//!   and `CONCAT`.
//!
//! # Values
//!
//! - **Comparison.** Numbers compare by their exact values, whole or not; NaN is INVALID. Text compares
//!   by code point. Text next to something else is read as that: as a decimal number, as `YYYY-MM-DD`
//!   with or without a time, as `true`, `false`, `t`, `f`, `1`, `0` in any case. So columns of a CSV
//!   file, which are all text, can be compared with numbers and dates. A literal next to a column
//!   is read as the declared type of the column. Booleans next to numbers are 1 and 0. A date next
//!   to a timestamp is its midnight. Bytes that are not text compare only with such.
//! - **Conditions.** A boolean is one; so is a number, which holds unless it is 0. Text is none.
//! - **Arithmetic** reads text as numbers. Whole numbers are exact in 128 bits, beyond which they are
//!   INVALID; with a float the result is a float. `/` is always real division, so `1 / 2` is `0.5`; `%`
//!   is the remainder of whole numbers, with the sign of the left one. Division by zero is NULL.
//! - **Dates.** `DATE '2020-12-31'` and `TIMESTAMP '2020-12-31 23:59:59'` are literals. `date + days`
//!   and `date - days` are dates; `date - date` is a number of days. `CURRENT_DATE` is the day of the run.
//! - **`LIKE`** is case-sensitive; `%` is any text and `_` any one character; there is no escape
//!   character without `ESCAPE`. `ILIKE` folds both sides first, fully, so that `ß` is `ss`.
//! - **`CAST`** to `integer` wants a whole number (`3.0` is one; see `round`), to `float`, `double`,
//!   `real`, `decimal` or `numeric` gives a float, to `text` gives what a report shows. What cannot be
//!   read is INVALID.
//! - `BETWEEN`, `IN` and `CASE x WHEN` are short for the comparisons that they stand for.
//!
//! Names are plain, or quoted with `"` or `` ` ``. [`functions`] lists what can be called.

mod bind;
mod columnar;
mod datum;
mod function;
mod kind;
mod like;
mod parse;
mod syntax;
mod term;
mod translate;
mod truth;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow_buffer::BooleanBuffer;

use crate::rules::expression::function::FUNCTIONS;
use crate::rules::expression::syntax::{Form, Node};
use crate::rules::expression::term::Term;
use crate::value::{Batch, Date, ValueType};

pub use function::Function;

/// An expression that was read, before it is known which table it is about.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    root: Node,
}

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// The byte of the text at which it is wrong; 0 if unknown.
    pub offset: usize,
}

/// A condition that is ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Predicate {
    root: Arc<Term>,
}

/// What a condition says of the rows of a batch. A row that is in neither is unknown.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// The rows for which it is TRUE.
    pub holds: BooleanBuffer,
    /// The rows for which it is FALSE or INVALID.
    pub fails: BooleanBuffer,
}

/// Maps the name of a column to its position in the batches and its declared type, or to the message
/// to report.
pub type Resolve<'r> = dyn FnMut(&str) -> Result<(usize, ValueType), String> + 'r;

/// Every function that an expression may call.
pub fn functions() -> &'static [Function] {
    FUNCTIONS
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// If it is no SQL expression, or calls a function or has a construct that the language lacks.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        Ok(Self { text: text.to_owned(), root: parse::parse(text)? })
    }

    /// The text that was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of the columns, once each, in the order of the text.
    pub fn columns(&self) -> Vec<String> {
        let mut names = Vec::new();
        gather(&self.root, &mut names);
        names
    }

    /// Makes the expression ready for the rows of one table. `as_of` is what `CURRENT_DATE`
    /// means.
    ///
    /// # Errors
    ///
    /// Every name that does not resolve, and every operation that the declared types rule out.
    pub fn bind(
        &self,
        resolve: &mut Resolve<'_>,
        as_of: Date,
    ) -> Result<Predicate, Vec<ExpressionError>> {
        let root = Arc::new(bind::bind(&self.root, resolve, as_of)?);
        Ok(Predicate { root })
    }
}

impl Predicate {
    /// What the condition says of each row.
    pub fn evaluate(&self, batch: &Batch) -> Truth {
        let outcomes = columnar::outcomes(&self.root, batch);
        Truth { fails: &outcomes.fails | &outcomes.invalid, holds: outcomes.holds }
    }
}

fn gather(node: &Node, names: &mut Vec<String>) {
    if let Form::Column(name) = &node.form
        && !names.contains(name)
    {
        names.push(name.clone());
    }
    for part in node.form.parts() {
        gather(part, names);
    }
}
