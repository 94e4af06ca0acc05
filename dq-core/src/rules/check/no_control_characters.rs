//! `no_control_characters`: the text holds no control character.
//!
//! ```yaml
//! - { column: last_name, no_control_characters: true }
//! ```
//!
//! Control characters are those of Unicode's category `Cc`: U+0000 to U+001F, among them tab and line
//! ends, and U+007F to U+009F. Other characters that cannot be seen, such as U+200B (zero width space)
//! and U+FEFF (byte order mark), are none.

use std::path::Path;

use crate::document::Node;
use crate::rules::check::{CheckKind, column, switched_on};
use crate::rules::fields::Fields;
use crate::rules::kernel;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::row_test::TextTest;
use crate::rules::schema::{self, CheckSchema};
use crate::value::has_control_character;

/// The text holds no control character.
#[derive(Clone, Debug)]
pub struct NoControlCharacters {
    column: String,
}

impl CheckKind for NoControlCharacters {
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
        Some(Kernel::Row(kernel::of_text(column, TextTest::NoControlCharacters, |text| {
            !has_control_character(text)
        })))
    }
}
