//! Checks of the rows as a whole, and queries, that cannot be read.

use crate::bad_input::rules::{listed, one_check, problems};

#[test]
fn a_figure_that_makes_no_sense() {
    let checks = [
        "freshness: { max_age: 2d }",
        "column: a, freshness: {}",
        "column: a, freshness: { max_age: 2 }",
        "column: a, freshness: { max_age: 2 days }",
        "column: a, freshness: { max_age: -2d }",
        "column: a, freshness: { max_age: 99999999999d }",
        "column: a, completeness: 95%",
        "column: a, completeness: {}",
        "column: a, completeness: { min: 95 }",
        "column: a, completeness: { min: 95%, max: 0.9 }",
        "column: a, completeness: { min: 95% }, ignore: nothing",
        "distinct_count: { min: 3 }",
        "column: a, columns: [b], distinct_count: { min: 3 }",
        "column: a, distinct_count: { mn: 3 }",
        "column: a, mean: {}",
        "column: a, mean: { min: 5, max: 1 }",
        "column: a, mean: { min: 2020-01-01 }",
        "column: a, sum: { max: today }",
        "column: a, min: 5",
        "column: a, max: { max: high }",
        "max: { max: 5 }",
        "column: a, quantile: { max: 5 }",
        "column: a, quantile: { at: 95, max: 5 }",
        "column: a, quantile: { at: 0.5 }",
        "sql: ''",
        "sql: [SELECT 1]",
        "column: a, sql: SELECT 1",
    ];
    let told = |check: &str| problems(&one_check("data", check)).replace("rules.yaml:", "");
    insta::assert_snapshot!(listed(&checks, told));
}
