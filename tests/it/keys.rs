//! What counts as the same key: several columns, case, blanks.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use dq_core::rules::RuleSet;
use dq_core::source::memory::MemorySource;
use dq_core::validate::explain;

use crate::run::{counts, rules_of, run, threads, wait};

fn texts(values: &[&str]) -> ArrayRef {
    let value = |it: &&str| (*it != "NULL").then(|| (*it).to_owned());
    Arc::new(values.iter().map(value).collect::<StringArray>())
}

/// Five hospitals in `data`, and `other` towns of which they may be.
fn source() -> MemorySource {
    let hospitals: [(&str, ArrayRef); 4] = [
        ("name", texts(&["Mercy", "MERCY", " mercy\u{a0}", "Straße  1", "STRASSE 1"])),
        ("town", texts(&["Bonn", "Bonn", "bonn ", "Ulm", " "])),
        ("state", texts(&["NRW", "NRW", "NRW", "BW", "NULL"])),
        ("beds", Arc::new(Int64Array::from(vec![1, 1, 2, 3, 3]))),
    ];
    let towns: [(&str, ArrayRef); 2] =
        [("town", texts(&["BONN", "ULM", ""])), ("state", texts(&["NRW", "BW", "BW"]))];
    MemorySource::new("hospitals")
        .table("data", vec![RecordBatch::try_from_iter(hospitals).unwrap()])
        .and_then(|it| it.table("other", vec![RecordBatch::try_from_iter(towns).unwrap()]))
        .unwrap()
}

fn rules_about(table: &str, checks: &[impl AsRef<str>]) -> RuleSet {
    let checks: Vec<_> = checks.iter().map(|it| format!("{{ {} }}", it.as_ref())).collect();
    rules_of(table, &checks.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The violations of each check of `table`, and the groups.
fn found(table: &str, checks: &[impl AsRef<str>]) -> Vec<(u64, Option<u64>)> {
    let report = run(&source(), &rules_about(table, checks)).unwrap();
    counts(&report).into_iter().map(|(_, violations, groups)| (violations, groups)).collect()
}

fn violations(table: &str, checks: &[impl AsRef<str>]) -> Vec<u64> {
    found(table, checks).into_iter().map(|it| it.0).collect()
}

#[test]
fn names_that_differ_in_case_or_blanks_only_are_one_if_asked() {
    let checks = [
        "unique: [name]",
        "unique: [name], normalize: case",
        "unique: [name], normalize: blanks",
        "unique: [name], normalize: [blanks, case]",
        "unique: [name, town], normalize: case",
        "unique: [name, town], normalize: [case, blanks]",
        "unique: [name, beds], normalize: [case, blanks]",
    ];
    let expected = [(0, 0), (2, 1), (0, 0), (5, 2), (2, 1), (3, 1), (4, 2)];
    assert_eq!(found("data", &checks), expected.map(|(rows, groups)| (rows, Some(groups))));
}

#[test]
fn both_sides_of_a_reference_are_normalized() {
    let to_towns = "references: { columns: [town], table: other }";
    let to_places = "references: { columns: [town, state], table: other }";
    let checks = [
        to_towns.to_owned(),
        format!("{to_towns}, normalize: case"),
        format!("{to_towns}, normalize: [case, blanks]"),
        format!("{to_towns}, normalize: blanks, ignore: blank"),
        format!("{to_places}, normalize: [case, blanks]"),
        format!("{to_places}, normalize: case"),
    ];
    // A blank town is the empty one of the other table, unless blanks are told apart or ignored.
    assert_eq!(violations("data", &checks), [5, 2, 0, 4, 0, 1]);
}

#[test]
fn children_are_counted_by_normalized_keys() {
    let key = "columns: [town, state], table: data";
    let checks = [
        format!("referenced: {{ {key} }}"),
        format!("referenced: {{ {key} }}, normalize: case"),
        format!("referenced: {{ {key} }}, normalize: case, ignore: [blank]"),
        format!("cardinality: {{ {key}, min: 3, max: 3 }}, normalize: [case, blanks]"),
        format!("cardinality: {{ {key}, max: 2 }}, normalize: [case, blanks]"),
    ];
    assert_eq!(violations("other", &checks), [3, 1, 0, 2, 1]);
}

#[test]
fn a_dependency_is_normalized_on_both_sides() {
    let of_several = "functional_dependency: { from: [town, state], to: [name, beds] }";
    let checks = [
        "functional_dependency: { from: name, to: town }".to_owned(),
        "functional_dependency: { from: name, to: town }, normalize: [case, blanks]".to_owned(),
        "functional_dependency: { from: name, to: town }, normalize: [case, blanks], ignore: blank"
            .to_owned(),
        of_several.to_owned(),
        format!("{of_several}, normalize: case"),
        format!("{of_several}, normalize: [case, blanks]"),
    ];
    let expected = [(0, 0), (2, 1), (0, 0), (2, 1), (0, 0), (1, 1)];
    assert_eq!(found("data", &checks), expected.map(|(rows, groups)| (rows, Some(groups))));
}

#[test]
fn checks_share_the_keys_of_one_form_and_no_others() {
    let checks = [
        "unique: [name], normalize: case",
        "references: { columns: [name], table: other, key: [town] }, normalize: [case]",
        "unique: [name], normalize: [blanks, case]",
        "unique: [name], normalize: [case, blanks], tolerance: 5",
        "unique: [name]",
        "unique: [name], ignore: blank",
    ];
    let plan = wait(explain(&source(), &rules_about("data", &checks), &threads(1))).unwrap();
    let plan = plan.to_string();
    let key_sets = plan.lines().filter_map(|it| it.trim().strip_prefix("collect keys: "));
    let key_sets: Vec<_> = key_sets.collect();
    let expected = [
        "(town) folding case",
        "(name) folding case",
        "(name) folding case collapsing blanks",
        "(name)",
        "(name) ignoring blank",
    ];
    assert_eq!(key_sets, expected);
}
