//! Every check finds exactly what was put in, whichever way the rows are kept.

use dq_core::engine::{self, OpenOptions};
use dq_core::generate::{Defect, GenerateOptions, Recipe, Target, generate};

use crate::run::{assert_found, clean, made, rows, run};

/// Writes the data of a recipe in every form, and compares what is found.
fn found_in_every_form(recipe: &Recipe) {
    let folder = tempfile::tempdir().unwrap();
    for (scheme, name) in [("sqlite", "data.db"), ("csv", "csv"), ("parquet", "parquet")] {
        let spec = format!("{scheme}:{}", folder.path().join(name).display());
        let target = Target::parse(&spec).unwrap();
        let manifest = generate(recipe, &target, &GenerateOptions::default()).unwrap();
        let source = engine::open(&spec, &OpenOptions::default()).unwrap();
        assert_found(&manifest, &run(source.as_ref(), recipe));
    }
}

#[test]
fn a_thousand_rows_in_every_form() {
    found_in_every_form(&rows(1_000));
}

#[test]
fn many_rows_in_every_form() {
    found_in_every_form(&Recipe { seed: 7, defect_rate: 0.004, ..rows(20_000) });
}

/// Some minutes without optimisation: part of `make soak`.
#[test]
#[ignore = "takes minutes; `make soak` runs it"]
fn the_sizes_of_real_registries_in_every_form() {
    found_in_every_form(&Recipe::default());
    found_in_every_form(&rows(1_000_000));
}

#[test]
fn many_seeds() {
    for seed in 0..20 {
        let recipe = Recipe { seed, defect_rate: 0.003, ..rows(2_000) };
        let (source, manifest) = made(&recipe);
        assert_found(&manifest, &run(&source, &recipe));
    }
}

#[test]
fn other_days() {
    for (year, month, day) in [(2000, 1, 1), (2024, 2, 29), (2026, 12, 31), (2100, 7, 1)] {
        let as_of = dq_core::value::Date::from_civil(year, month, day).unwrap();
        let recipe = Recipe { as_of, defect_rate: 0.005, ..rows(2_000) };
        let (source, manifest) = made(&recipe);
        assert_found(&manifest, &run(&source, &recipe));
    }
}

#[test]
fn rows_without_defects_violate_nothing() {
    for recipe in [clean(1_000), Recipe { seed: 3, ..clean(40_000) }] {
        let (source, _) = made(&recipe);
        let report = run(&source, &recipe);
        for (rule, check) in
            report.rules.iter().flat_map(|it| it.checks.iter().map(move |c| (it, c)))
        {
            assert_eq!((check.violations, &check.error), (0, &None), "{}/{}", rule.id, check.id);
        }
    }
}

#[test]
fn many_defects_of_every_kind() {
    let recipe = Recipe { defect_rate: 0.012, ..rows(10_000) };
    let (source, manifest) = made(&recipe);
    assert!(manifest.checks.iter().all(|it| it.violations > 0));
    assert_found(&manifest, &run(&source, &recipe));
}

#[test]
fn each_kind_alone_is_found_by_its_checks_and_by_no_other() {
    for defect in Defect::ALL {
        let recipe = Recipe { defects: [(*defect, 3)].into(), ..clean(2_000) };
        let (source, manifest) = made(&recipe);
        let found: Vec<_> = manifest.checks.iter().filter(|it| it.violations > 0).collect();
        let mut names: Vec<_> =
            found.iter().map(|it| format!("{}/{}", it.rule, it.check)).collect();
        let mut expected = defect.checks().to_vec();
        (names.sort(), expected.sort_unstable());
        assert_eq!(names, expected);
        assert!(found.iter().all(|it| it.violations == 3 * defect.rows()), "{defect}");
        assert_found(&manifest, &run(&source, &recipe));
    }
}
