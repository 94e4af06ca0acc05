//! `expression`: a predicate over the columns of the row holds.
//!
//! ```yaml
//! - { expression: "graduation_year >= birth_year + 18" }
//! ```
//!
//! The language is SQL; see [`Expression`]. As in a SQL `CHECK`, a row for which the predicate is
//! unknown (because of a NULL) passes. A value that cannot be read as the type that the predicate
//! needs violates the check.

use std::path::Path;

use crate::document::Node;
use crate::rules::check::CheckKind;
use crate::rules::expression::Expression;
use crate::rules::fields::Fields;
use crate::rules::kernel;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::row_test::RowTest;
use crate::rules::schema::{self, CheckSchema};

/// A predicate over the columns of the row holds.
#[derive(Clone, Debug)]
pub struct ExpressionCheck {
    expression: Expression,
}

impl CheckKind for ExpressionCheck {
    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let text = fields.text_of(argument, "expression")?;
        match Expression::parse(&text) {
            Ok(expression) => Some(Self { expression }),
            Err(error) => {
                fields.problem(argument.place, format!("`expression`: {}", error.message));
                None
            }
        }
    }

    fn schema() -> CheckSchema {
        CheckSchema::new(schema::defined("value"))
    }

    fn columns(&self) -> Vec<String> {
        self.expression.columns()
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let predicate = binder.predicate(&self.expression)?;
        let asked = RowTest::Condition(predicate.clone());
        Some(Kernel::Row(kernel::of_batch(Some(asked), move |batch| {
            Ok(predicate.evaluate(batch).fails)
        })))
    }
}
