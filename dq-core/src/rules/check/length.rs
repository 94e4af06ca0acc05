//! `length`: the text has a number of characters between two bounds, which belong to the range.
//!
//! ```yaml
//! - { column: license_state, length: { min: 2, max: 2 } }
//! ```
//!
//! Characters are Unicode code points.

use std::path::Path;

use crate::document::Node;
use crate::rules::check::{CheckKind, column};
use crate::rules::fields::Fields;
use crate::rules::kernel;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::row_test::TextTest;
use crate::rules::schema::{self, CheckSchema};
use crate::value::characters;

/// The text has a number of characters between two bounds.
#[derive(Clone, Debug)]
pub struct Length {
    column: String,
    min: u64,
    max: u64,
}

impl CheckKind for Length {
    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let column = column(fields);
        let mut range = fields.inside(argument, "`length`")?;
        let bounds = range.counts_between();
        range.finish();
        let (min, max) = bounds?;
        Some(Self { column: column?, min, max })
    }

    fn schema() -> CheckSchema {
        CheckSchema::of_column(schema::between(&schema::defined("count")))
    }

    fn columns(&self) -> Vec<String> {
        vec![self.column.clone()]
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let column = binder.column(&self.column)?;
        let range = self.min..=self.max;
        let asked = TextTest::Length { min: self.min, max: self.max };
        Some(Kernel::Row(kernel::of_text(column, asked, move |text| {
            range.contains(&(characters(text) as u64))
        })))
    }
}
