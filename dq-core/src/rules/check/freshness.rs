//! `freshness`: the newest value is not too old.
//!
//! ```yaml
//! - { column: updated_at, freshness: { max_age: 2d } }
//! ```
//!
//! `max_age` is a number and a unit: `s`, `min`, `h`, `d` (24 hours) or `w`. The column holds days or
//! points in time; without an offset they are in UTC.
//!
//! The age of a point in time is measured to the start of the run, that of a day in whole days to the day
//! of the run. A run that was asked to be `as_of` a day measures both to the first moment of that day,
//! and what lies within the day is not old at all. The report shows what was measured against.
//!
//! A value in the future (after that moment, or after the whole day that was asked for) does not make a
//! table fresh: it does not count, and the report says how many there are; `between: { max: today }` names
//! the rows. NULL does not count either. A value that cannot be read violates the check, as rows that are
//! counted and shown. That the newest value is too old, or that all values lie in the future, is one more
//! violation, which no `tolerance` puts up with; with `warn` alone it warns. Where no row in scope has a
//! value the check is not applicable.

use std::path::Path;

use crate::document::Node;
use crate::rules::check::{CheckKind, column};
use crate::rules::fields::Fields;
use crate::rules::measure::{Age, Figure, Reading};
use crate::rules::plan::{Binder, Kernel};
use crate::rules::schema::{self, CheckSchema};

/// The newest value is not too old.
#[derive(Clone, Debug)]
pub struct Freshness {
    column: String,
    max: Age,
}

impl CheckKind for Freshness {
    const NEEDS_OTHER_ROWS: bool = true;

    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let column = column(fields);
        let mut inside = fields.inside(argument, "`freshness`")?;
        let node = inside.require("max_age");
        inside.finish();
        let node = node?;
        let max = Age::parse(&fields.text_of(node, "max_age")?);
        if max.is_none() {
            let units = "`s`, `min`, `h`, `d` or `w`";
            let message = format!("expected `max_age` as a whole number and a unit, {units}: `2d`");
            fields.problem(node.place, message);
        }
        Some(Self { column: column?, max: max? })
    }

    fn schema() -> CheckSchema {
        let fields = serde_json::json!({ "max_age": schema::defined("value") });
        CheckSchema::of_column(schema::object(&["max_age"], &fields))
    }

    fn columns(&self) -> Vec<String> {
        vec![self.column.clone()]
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        binder.figure(&self.column, Reading::Moments, Figure::Freshness { max: self.max })
    }
}
