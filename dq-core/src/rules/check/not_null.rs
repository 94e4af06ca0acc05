//! `not_null`: the column holds a value in every row.
//!
//! ```yaml
//! - { column: last_name, not_null: true }
//! ```
//!
//! Blank text is a value; [`not_blank`](crate::rules::check::NotBlank) refuses it too.

use std::path::Path;

use arrow_buffer::BooleanBuffer;

use crate::rules::check::{CheckKind, column, switched_on};
use crate::rules::document::Node;
use crate::rules::fields::Fields;
use crate::rules::kernel;
use crate::rules::plan::{Binder, Kernel};
use crate::value::Column;

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

    fn columns(&self) -> Vec<String> {
        vec![self.column.clone()]
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let column = binder.column(&self.column)?;
        Some(Kernel::Row(kernel::of_batch(move |batch| {
            Ok(nulls(batch.column(column), batch.rows()))
        })))
    }
}

fn nulls(column: &Column, rows: usize) -> BooleanBuffer {
    match column {
        Column::Text(text) => BooleanBuffer::collect_bool(rows, |row| text.get(row).is_none()),
        column => BooleanBuffer::collect_bool(rows, |row| column.value(row).is_null()),
    }
}
