//! `unique`: no two rows have the same key.
//!
//! ```yaml
//! - { unique: [npi_number] }
//! - { unique: [first_name, last_name, license_number], ignore: blank }
//! - { unique: [facility_name, city], normalize: [case, blanks] }
//! ```
//!
//! Every row of a group of more than one row is a violation, and the groups are counted too.
//! For what is compared, and for `ignore` and `normalize`, see Keys.

use std::path::Path;

use crate::document::Node;
use crate::rules::check::CheckKind;
use crate::rules::check::key_form::key_form;
use crate::rules::fields::Fields;
use crate::rules::plan::{Binder, Kernel, KeyForm};
use crate::rules::schema::{self, CheckSchema};

/// No two rows have the same key.
#[derive(Clone, Debug)]
pub struct Unique {
    columns: Vec<String>,
    form: KeyForm,
}

impl CheckKind for Unique {
    const NEEDS_OTHER_ROWS: bool = true;

    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let columns = fields.columns_of(argument, "unique");
        let form = key_form(fields);
        Some(Self { columns: columns?, form: form? })
    }

    fn schema() -> CheckSchema {
        CheckSchema::of_keys(schema::defined("columns"))
    }

    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        binder.keys(&self.columns, self.form).map(Kernel::Unique)
    }
}
