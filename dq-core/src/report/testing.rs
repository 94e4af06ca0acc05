//! A report that has everything a report can have, for the tests of the renderers.

use std::time::Duration;

use serde_json::Value;

use crate::rules::{Dimension, Severity};
use crate::validate::{
    BaselineReport, CacheUse, CheckReport, Compared, Comparison, FORMAT, Measured, OriginalRun,
    Quality, Report, RuleReport, RuleStatistics, RunStatistics, Status, TableReport,
};

pub(crate) use crate::validate::testing::{check, row};

/// A report with every status, composite and missing keys, wide characters, and names that try to
/// command the terminal.
pub(crate) fn report() -> Report {
    let rules = vec![npi_rule(), shape_rule(), hostile_rule()];
    Report {
        format: FORMAT,
        status: Status::Error,
        as_of: "2026-11-23".to_owned(),
        source: "sqlite:providers.db".to_owned(),
        rules_file: "rules/providers.yaml".to_owned(),
        notes: vec!["writers wait until the scan ends".to_owned()],
        tables: vec![
            TableReport { table: "healthcare_providers".to_owned(), rows: 5000 },
            TableReport { table: "facilities".to_owned(), rows: 1_250_000 },
        ],
        quality: Quality::of(&rules),
        baseline: None,
        rules,
        elapsed: Duration::from_millis(1250),
        cached: false,
        original: None,
        statistics: None,
    }
}

/// What a run took.
pub(crate) fn statistics() -> RunStatistics {
    let rule = |id: &str, rows, queries, micros| RuleStatistics {
        id: id.to_owned(),
        rows,
        queries,
        took: Duration::from_micros(micros),
    };
    RunStatistics {
        snapshots: 1,
        attempts: 2,
        rows: 1_255_000,
        bytes: 88_000_000,
        waited: Duration::from_micros(1_500),
        read: Duration::from_millis(1_210),
        rules: vec![rule("npi", 15_000, 0, 9_870), rule("shape", 2_500_000, 2, 310_000)],
        cache: Some(CacheUse { hits: 0, misses: 1 }),
    }
}

/// The same report as the verdict of an earlier run.
pub(crate) fn report_from_cache() -> Report {
    let report = report();
    Report {
        statistics: Some(statistics()),
        cached: true,
        original: Some(OriginalRun {
            elapsed: report.elapsed,
            age: Duration::from_secs(185),
            has_samples: true,
        }),
        elapsed: Duration::from_millis(2),
        ..report
    }
}

/// The same report, compared with an earlier one.
pub(crate) fn report_with_baseline() -> Report {
    let mut report = report();
    let compared = Comparison { new: 0, fixed: 3, unchanged: 1, compared: Compared::Counts };
    for check in report.rules.iter_mut().flat_map(|it| &mut it.checks) {
        check.baseline = match (check.id.as_str(), check.status) {
            (_, Status::Error) => None,
            ("luhn", _) => {
                Some(Comparison { new: 2, unchanged: 10, compared: Compared::Keys, ..compared })
            }
            ("shared", _) => {
                Some(Comparison { new: 2, fixed: 0, unchanged: 0, compared: Compared::Added })
            }
            _ => Some(compared),
        };
    }
    report.baseline = Some(BaselineReport {
        file: "old.json".to_owned(),
        as_of: "2026-10-01".to_owned(),
        new: 4,
        fixed: 15,
        unchanged: 14,
        gone: vec!["npi/old | check".to_owned()],
    });
    report
}

/// The same report, made with the values of the failing rows.
pub(crate) fn report_with_values() -> Report {
    let mut report = report();
    for check in report.rules.iter_mut().flat_map(|it| &mut it.checks) {
        let columns = check.columns.clone();
        for (position, row) in check.sample.iter_mut().enumerate() {
            let value = if position == 1 { Value::Null } else { "北京 \u{7}".into() };
            row.values = Some(columns.iter().map(|it| (it.clone(), value.clone())).collect());
        }
    }
    report
}

fn npi_rule() -> RuleReport {
    let missing = CheckReport { severity: Severity::Info, ..check("missing", Status::Pass) };
    let luhn = CheckReport {
        check: "format",
        severity: Severity::High,
        dimension: Dimension::Validity,
        line: 12,
        violations: 12,
        message: Some(
            "The check digit of the NPI is wrong; ask the provider for the right number."
                .to_owned(),
        ),
        sample: ["P0000017", "P0000042", "P, odd"]
            .map(|it| row(&[("provider_id", it.into())]))
            .to_vec(),
        truncated: true,
        ..check("luhn", Status::Fail)
    };
    let shared = CheckReport {
        check: "unique",
        severity: Severity::Critical,
        dimension: Dimension::Uniqueness,
        line: 14,
        violations: 2,
        groups: Some(1),
        sample: [1, 2].map(|it| row(&[("provider_id", it.into())])).to_vec(),
        ..check("shared", Status::Warn)
    };
    RuleReport {
        id: "npi".to_owned(),
        table: "healthcare_providers".to_owned(),
        description: Some("Every provider has a national provider identifier".to_owned()),
        status: Status::Fail,
        checks: vec![missing, luhn, shared],
    }
}

fn shape_rule() -> RuleReport {
    let rows = CheckReport {
        check: "row_count",
        columns: Vec::new(),
        evaluated: 1_250_000,
        violations: 1,
        observed: Some("1,250,000 rows, not between 10 and 1,000,000".to_owned()),
        measured: Some(Measured {
            value: Some(1_250_000.into()),
            min: Some(10.into()),
            max: Some(1_000_000.into()),
            out_of_bounds: true,
        }),
        ..check("rows", Status::Fail)
    };
    let closed = CheckReport {
        check: "expression",
        dimension: Dimension::Consistency,
        columns: vec!["closed_on".to_owned(), "opened_on".to_owned()],
        severity: Severity::Low,
        evaluated: 0,
        ..check("closed", Status::NotApplicable)
    };
    let parents = CheckReport {
        check: "references",
        dimension: Dimension::Consistency,
        columns: vec!["network_id".to_owned()],
        evaluated: 0,
        error: Some("cannot read table `networks`: the database is locked".to_owned()),
        ..check("network", Status::Error)
    };
    let rare = CheckReport {
        columns: vec!["name".to_owned()],
        evaluated: 1_250_000,
        violations: 1,
        sample: vec![row(&[("region", "NE".into()), ("facility", Value::Null)])],
        ..check("name", Status::Fail)
    };
    RuleReport {
        id: "facilities_have_a_shape".to_owned(),
        table: "facilities".to_owned(),
        description: None,
        status: Status::Error,
        checks: vec![rows, closed, parents, rare],
    }
}

fn hostile_rule() -> RuleReport {
    let check = CheckReport {
        columns: vec!["名前\u{1b}[31m".to_owned()],
        severity: Severity::Low,
        violations: 4999,
        sample: [7, 1001].map(|it| row(&[("row", it.into())])).to_vec(),
        truncated: true,
        ..check("北京\r\n", Status::Warn)
    };
    RuleReport {
        id: "hostile\u{1b}]0;title\u{7}".to_owned(),
        table: "data".to_owned(),
        description: None,
        status: Status::Warn,
        checks: vec![check],
    }
}
