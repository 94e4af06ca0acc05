//! `functional_dependency`: rows that agree in some columns agree in another.
//!
//! ```yaml
//! - { functional_dependency: { from: [zip], to: city } }
//! ```
//!
//! Rows are grouped by `from`. In a group with more than one value of `to`, violations are the rows
//! that differ from the value which more than half of the rows have; where no value has such a
//! majority, all rows of the group. Groups with a violation are counted too. Rows with a NULL in any
//! of the columns are not compared.

use std::path::Path;

use crate::rules::check::CheckKind;
use crate::rules::document::Node;
use crate::rules::fields::Fields;
use crate::rules::plan::{Binder, Kernel};

/// Rows that agree in some columns agree in another.
#[derive(Clone, Debug)]
pub struct FunctionalDependency {
    from: Vec<String>,
    to: Vec<String>,
}

impl CheckKind for FunctionalDependency {
    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let mut inside = fields.inside(argument, "`functional_dependency`")?;
        let from = inside.require("from").and_then(|it| inside.texts_of(it, "from"));
        let to = inside.require("to").and_then(|it| inside.texts_of(it, "to"));
        inside.finish();
        Some(Self { from: from?, to: to? })
    }

    fn columns(&self) -> Vec<String> {
        self.from.iter().chain(&self.to).cloned().collect()
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        binder.dependency(&self.from, &self.to).map(Kernel::Dependency)
    }
}
