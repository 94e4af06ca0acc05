//! `referenced` and `cardinality`: rows of another table that point to each row.
//!
//! ```yaml
//! - { referenced: { columns: [provider_id], table: provider_facility_affiliations } }
//! - id: one_primary
//!   cardinality:
//!     columns: [provider_id]
//!     table: provider_facility_affiliations
//!     foreign_key: [provider_id]
//!     where: "is_primary_affiliation = 1"
//!     min: 1
//!     max: 1
//! ```
//!
//! `columns` are the key in the rule's own table; `foreign_key` are the columns of the other table that
//! point to it, by default of the same names. `referenced` wants at least one such row, `cardinality`
//! a number of them between `min` and `max`; `where` says which of them count.
//! For what is compared, and for `ignore` and `normalize`, see Keys; they hold for both sides.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::document::Node;
use crate::rules::check::CheckKind;
use crate::rules::check::key_form::{beside_not_inside, key_form};
use crate::rules::check::references::same_length;
use crate::rules::expression::Expression;
use crate::rules::fields::Fields;
use crate::rules::plan::{Binder, Kernel, KeyForm};
use crate::rules::schema::{self, CheckSchema};

/// Some row of another table points to each row.
#[derive(Clone, Debug)]
pub struct Referenced {
    children: Children,
}

/// The number of rows of another table that point to each row lies between two bounds.
#[derive(Clone, Debug)]
pub struct Cardinality {
    children: Children,
    min: u64,
    max: u64,
}

#[derive(Clone, Debug)]
struct Children {
    columns: Vec<String>,
    table: String,
    foreign_key: Vec<String>,
    filter: Option<Expression>,
    form: KeyForm,
}

impl Referenced {
    /// The other table.
    pub fn table(&self) -> &str {
        &self.children.table
    }
}

impl Cardinality {
    /// The other table.
    pub fn table(&self) -> &str {
        &self.children.table
    }
}

impl CheckKind for Referenced {
    const NEEDS_OTHER_ROWS: bool = true;

    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let mut inside = fields.inside(argument, "`referenced`")?;
        let children = Children::parse(argument, &mut inside, key_form(fields));
        beside_not_inside(&mut inside);
        inside.finish();
        Some(Self { children: children? })
    }

    fn schema() -> CheckSchema {
        CheckSchema::of_keys(schema::object(&["columns", "table"], &json!(Children::fields())))
    }

    fn columns(&self) -> Vec<String> {
        self.children.columns.clone()
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        self.children.bind(binder, 1, u64::MAX)
    }
}

impl CheckKind for Cardinality {
    const NEEDS_OTHER_ROWS: bool = true;

    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let mut inside = fields.inside(argument, "`cardinality`")?;
        let children = Children::parse(argument, &mut inside, key_form(fields));
        let bounds = inside.counts_between();
        beside_not_inside(&mut inside);
        inside.finish();
        let (min, max) = bounds?;
        Some(Self { children: children?, min, max })
    }

    fn schema() -> CheckSchema {
        let mut fields = Children::fields();
        fields.extend(["min", "max"].map(|it| (it, schema::defined("count"))));
        let argument = schema::object(&["columns", "table"], &json!(fields));
        CheckSchema::of_keys(schema::with_bounds(argument))
    }

    fn columns(&self) -> Vec<String> {
        self.children.columns.clone()
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        self.children.bind(binder, self.min, self.max)
    }
}

impl Children {
    /// The schemas of their fields.
    fn fields() -> BTreeMap<&'static str, Json> {
        let (value, columns) = (schema::defined("value"), schema::defined("columns"));
        BTreeMap::from([
            ("columns", columns.clone()),
            ("table", value.clone()),
            ("foreign_key", columns),
            ("where", value),
        ])
    }

    fn parse(argument: &Node, fields: &mut Fields<'_>, form: Option<KeyForm>) -> Option<Self> {
        let columns = fields.require("columns").and_then(|it| fields.columns_of(it, "columns"));
        let table = fields.require("table").and_then(|it| fields.text_of(it, "table"));
        let foreign_key = fields.columns("foreign_key");
        let filter = match fields.take("where") {
            None => None,
            Some(node) => match Expression::parse(&fields.text_of(node, "where")?) {
                Ok(expression) => Some(expression),
                Err(error) => {
                    fields.problem(node.place, format!("`where`: {}", error.message));
                    return None;
                }
            },
        };
        let (columns, table) = (columns?, table?);
        let foreign_key = foreign_key.unwrap_or_else(|| columns.clone());
        same_length(&columns, &foreign_key, "foreign_key", argument, fields)?;
        Some(Self { columns, table, foreign_key, filter, form: form? })
    }

    fn bind(&self, binder: &mut Binder<'_, '_>, min: u64, max: u64) -> Option<Kernel> {
        let parent = binder.keys(&self.columns, self.form);
        let mut other = binder.other(&self.table)?;
        let narrowed = self.filter.as_ref().map_or(Some(()), |it| other.narrow(it));
        let child = other.keys(&self.foreign_key, self.form);
        narrowed?;
        Some(Kernel::Cardinality { parent: parent?, child: child?, min, max })
    }
}
