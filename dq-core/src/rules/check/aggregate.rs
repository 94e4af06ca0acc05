//! `mean`, `min`, `max`, `sum` and `quantile`: a figure of a column lies between two bounds.
//!
//! ```yaml
//! - { column: fee, mean: { min: 50, max: 200 } }
//! - { column: birth_year, min: { min: 1930 } }
//! - { column: start_date, max: { max: today } }
//! - { column: beds, sum: { min: 1000 } }
//! - { column: fee, quantile: { at: 95%, max: 1000 } }
//! ```
//!
//! Bounds belong to the range, and either may be left out. `min` is the least value, `max` the greatest.
//! The `quantile` `at` a share of the values, such as `0.5` or `95%`, is one of them: the least that at
//! least so many do not exceed (the nearest rank). With days as bounds, `min`, `max` and `quantile` are
//! those of days, read as `between` reads them.
//!
//! Results are exact: a sum is not rounded on its way, and none depends on the order of the rows. A sum
//! or a mean that is no whole number of up to 38 digits is rounded once, to the nearest floating-point
//! number, and that is what is compared and shown.
//!
//! NULL does not count. A value that is no number (or no day; nor are NaN and the infinities) violates
//! the check, as rows that are counted and shown, and the figure is that of all others. A figure out of
//! its bounds is one more violation, which no `tolerance` puts up with; with `warn` alone it warns. Where
//! no row in scope has a value the check is not applicable.
//!
//! A quantile keeps every different value until the table has been read; beyond the memory that the run
//! may take (`--memory`) they go to temporary files.

use std::path::Path;

use serde_json::Value as Json;

use crate::document::Node;
use crate::rules::bounds::Bounds;
use crate::rules::check::{CheckKind, column};
use crate::rules::fields::Fields;
use crate::rules::measure::{Figure, Reading, Statistic};
use crate::rules::plan::{Binder, Kernel};
use crate::rules::schema::{self, CheckSchema};
use crate::rules::share::Share;

/// A figure of the values of a column.
#[derive(Clone, Debug)]
struct Aggregate {
    column: String,
    statistic: Statistic,
    bounds: Bounds,
}

macro_rules! aggregates {
    ($($(#[$doc:meta])* $type:ident = $name:literal, $statistic:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug)]
            pub struct $type(Aggregate);

            impl CheckKind for $type {
                const NEEDS_OTHER_ROWS: bool = true;

                fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
                    Aggregate::parse(concat!("`", $name, "`"), $statistic, argument, fields).map(Self)
                }

                fn schema() -> CheckSchema {
                    CheckSchema::of_column(Aggregate::schema($name))
                }

                fn columns(&self) -> Vec<String> {
                    vec![self.0.column.clone()]
                }

                fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
                    self.0.bind(binder)
                }
            }
        )*
    };
}

aggregates! {
    /// The mean of a column lies between two bounds.
    Mean = "mean", |_| Some(Statistic::Mean);
    /// The least value of a column lies between two bounds.
    Min = "min", |_| Some(Statistic::Min);
    /// The greatest value of a column lies between two bounds.
    Max = "max", |_| Some(Statistic::Max);
    /// The sum of a column lies between two bounds.
    Sum = "sum", |_| Some(Statistic::Sum);
    /// A quantile of a column lies between two bounds.
    Quantile = "quantile", quantile;
}

impl Aggregate {
    fn parse(
        what: &'static str,
        statistic: impl FnOnce(&mut Fields<'_>) -> Option<Statistic>,
        argument: &Node,
        fields: &mut Fields<'_>,
    ) -> Option<Self> {
        let column = column(fields);
        let mut inside = fields.inside(argument, what)?;
        let statistic = statistic(&mut inside);
        let (min, max) = (inside.text("min"), inside.text("max"));
        inside.finish();
        let bounds = Bounds::parse(what, min.as_deref(), max.as_deref());
        let bounds = bounds.map_err(|message| fields.problem(argument.place, message)).ok()?;
        let statistic = statistic?;
        let has_no_days = matches!(statistic, Statistic::Mean | Statistic::Sum);
        if has_no_days && matches!(bounds, Bounds::Days { .. }) {
            let message = format!("{what} is of numbers; expected `min` and `max` as numbers");
            fields.problem(argument.place, message);
            return None;
        }
        Some(Self { column: column?, statistic, bounds })
    }

    fn schema(name: &str) -> Json {
        let mut fields = vec![("min", schema::bound()), ("max", schema::bound())];
        let mut required = Vec::new();
        if name == "quantile" {
            fields.push(("at", schema::share()));
            required.push("at");
        }
        schema::with_bounds(schema::object(&required, &Json::from_iter(fields)))
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let statistic = self.statistic;
        let (reading, figure) = match self.bounds {
            Bounds::Numbers { min, max } => {
                (Reading::Numbers, Figure::Number { statistic, min, max })
            }
            Bounds::Days { min, max } => {
                let today = binder.as_of();
                let (min, max) = (min.map(|it| it.on(today)), max.map(|it| it.on(today)));
                (Reading::Days, Figure::Day { statistic, min, max })
            }
        };
        binder.figure(&self.column, reading, figure)
    }
}

fn quantile(fields: &mut Fields<'_>) -> Option<Statistic> {
    let node = fields.require("at")?;
    let share = Share::parse(&fields.text_of(node, "at")?);
    if share.is_none() {
        fields
            .problem(node.place, "expected `at` as a share of the values, such as `0.5` or `95%`");
    }
    share.map(Statistic::Quantile)
}
