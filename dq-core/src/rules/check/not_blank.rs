//! `not_blank`: the column holds something to read in every row.
//!
//! ```yaml
//! - { column: last_name, not_blank: true }
//! ```
//!
//! NULL violates it, and so does text that is empty or of Unicode `White_Space` alone.

use std::path::Path;

use crate::document::Node;
use crate::rules::check::{CheckKind, column, switched_on};
use crate::rules::fields::Fields;
use crate::rules::kernel;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::row_test::RowTest;
use crate::rules::schema::{self, CheckSchema};
use crate::value::Value;
use crate::value::is_blank;

/// The column holds something to read in every row.
#[derive(Clone, Debug)]
pub struct NotBlank {
    column: String,
}

impl CheckKind for NotBlank {
    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let column = column(fields);
        switched_on(argument, fields)?;
        Some(Self { column: column? })
    }

    fn schema() -> CheckSchema {
        CheckSchema::of_column(schema::switched_on())
    }

    fn columns(&self) -> Vec<String> {
        vec![self.column.clone()]
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let column = binder.column(&self.column)?;
        Some(Kernel::Row(kernel::of_value(
            column,
            RowTest::NotBlank(column),
            |value| match value {
                Value::Null => true,
                Value::Text(text) => is_blank(text),
                _ => false,
            },
        )))
    }
}
