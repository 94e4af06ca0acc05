//! Random checks of the rows as a whole.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::naive::{Figure, Statistic};
use crate::property::rules::{DAYS, NUMBERS, between, column, columns, form, formed};

pub(crate) fn json_of(figure: &Figure) -> Value {
    match figure {
        Figure::Number(column, statistic, min, max) | Figure::Day(column, statistic, min, max) => {
            let mut bounds = json!({ "min": min, "max": max });
            let name = match statistic {
                Statistic::Mean => "mean",
                Statistic::Min => "min",
                Statistic::Max => "max",
                Statistic::Sum => "sum",
                Statistic::Quantile(percent) => {
                    bounds["at"] = share(*percent);
                    "quantile"
                }
            };
            json!({ "column": column, name: bounds })
        }
        Figure::Completeness(column, ignores_blank, min, max) => {
            let bounds = json!({ "min": share(*min), "max": share(*max) });
            ignoring(*ignores_blank, json!({ "column": column, "completeness": bounds }))
        }
        Figure::DistinctCount(columns, form, min, max) => {
            let bounds = json!({ "min": min, "max": max });
            formed(json!({ "columns": columns, "distinct_count": bounds }), *form)
        }
        Figure::Freshness(column, number, unit) => {
            json!({ "column": column, "freshness": { "max_age": format!("{number}{unit}") } })
        }
    }
}

/// So many percent, in one of the forms for it.
fn share(percent: u64) -> Value {
    json!(match percent % 3 {
        0 => format!("{percent}%"),
        1 => format!("{}.{:02}", percent / 100, percent % 100),
        _ => format!("{percent}.00%"),
    })
}

fn ignoring(blank: bool, mut check: Value) -> Value {
    if blank {
        check["ignore"] = json!("blank");
    }
    check
}

pub(crate) fn figure() -> impl Strategy<Value = Figure> {
    let percent = || prop_oneof![Just(0_u64), Just(50), Just(100), 0..=100_u64];
    let range = (percent(), percent()).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let quantile = percent().prop_map(Statistic::Quantile);
    let of_order =
        prop_oneof![Just(Statistic::Min), Just(Statistic::Max), quantile.clone(), quantile];
    let of_numbers = prop_oneof![Just(Statistic::Mean), Just(Statistic::Sum), of_order.clone()];
    let numeric = prop_oneof![4 => select(&["numeral", "whole", "real", "any"][..]), 1 => column()];
    let timely = prop_oneof![4 => select(&["day", "moment", "word"][..]), 1 => column()];
    let age = select(
        &[(0, "d"), (900, "d"), (998, "d"), (143, "w"), (23_900, "h"), (86_250_000, "s")][..],
    );
    prop_oneof![
        4 => (numeric, of_numbers, between(&NUMBERS))
            .prop_map(|(it, statistic, (min, max))| Figure::Number(it, statistic, min, max)),
        2 => (timely.clone(), of_order, between(&DAYS))
            .prop_map(|(it, statistic, (min, max))| Figure::Day(it, statistic, min, max)),
        1 => (column(), any::<bool>(), range)
            .prop_map(|(it, blank, (min, max))| Figure::Completeness(it, blank, min, max)),
        2 => (columns(), form(), 0..20_u64, 0..20_u64)
            .prop_map(|(it, form, min, more)| Figure::DistinctCount(it, form, min, min + more)),
        2 => (timely, age).prop_map(|(it, (number, unit))| Figure::Freshness(it, number, unit)),
    ]
}
