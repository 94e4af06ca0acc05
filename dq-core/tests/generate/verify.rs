//! A report is compared with the manifest of its data, and with no other.

use dq_core::ErrorKind;
use dq_core::generate::{Manifest, Recipe};
use dq_core::value::Date;
use serde_json::Value;

use crate::run::{made, rows, run};

fn report_of(recipe: &Recipe) -> Value {
    serde_json::to_value(run(&made(recipe).0, recipe)).unwrap()
}

fn manifest_of(recipe: &Recipe) -> Manifest {
    made(recipe).1
}

#[track_caller]
fn refused(manifest: &Manifest, report: &Value, message: &str) {
    let error = manifest.verify(&report.to_string()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UsageInvalid);
    assert_eq!(error.message(), message);
}

#[test]
fn the_manifest_of_another_seed_is_refused() {
    let recipe = rows(1_000);
    refused(
        &manifest_of(&Recipe { seed: 43, ..recipe.clone() }),
        &report_of(&recipe),
        "cannot verify the report: it is about other data than the manifest, of seed 43: `address_validation/state_unknown` found other rows",
    );
}

#[test]
fn the_manifest_of_another_size_is_refused() {
    refused(
        &manifest_of(&rows(1_100)),
        &report_of(&rows(1_000)),
        "cannot verify the report: it is about 398 rows of `healthcare_providers`, and the manifest about 438",
    );
}

#[test]
fn a_report_as_of_another_day_is_refused() {
    let recipe = rows(1_000);
    let (source, manifest) = made(&recipe);
    let later = Recipe { as_of: Date::from_civil(2026, 11, 23).unwrap(), ..recipe };
    refused(
        &manifest,
        &serde_json::to_value(run(&source, &later)).unwrap(),
        "cannot verify the report: it is as of 2026-11-23, and the data as of 2026-01-01; run `dq validate` with `--as-of 2026-01-01`",
    );
}

#[test]
fn a_report_of_other_rules_is_refused() {
    let recipe = rows(1_000);
    let mut report = report_of(&recipe);
    report["rules"].as_array_mut().unwrap().retain(|it| it["id"] != "npi_validation");
    refused(
        &manifest_of(&recipe),
        &report,
        "cannot verify the report: it has no check `npi_validation/check_digit`; run `dq validate` with `--pack healthcare`",
    );
}

#[test]
fn what_is_no_report_is_refused() {
    let message = "cannot verify the report: it is no JSON report of `dq validate`";
    refused(&manifest_of(&rows(1_000)), &Value::from(1), message);
}

#[test]
fn whatever_differs_is_told() {
    let recipe = rows(1_000);
    let mut report = report_of(&recipe);
    let check = |rule: &str, check: &str| {
        let rules = report["rules"].as_array().unwrap();
        let rule = rules.iter().position(|it| it["id"] == rule).unwrap();
        let checks = rules[rule]["checks"].as_array().unwrap();
        (rule, checks.iter().position(|it| it["id"] == check).unwrap())
    };
    let missing = check("npi_validation", "missing");
    let shared = check("npi_validation", "shared");
    let state = check("license_validation", "state_unknown");
    report["rules"][missing.0]["checks"][missing.1]["violations"] = 5.into();
    report["rules"][shared.0]["checks"][shared.1]["groups"] = 2.into();
    report["rules"][state.0]["checks"][state.1]["error"] = "no memory".into();
    let mismatches = manifest_of(&recipe).verify(&report.to_string()).unwrap();
    let mismatches: Vec<_> = mismatches.iter().map(ToString::to_string).collect();
    assert_eq!(
        mismatches,
        [
            "license_validation/state_unknown: it could not run: no memory",
            "npi_validation/missing: 1 violations were put in, 5 were found",
            "npi_validation/shared: 1 groups were put in, 2 were found",
        ]
    );
}
