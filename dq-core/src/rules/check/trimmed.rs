//! `trimmed`: the text neither starts nor ends with blanks.
//!
//! ```yaml
//! - { column: last_name, trimmed: true }
//! ```
//!
//! A blank is a character of Unicode `White_Space`, as for `not_blank`: spaces, tabs, line ends,
//! no-break spaces. Empty text is trimmed, and text of blanks alone is not. Blanks within the text are
//! none of this check's business.

use std::path::Path;

use crate::document::Node;
use crate::rules::check::{CheckKind, column, switched_on};
use crate::rules::fields::Fields;
use crate::rules::kernel;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::row_test::TextTest;
use crate::rules::schema::{self, CheckSchema};
use crate::value::trim_blanks;

/// The text neither starts nor ends with blanks.
#[derive(Clone, Debug)]
pub struct Trimmed {
    column: String,
}

impl CheckKind for Trimmed {
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
        let is_trimmed = |text: &[u8]| trim_blanks(text).len() == text.len();
        Some(Kernel::Row(kernel::of_text(column, TextTest::Trimmed, is_trimmed)))
    }
}
