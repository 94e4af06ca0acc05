//! `no_overlap`: the spans of time of rows with the same key do not overlap.
//!
//! ```yaml
//! - { no_overlap: { key: [provider_id, facility_id], from: start_date, to: end_date } }
//! ```
//!
//! A span lasts from the day in `from` to the day in `to`; both days belong to it. A span whose `to` is
//! NULL has not ended. Violations are all rows that share a day with another row of their key; the keys
//! of such rows are counted as groups. A row with a NULL in `from` is not compared, and neither is a span
//! that ends before it starts: it has no days. In rows that are compared, a value that is no
//! day violates the check. For which keys are compared, and for `ignore` and `normalize`, see Keys.

use std::path::Path;

use serde_json::json;

use crate::document::Node;
use crate::rules::check::CheckKind;
use crate::rules::check::key_form::{beside_not_inside, key_form};
use crate::rules::fields::Fields;
use crate::rules::plan::{Binder, Kernel, KeyForm};
use crate::rules::schema::{self, CheckSchema};

/// The spans of time of rows with the same key do not overlap.
#[derive(Clone, Debug)]
pub struct NoOverlap {
    key: Vec<String>,
    days: [String; 2],
    form: KeyForm,
}

impl CheckKind for NoOverlap {
    const NEEDS_OTHER_ROWS: bool = true;

    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let mut inside = fields.inside(argument, "`no_overlap`")?;
        let key = inside.require("key").and_then(|it| inside.columns_of(it, "key"));
        let from = inside.require("from").and_then(|it| inside.text_of(it, "from"));
        let to = inside.require("to").and_then(|it| inside.text_of(it, "to"));
        beside_not_inside(&mut inside);
        inside.finish();
        let form = key_form(fields);
        Some(Self { key: key?, days: [from?, to?], form: form? })
    }

    fn schema() -> CheckSchema {
        let (columns, column) = (schema::defined("columns"), schema::defined("value"));
        let fields = json!({ "key": columns, "from": column, "to": column });
        CheckSchema::of_keys(schema::object(&["key", "from", "to"], &fields))
    }

    fn columns(&self) -> Vec<String> {
        self.key.iter().chain(&self.days).cloned().collect()
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        binder.spans(&self.key, &self.days, self.form).map(Kernel::Disjoint)
    }
}
