//! `row_count`: the number of rows lies between two bounds, which belong to the range.
//!
//! ```yaml
//! - { row_count: { min: 1000 } }
//! ```
//!
//! It counts one violation if the number is out of bounds, whatever `tolerance` says. An empty table is a number too: 0 rows.

use std::path::Path;

use crate::document::Node;
use crate::rules::check::CheckKind;
use crate::rules::fields::Fields;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::schema::{self, CheckSchema};

/// The number of rows lies between two bounds.
#[derive(Clone, Debug)]
pub struct RowCount {
    min: u64,
    max: u64,
}

impl CheckKind for RowCount {
    const NEEDS_OTHER_ROWS: bool = true;

    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let mut range = fields.inside(argument, "`row_count`")?;
        let bounds = range.counts_between();
        range.finish();
        let (min, max) = bounds?;
        Some(Self { min, max })
    }

    fn schema() -> CheckSchema {
        CheckSchema::new(schema::between(&schema::defined("count")))
    }

    fn columns(&self) -> Vec<String> {
        Vec::new()
    }

    fn bind(&self, _: &mut Binder<'_, '_>) -> Option<Kernel> {
        Some(Kernel::RowCount { min: self.min, max: self.max })
    }
}
