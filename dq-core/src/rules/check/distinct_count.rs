//! `distinct_count`: the number of different values lies between two bounds, which belong to the range.
//!
//! ```yaml
//! - { column: license_state, distinct_count: { min: 50, max: 59 } }
//! - { columns: [state, specialty], distinct_count: { min: 100 }, ignore: blank }
//! ```
//!
//! Several columns count as one key. A key with a NULL in any of its columns does not count; with
//! `ignore: blank` neither does one with blank text. Text compares by code point unless `normalize`, beside
//! the name of the check, says otherwise.
//!
//! It counts one violation if the number is out of bounds, whatever `tolerance` says.

use std::path::Path;

use crate::document::Node;
use crate::rules::check::CheckKind;
use crate::rules::check::key_form::key_form;
use crate::rules::fields::Fields;
use crate::rules::plan::{Binder, Kernel, KeyForm};
use crate::rules::schema::{self, CheckSchema};

/// The number of different values lies between two bounds.
#[derive(Clone, Debug)]
pub struct DistinctCount {
    columns: Vec<String>,
    form: KeyForm,
    min: u64,
    max: u64,
}

impl CheckKind for DistinctCount {
    const NEEDS_OTHER_ROWS: bool = true;

    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let columns = match (fields.take("column"), fields.take("columns")) {
            (Some(one), None) => fields.text_of(one, "column").map(|it| vec![it]),
            (None, Some(several)) => fields.columns_of(several, "columns"),
            _ => {
                fields.problem(fields.place(), "a `distinct_count` needs `column` or `columns`");
                None
            }
        };
        let form = key_form(fields);
        let mut range = fields.inside(argument, "`distinct_count`")?;
        let bounds = range.counts_between();
        range.finish();
        let (min, max) = bounds?;
        Some(Self { columns: columns?, form: form?, min, max })
    }

    fn schema() -> CheckSchema {
        CheckSchema::of_keys(schema::between(&schema::defined("count"))).requiring_one_of([
            ("column", schema::defined("value")),
            ("columns", schema::defined("columns")),
        ])
    }

    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let keys = binder.counted_keys(&self.columns, self.form)?;
        Some(Kernel::DistinctCount { keys, min: self.min, max: self.max })
    }
}
