//! `matches`: the text matches a regular expression.
//!
//! ```yaml
//! - { column: zip, matches: '^[0-9]{5}$' }
//! ```
//!
//! The expression is one of the [`regex`](https://docs.rs/regex) crate, with Unicode; it is searched
//! for anywhere in the text unless it is anchored with `^` and `$`. `$` is the end of the text: a line
//! break before it does not match.

use std::path::Path;
use std::sync::Arc;

use crate::document::Node;
use crate::rules::check::{CheckKind, column};
use crate::rules::fields::Fields;
use crate::rules::kernel;
use crate::rules::matcher::Matcher;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::row_test::TextTest;
use crate::rules::schema::{self, CheckSchema};

/// The text matches a regular expression.
#[derive(Clone, Debug)]
pub struct Matches {
    column: String,
    matcher: Matcher,
    pattern: Arc<str>,
}

impl CheckKind for Matches {
    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let column = column(fields);
        let pattern = fields.text_of(argument, "matches")?;
        match Matcher::new(&pattern) {
            Ok(matcher) => Some(Self { column: column?, matcher, pattern: pattern.into() }),
            Err(error) => {
                fields.problem(argument.place, format!("`matches`: {}", reason(&error)));
                None
            }
        }
    }

    fn schema() -> CheckSchema {
        CheckSchema::of_column(schema::defined("value"))
    }

    fn columns(&self) -> Vec<String> {
        vec![self.column.clone()]
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let column = binder.column(&self.column)?;
        let asked = TextTest::Matches(Arc::clone(&self.pattern));
        // The forms that take a few nanoseconds become part of the loop over the rows.
        Some(Kernel::Row(match self.matcher.clone() {
            Matcher::Ranges(it) => kernel::of_text(column, asked, move |text| it.is_match(text)),
            Matcher::Shifts(it) => kernel::of_text(column, asked, move |text| it.is_match(text)),
            other => kernel::of_text(column, asked, move |text| other.is_match(text)),
        }))
    }
}

/// The regex crate draws its syntax errors over several lines; the last line says what is wrong.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim().trim_end_matches('.');
    format!("the regular expression does not compile: {}", last.trim_start_matches("error: "))
}
