//! `not_null`: the column holds a value in every row.
//!
//! ```yaml
//! - { column: last_name, not_null: true }
//! ```
//!
//! Blank text is a value; [`not_blank`](crate::rules::check::NotBlank) refuses it too.

use std::path::Path;

use crate::document::Node;
use crate::rules::check::{CheckKind, column, switched_on};
use crate::rules::fields::Fields;
use crate::rules::kernel;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::row_test::RowTest;
use crate::rules::schema::{self, CheckSchema};

/// The column holds a value in every row.
#[derive(Clone, Debug)]
pub struct NotNull {
    column: String,
}

impl CheckKind for NotNull {
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
        Some(Kernel::Row(kernel::of_value(column, RowTest::NotNull(column), |value| {
            value.is_null()
        })))
    }
}
