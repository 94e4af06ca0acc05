//! Rules that the data suggest: they find errors, count them as the engine does, and can be read back.

use std::collections::{BTreeMap, BTreeSet};

use dq_core::profile::{Profile, Suggestion, profile};
use dq_core::rules::RuleSet;
use dq_core::source::memory::MemorySource;
use dq_core::validate::{ValidateOptions, validate};
use regex::Regex;
use serde_json::Value;

use crate::clinics::{Clinics, NAMES};
use crate::tables::{batch, one_column, source, suggesting, wait};

fn suggested<'a>(profile: &'a Profile, check: &str) -> Vec<&'a Suggestion> {
    profile.suggestions.as_ref().unwrap().iter().filter(|it| it.check == check).collect()
}

fn position(name: &Value) -> usize {
    NAMES.iter().position(|it| name == it).unwrap()
}

/// The cells that a suggestion blames, judged by code that is not the engine's.
fn blamed(clinics: &Clinics, suggestion: &Suggestion) -> Vec<(usize, usize)> {
    let argument = &suggestion.definition[suggestion.check];
    if suggestion.check == "functional_dependency" {
        let (from, to) = (position(&argument["from"][0]), position(&argument["to"]));
        return clinics.minority(from, to).into_iter().map(|row| (row, to)).collect();
    }
    let Some(column) = suggestion.definition.get("column").map(position) else { return Vec::new() };
    let cells = (0..clinics.rows.len()).map(|row| (row, clinics.cell(row, column)));
    let fails: Box<dyn Fn(&str) -> bool> = match suggestion.check {
        "one_of" => Box::new(|it| !argument.as_array().unwrap().iter().any(|value| value == it)),
        "matches" => {
            let expression = Regex::new(argument.as_str().unwrap()).unwrap();
            Box::new(move |it| !expression.is_match(it))
        }
        "format" if argument == "phone" => {
            Box::new(|it| it.len() != 10 || it.parse::<u64>().is_err())
        }
        "format" if argument == "us_state" => Box::new(|it| !["OH", "PA", "KY"].contains(&it)),
        "format" => Box::new(|it| it.len() != 5 || it.parse::<u64>().is_err()),
        "type" => Box::new(|it| it.parse::<i64>().is_err()),
        "length" => Box::new(|it| argument["min"] != it.chars().count()),
        "not_blank" => Box::new(|it| it.trim().is_empty()),
        other => panic!("no judge of `{other}`"),
    };
    cells.filter(|(_, it)| fails(it)).map(|(row, _)| (row, column)).collect()
}

#[test]
fn suggestions_find_the_errors_of_a_table_and_little_else() {
    for seed in [1, 2, 3] {
        let clinics = Clinics::new(seed);
        let profile = suggesting(&clinics.source());
        let mut found = BTreeSet::new();
        for suggestion in profile.suggestions.as_ref().unwrap() {
            let cells = blamed(&clinics, suggestion);
            let is_of_cells = !matches!(suggestion.check, "row_count" | "unique");
            assert!(!is_of_cells || cells.len() as u64 == suggestion.violations, "{suggestion:?}");
            found.extend(cells);
        }
        let right = found.intersection(&clinics.wrong).count() as f64;
        let (recall, precision) = (right / clinics.wrong.len() as f64, right / found.len() as f64);
        assert!(clinics.wrong.len() > 300);
        assert!(recall >= 0.85 && precision >= 0.85, "seed {seed}: {recall} {precision}");
    }
}

#[test]
fn the_rule_set_is_read_back_and_counts_the_same() {
    let clinics = Clinics::new(4);
    let profile = suggesting(&clinics.source());
    let rules = RuleSet::parse("rules.yaml", &profile.rule_set(), &BTreeMap::new()).unwrap();
    let report = wait(validate(&clinics.source(), &rules, &ValidateOptions::default())).unwrap();
    let counted: Vec<_> =
        report.checks().map(|it| (it.id.as_str(), it.check, it.violations)).collect();
    let suggestions = profile.suggestions.as_ref().unwrap();
    let suggested: Vec<_> =
        suggestions.iter().map(|it| (it.id.as_str(), it.check, it.violations)).collect();
    assert_eq!(counted, suggested);
    for suggestion in suggestions {
        let line = format!("flags {} of 1,920 rows today", suggestion.violations);
        let line = if suggestion.violations == 0 { "flags nothing today" } else { &line };
        assert!(
            profile.rule_set().contains(&format!("# {}; {line}", suggestion.reason)),
            "{suggestion:?}"
        );
    }
}

#[test]
fn nothing_is_suggested_unless_asked_or_of_a_handful_of_rows() {
    let few = one_column("it", &[Some("x"); 19]);
    assert!(suggesting(&few).suggestions.unwrap().is_empty());
    let many = one_column("it", &[Some("x"); 30]);
    assert!(wait(profile(&many, &crate::tables::options(1))).unwrap().suggestions.is_none());
}

#[test]
fn numbers_far_out_are_out_of_range_and_words_are_of_no_type() {
    let rows: Vec<_> = (0..1000)
        .map(|it| {
            let age = if it == 77 { 999 } else { 20 + it * 7 % 60 };
            let since = if it == 5 {
                "unknown".to_owned()
            } else {
                format!("2020-{:02}-{:02}", it % 12 + 1, it % 28 + 1)
            };
            vec![Some(age.to_string()), Some(since)]
        })
        .collect();
    let profile = suggesting(&source(&["age", "since"], &rows));
    let between = suggested(&profile, "between");
    assert_eq!(between[0].columns, ["age"]);
    assert_eq!(between[0].violations, 1);
    let types: Vec<_> = suggested(&profile, "type")
        .iter()
        .map(|it| (it.definition["type"].clone(), it.violations))
        .collect();
    assert_eq!(types, [("integer".into(), 0), ("date".into(), 1)]);
}

#[test]
fn keys_references_and_missing_values_become_rules() {
    let row =
        |it: usize| vec![Some(format!("K-{it:05}")), (it != 3).then(|| "x".repeat(1 + it % 5))];
    let parents: Vec<_> = (0..400).map(row).collect();
    let children: Vec<_> = (0..800)
        .map(|it| vec![Some(format!("K-{:05}", if it == 9 { 99_999 } else { it / 3 }))])
        .collect();
    let source = MemorySource::new("a test")
        .table("parents", vec![batch(&["key", "text"], &parents)])
        .and_then(|it| it.table("children", vec![batch(&["parent_key"], &children)]))
        .unwrap();
    let profile = suggesting(&source);
    assert_eq!(suggested(&profile, "unique")[0].columns, ["key"]);
    let missing: Vec<_> = suggested(&profile, "not_blank").iter().map(|it| it.violations).collect();
    assert_eq!(missing, [0, 1, 0]);
    let references = suggested(&profile, "references");
    assert_eq!((references[0].violations, references[0].table.as_str()), (1, "children"));
    let rows: Vec<_> = suggested(&profile, "row_count")
        .iter()
        .map(|it| it.definition["row_count"]["min"].clone())
        .collect();
    assert_eq!(rows, [200, 400]);
}
