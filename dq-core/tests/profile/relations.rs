//! Keys, dependencies and references.

use dq_core::profile::profile;
use dq_core::rules::RuleSet;
use dq_core::source::memory::MemorySource;
use dq_core::validate::{ValidateOptions, validate};

use crate::tables::{Random, batch, options, source, table, wait};

fn texts<const N: usize>(row: [String; N]) -> Vec<Option<String>> {
    row.map(Some).to_vec()
}

#[test]
fn a_column_without_duplicates_and_nulls_is_a_key() {
    let rows: Vec<_> = (0..50)
        .map(|it| {
            vec![
                Some(it.to_string()),
                (it != 7).then(|| it.to_string()),
                Some((it / 2).to_string()),
            ]
        })
        .collect();
    let keys = table(&source(&["id", "nullable", "half"], &rows)).keys;
    assert_eq!(keys.iter().map(|it| it.columns.join("+")).collect::<Vec<_>>(), ["id"]);
}

#[test]
fn pairs_are_keys_where_no_column_is_and_chance_would_not_have_it() {
    let rows: Vec<_> = (0..400)
        .map(|it| texts([format!("order {}", it / 4), (it % 4).to_string(), (it % 2).to_string()]))
        .collect();
    let keys = table(&source(&["order", "line", "day"], &rows)).keys;
    assert_eq!(keys.iter().map(|it| it.columns.join("+")).collect::<Vec<_>>(), ["order+line"]);
    // Twelve rows differ in many pairs, which says nothing.
    let few: Vec<_> =
        (0..12).map(|it| texts([(it / 3).to_string(), (it % 3).to_string()])).collect();
    assert!(table(&source(&["a", "b"], &few)).keys.is_empty());
}

#[test]
fn dependencies_count_what_the_check_counts() {
    let mut random = Random(7);
    let rows: Vec<_> = (0..3000)
        .map(|_| {
            let zip = random.below(200);
            let city = if random.below(40) == 0 { random.below(60) } else { zip / 4 };
            texts([format!("{zip:05}"), format!("city {city}"), random.below(50).to_string()])
        })
        .collect();
    let source = source(&["zip", "city", "noise"], &rows);
    let found = table(&source);
    let [dependency] = found.dependencies.as_slice() else { panic!("{:?}", found.dependencies) };
    assert_eq!((dependency.from.as_str(), dependency.to.as_str()), ("zip", "city"));
    assert!(!dependency.estimate && dependency.strength > 0.95);
    let rules = "
version: 1
rules:
  - { id: city, table: data, checks: [{ functional_dependency: { from: [zip], to: city } }] }
";
    let rules = RuleSet::parse("rules.yaml", rules, &std::collections::BTreeMap::new()).unwrap();
    let report = wait(validate(&source, &rules, &ValidateOptions::default())).unwrap();
    let check = report.checks().next().unwrap();
    assert_eq!((dependency.rows, dependency.violations), (check.evaluated, check.violations));
    assert!(check.violations > 50);
}

#[test]
fn references_are_found_in_the_keys_of_other_tables() {
    let providers: Vec<_> =
        (0..300).map(|it| texts([format!("P{it:04}"), it.to_string()])).collect();
    let affiliations: Vec<_> = (0..900)
        .map(|it| {
            let provider = if it % 300 == 299 { 9999 } else { it % 290 };
            texts([it.to_string(), format!("P{provider:04}"), (it % 9 + 1).to_string()])
        })
        .collect();
    let source = MemorySource::new("a test")
        .table("providers", vec![batch(&["provider_id", "number"], &providers)])
        .and_then(|it| {
            it.table("affiliations", vec![batch(&["id", "provider_id", "grade"], &affiliations)])
        })
        .unwrap();
    let found = wait(profile(&source, &options(2))).unwrap().references;
    let [reference] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (reference.table.as_str(), reference.column.as_str()),
        ("affiliations", "provider_id")
    );
    assert_eq!((reference.parent.as_str(), reference.key.as_str()), ("providers", "provider_id"));
    assert_eq!((reference.rows, reference.violations, reference.estimate), (900, 3, false));
}
