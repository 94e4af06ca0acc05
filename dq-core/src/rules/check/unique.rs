//! `unique`: no two rows have the same key.
//!
//! ```yaml
//! - { unique: [npi_number] }
//! - { unique: [first_name, last_name, license_number], ignore: blank }
//! ```
//!
//! Every row of a group of more than one row is a violation, and the groups are counted too. A key
//! with a NULL in any of its columns is not compared; with `ignore: blank` neither is one with blank
//! text. Text compares by code point, numbers by their value.

use std::path::Path;

use crate::rules::check::CheckKind;
use crate::rules::document::Node;
use crate::rules::fields::Fields;
use crate::rules::plan::{Binder, Blank, Kernel};

/// No two rows have the same key.
#[derive(Clone, Debug)]
pub struct Unique {
    columns: Vec<String>,
    blank: Blank,
}

impl CheckKind for Unique {
    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let columns = fields.texts_of(argument, "unique");
        let blank = blank(fields);
        Some(Self { columns: columns?, blank: blank? })
    }

    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        binder.keys(&self.columns, self.blank).map(Kernel::Unique)
    }
}

/// Takes `ignore`, which may only be `blank`.
pub(crate) fn blank(fields: &mut Fields<'_>) -> Option<Blank> {
    let Some(node) = fields.take("ignore") else { return Some(Blank::IsValue) };
    if node.as_text() == Some("blank") {
        return Some(Blank::IsIgnored);
    }
    fields.problem(node.place, "`ignore` can only be `blank`");
    None
}
