//! `between`: the value lies between two bounds, which belong to the range.
//!
//! ```yaml
//! - { column: birth_year, between: { min: 1930, max: 2005 } }
//! - { column: start_date, between: { min: 2000-01-01, max: today } }
//! ```
//!
//! Either bound may be left out. Bounds are both numbers or both days (`today` is the day of the
//! run). A value that is no number, or no day, violates the check; a point in time counts as its day.
//! Where its text has an offset, that is applied first: its day is the day in UTC, so that
//! `2026-11-23T00:30:00+01:00` counts as 2026-11-22.

use std::path::Path;

use crate::document::Node;
use crate::rules::bounds::{Bounds, Day};
use crate::rules::check::{CheckKind, column};
use crate::rules::fields::Fields;
use crate::rules::kernel;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::row_test::RowTest;
use crate::rules::schema::{self, CheckSchema};
use crate::value::Number;
use crate::value::lens;

/// The value lies between two bounds.
#[derive(Clone, Debug)]
pub struct Between {
    column: String,
    bounds: Bounds,
}

impl CheckKind for Between {
    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let column = column(fields);
        let mut range = fields.inside(argument, "`between`")?;
        let min = range.text("min");
        let max = range.text("max");
        range.finish();
        match Bounds::parse("`between`", min.as_deref(), max.as_deref()) {
            Ok(bounds) => Some(Self { column: column?, bounds }),
            Err(message) => {
                fields.problem(argument.place, message);
                None
            }
        }
    }

    fn schema() -> CheckSchema {
        CheckSchema::of_column(schema::between(&schema::bound()))
    }

    fn columns(&self) -> Vec<String> {
        vec![self.column.clone()]
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let column = binder.column(&self.column)?;
        let kernel = match self.bounds {
            Bounds::Numbers { min, max } => kernel::of_number(
                column,
                RowTest::Numbers { column, min, max },
                numbers_within(min, max),
            ),
            Bounds::Days { min, max } => {
                let on = |it: Day| it.on(binder.as_of());
                let (min, max) = (min.map(on), max.map(on));
                let (asked, test) = (RowTest::Days { column, min, max }, within(min, max));
                kernel::of_batch(Some(asked), move |batch| {
                    Ok(lens::date_fails(batch.column(column), &test))
                })
            }
        };
        Some(Kernel::Row(kernel))
    }
}

/// As [`within`]; where both bounds are whole, numbers are compared with bounds of their own kind.
fn numbers_within(min: Option<Number>, max: Option<Number>) -> impl Fn(Number) -> bool + Clone {
    let whole = |it: Option<Number>, none: i128| match it {
        None => Some(none),
        Some(Number::Integer(it)) => Some(it),
        Some(Number::Float(_)) => None,
    };
    // Every whole number up to here is a floating-point number too.
    const EXACT_MAX: u128 = 1 << f64::MANTISSA_DIGITS;
    let exact = |it: Option<Number>, none: f64| match it {
        None => Some(none),
        Some(Number::Integer(it)) => (it.unsigned_abs() <= EXACT_MAX).then_some(it as f64),
        Some(Number::Float(_)) => None,
    };
    let bounds = whole(min, i128::MIN).zip(whole(max, i128::MAX)).map(|(min, max)| min..=max);
    let floats = exact(min, f64::NEG_INFINITY).zip(exact(max, f64::INFINITY));
    let floats = floats.map(|(min, max)| min..=max);
    let test = within(min, max);
    move |number| match (number, &bounds, &floats) {
        (Number::Integer(number), Some(bounds), _) => bounds.contains(&number),
        (Number::Float(number), _, Some(bounds)) => bounds.contains(&number),
        (number, ..) => test(number),
    }
}

fn within<T: Copy + PartialOrd>(min: Option<T>, max: Option<T>) -> impl Fn(T) -> bool + Clone {
    move |value| min.is_none_or(|it| value >= it) && max.is_none_or(|it| value <= it)
}
