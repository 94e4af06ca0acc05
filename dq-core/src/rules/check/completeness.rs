//! `completeness`: the share of the rows that have a value lies between two bounds.
//!
//! ```yaml
//! - { column: phone, completeness: { min: 95% } }
//! - { column: fax, completeness: { min: 0.2 }, ignore: blank }
//! ```
//!
//! Bounds are shares such as `0.95` or `95%`; they belong to the range, and are compared exactly. NULL is
//! no value. Blank text is one, as for [`not_null`](crate::rules::check::NotNull), unless `ignore: blank`
//! says otherwise.
//!
//! It counts one violation if the share is out of bounds, whatever `tolerance` says; `not_null` and
//! `not_blank` name the rows.

use std::path::Path;

use crate::document::Node;
use crate::rules::check::key_form::blank;
use crate::rules::check::{CheckKind, column};
use crate::rules::fields::Fields;
use crate::rules::measure::{Figure, Reading};
use crate::rules::plan::{Binder, Blank, Kernel};
use crate::rules::schema::{self, CheckSchema};
use crate::rules::share::Share;

/// The share of the rows that have a value lies between two bounds.
#[derive(Clone, Debug)]
pub struct Completeness {
    column: String,
    blank: Blank,
    min: Option<Share>,
    max: Option<Share>,
}

impl CheckKind for Completeness {
    const NEEDS_OTHER_ROWS: bool = true;

    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let (column, blank) = (column(fields), blank(fields));
        let mut range = fields.inside(argument, "`completeness`")?;
        let (low, high) = (range.take("min"), range.take("max"));
        range.finish();
        if low.is_none() && high.is_none() {
            fields.problem(argument.place, "`completeness` needs `min`, `max` or both");
            return None;
        }
        let bound = |node: Option<&Node>, name| match node {
            None => Some(None),
            Some(node) => share(node, name, fields).map(Some),
        };
        let (min, max) = (bound(low, "min"), bound(high, "max"));
        let (min, max) = (min?, max?);
        if min.zip(max).is_some_and(|(low, high)| low.exceeds(high)) {
            fields.problem(argument.place, "`min` is greater than `max`");
            return None;
        }
        Some(Self { column: column?, blank: blank?, min, max })
    }

    fn schema() -> CheckSchema {
        CheckSchema::of_column(schema::between(&schema::share()))
            .allowing("ignore", schema::options(&["blank"]))
    }

    fn columns(&self) -> Vec<String> {
        vec![self.column.clone()]
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let figure = Figure::Completeness { min: self.min, max: self.max };
        binder.figure(&self.column, Reading::Presence(self.blank), figure)
    }
}

fn share(node: &Node, name: &str, fields: &Fields<'_>) -> Option<Share> {
    let share = Share::parse(&fields.text_of(node, name)?);
    if share.is_none() {
        let message = format!("expected `{name}` as a share of the rows, such as `0.95` or `95%`");
        fields.problem(node.place, message);
    }
    share
}
