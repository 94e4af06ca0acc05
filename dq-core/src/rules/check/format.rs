//! `format`: the text has a well-known form.
//!
//! ```yaml
//! - { column: npi_number, format: npi }
//! ```
//!
//! The formats and their sources are in [`Format`].

use std::path::Path;

use crate::document::{Node, nearest};
use crate::rules::check::{CheckKind, column};
use crate::rules::fields::Fields;
use crate::rules::format::Format;
use crate::rules::kernel;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::row_test::TextTest;
use crate::rules::schema::{self, CheckSchema};

/// The text has a well-known form.
#[derive(Clone, Debug)]
pub struct FormatCheck {
    column: String,
    format: Format,
}

impl CheckKind for FormatCheck {
    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let column = column(fields);
        let name = fields.text_of(argument, "format")?;
        let Some(format) = Format::from_name(&name) else {
            let names: Vec<_> = Format::ALL.iter().map(|it| it.name()).collect();
            let hint = nearest(&name, names.iter().copied());
            fields.problem(
                argument.place,
                format!("`{name}` is no format: {}{hint}", names.join(", ")),
            );
            return None;
        };
        Some(Self { column: column?, format })
    }

    fn schema() -> CheckSchema {
        CheckSchema::of_column(schema::defined("format"))
    }

    fn columns(&self) -> Vec<String> {
        vec![self.column.clone()]
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let column = binder.column(&self.column)?;
        let format = self.format;
        Some(Kernel::Row(kernel::of_text(column, TextTest::Format(format), move |text| {
            format.matches(text)
        })))
    }
}
