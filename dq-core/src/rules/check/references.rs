//! `references`: the key exists in another table.
//!
//! ```yaml
//! - { references: { columns: [provider_id], table: healthcare_providers, key: [provider_id] } }
//! - references: { columns: [state, license], table: licenses, key: [state, number] }
//!   normalize: case
//! ```
//!
//! `columns` are those of the rule's own table; `key` are those of the other, by default of the same
//! names and as many. Violations are rows; the different keys that are missing are counted as groups.
//! For what is compared, and for `ignore` and `normalize`, see Keys; they hold for both sides.

use std::path::Path;

use serde_json::json;

use crate::document::Node;
use crate::rules::check::CheckKind;
use crate::rules::check::key_form::{beside_not_inside, key_form};
use crate::rules::fields::Fields;
use crate::rules::plan::{Binder, Kernel, KeyForm};
use crate::rules::schema::{self, CheckSchema};

/// The key exists in another table.
#[derive(Clone, Debug)]
pub struct References {
    columns: Vec<String>,
    table: String,
    key: Vec<String>,
    form: KeyForm,
}

impl References {
    /// The table of the keys.
    pub fn table(&self) -> &str {
        &self.table
    }
}

impl CheckKind for References {
    const NEEDS_OTHER_ROWS: bool = true;

    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let mut inside = fields.inside(argument, "`references`")?;
        let columns = inside.require("columns").and_then(|it| inside.columns_of(it, "columns"));
        let table = inside.require("table").and_then(|it| inside.text_of(it, "table"));
        let key = inside.columns("key");
        beside_not_inside(&mut inside);
        inside.finish();
        let form = key_form(fields);
        let (columns, table) = (columns?, table?);
        let key = key.unwrap_or_else(|| columns.clone());
        same_length(&columns, &key, "key", argument, fields)?;
        Some(Self { columns, table, key, form: form? })
    }

    fn schema() -> CheckSchema {
        let columns = schema::defined("columns");
        let fields =
            json!({ "columns": columns, "table": schema::defined("value"), "key": columns });
        CheckSchema::of_keys(schema::object(&["columns", "table"], &fields))
    }

    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let child = binder.keys(&self.columns, self.form);
        let parent = binder.other(&self.table)?.keys(&self.key, self.form);
        Some(Kernel::References { child: child?, parent: parent? })
    }
}

/// Notes a problem unless both lists are of one length.
pub(in crate::rules::check) fn same_length(
    columns: &[String],
    others: &[String],
    name: &str,
    argument: &Node,
    fields: &Fields<'_>,
) -> Option<()> {
    if columns.len() == others.len() {
        return Some(());
    }
    let counts = format!("{} and {}", columns.len(), others.len());
    fields.problem(argument.place, format!("`columns` and `{name}` differ in length: {counts}"));
    None
}
