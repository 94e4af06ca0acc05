//! `functional_dependency`: rows that agree in some columns agree in another.
//!
//! ```yaml
//! - { functional_dependency: { from: [zip], to: city } }
//! - { functional_dependency: { from: [country, zip], to: [state, city] }, normalize: case }
//! ```
//!
//! Rows are grouped by `from`. In a group with more than one value of `to`, violations are the rows
//! that differ from the value which more than half of the rows have; where no value has such a
//! majority, all rows of the group. Groups with a violation are counted too. For what is
//! compared, and for `ignore` and `normalize`, see Keys; they hold for `from` and for `to`.

use std::path::Path;

use serde_json::json;

use crate::document::Node;
use crate::rules::check::CheckKind;
use crate::rules::check::key_form::{beside_not_inside, key_form};
use crate::rules::fields::Fields;
use crate::rules::plan::{Binder, Kernel, KeyForm};
use crate::rules::schema::{self, CheckSchema};

/// Rows that agree in some columns agree in another.
#[derive(Clone, Debug)]
pub struct FunctionalDependency {
    from: Vec<String>,
    to: Vec<String>,
    form: KeyForm,
}

impl CheckKind for FunctionalDependency {
    const NEEDS_OTHER_ROWS: bool = true;

    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let mut inside = fields.inside(argument, "`functional_dependency`")?;
        let from = inside.require("from").and_then(|it| inside.columns_of(it, "from"));
        let to = inside.require("to").and_then(|it| inside.columns_of(it, "to"));
        beside_not_inside(&mut inside);
        inside.finish();
        let form = key_form(fields);
        Some(Self { from: from?, to: to?, form: form? })
    }

    fn schema() -> CheckSchema {
        let columns = schema::defined("columns");
        let fields = json!({ "from": columns, "to": columns });
        CheckSchema::of_keys(schema::object(&["from", "to"], &fields))
    }

    fn columns(&self) -> Vec<String> {
        self.from.iter().chain(&self.to).cloned().collect()
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        binder.dependency(&self.from, &self.to, self.form).map(Kernel::Dependency)
    }
}
