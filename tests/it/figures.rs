//! Figures of the rows as a whole: what is told of them, and when they fail.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use arrow_array::{
    ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use async_trait::async_trait;
use dq_core::clock::Clock;
use dq_core::source::memory::MemorySource;
use dq_core::validate::{CheckReport, Report, Status, ValidateOptions, validate};
use serde_json::{Value, json};

use crate::run::{counts, rules, rules_of, threads, wait};

fn table(columns: Vec<(&str, ArrayRef)>) -> MemorySource {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    // Cut into rows, so that several threads have something to merge.
    let batches = (0..batch.num_rows()).map(|it| batch.slice(it, 1));
    let batches = std::iter::once(batch.slice(0, 0)).chain(batches).collect();
    MemorySource::new("memory").table("data", batches).unwrap()
}

fn texts(texts: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(texts.to_vec()))
}

/// The same report at every number of threads.
fn report(source: &MemorySource, checks: &[&str], options: &ValidateOptions) -> Report {
    let rules = rules_of("data", checks);
    let run = |number| {
        let options = ValidateOptions { threads: threads(number).threads, ..options.clone() };
        wait(validate(source, &rules, &options)).unwrap()
    };
    let reports = [1, 2, 7].map(run);
    assert!(reports.iter().all(|it| json!(it.rules) == json!(reports[0].rules)), "{reports:#?}");
    let [report, ..] = reports;
    report
}

/// How each check ended, and what it observed.
fn told(report: &Report) -> Vec<(Status, String)> {
    let told = |it: &CheckReport| (it.status, it.observed.clone().unwrap_or_default());
    report.checks().map(told).collect()
}

fn measured(report: &Report) -> Vec<Value> {
    report.checks().map(|it| json!(it.measured)).collect()
}

#[test]
fn the_measured_figure_stands_beside_its_bounds() {
    let numbers = Arc::new(Float64Array::from(vec![Some(0.1), None, Some(0.2), Some(0.6)]));
    let whole = Arc::new(Int64Array::from(vec![Some(i64::MAX), Some(i64::MAX), None, Some(2)]));
    let day = |it: &str| dq_core::value::Date::parse(it.as_bytes()).unwrap().days();
    let days = Arc::new(Date32Array::from(vec![
        Some(day("2026-01-31")),
        None,
        Some(day("2024-02-29")),
        None,
    ]));
    let source = table(vec![("a", numbers), ("b", whole), ("c", days)]);
    let checks = [
        "column: a, mean: { min: 0.3, max: 0.3 } }",
        "column: a, sum: { max: 0.8 } }",
        "column: a, min: { min: 0.1 } }",
        "column: a, max: { max: 0.5 } }",
        "column: a, quantile: { at: 0.5, min: 0.2, max: 0.2 } }",
        "column: b, sum: { min: 18446744073709551616, max: 18446744073709551616 } }",
        "column: b, mean: { min: 6.148914691236517e18 } }",
        "column: c, min: { min: 2024-03-01 } }",
        "column: c, max: { max: today } }",
        "column: c, completeness: { min: 50%, max: 0.5 } }",
        "column: c, completeness: { min: 50.1% } }",
        "column: b, distinct_count: { min: 3 } }",
        "columns: [a, b], distinct_count: { max: 2 } }",
        "row_count: { min: 4, max: 4 } }",
    ];
    let report = report(&source, &checks, &threads(1));
    let (pass, fail) = (Status::Pass, Status::Fail);
    let expected = [
        (pass, "a mean of 0.3, expected 0.3 to 0.3"),
        (fail, "a sum of 0.9, expected at most 0.8"),
        (pass, "0.1 as the least value, expected at least 0.1"),
        (fail, "0.6 as the greatest value, expected at most 0.5"),
        (pass, "0.2 as the quantile at 50%, expected 0.2 to 0.2"),
        (
            pass,
            "a sum of 18446744073709551616, expected 18446744073709551616 to 18446744073709551616",
        ),
        (pass, "a mean of 6.148914691236517e18, expected at least 6.148914691236517e18"),
        (fail, "2024-02-29 as the least value, expected at least 2024-03-01"),
        (pass, "2026-01-31 as the greatest value, expected at most 2026-11-23"),
        (pass, "a value in 2 of 4 rows, expected 50% to 50%"),
        (fail, "a value in 2 of 4 rows, expected at least 50.1%"),
        (fail, "2 different values, expected at least 3"),
        (pass, "2 different values, expected at most 2"),
        (pass, "4 rows, expected 4 to 4"),
    ];
    let expected: Vec<_> = expected.map(|(status, it)| (status, it.to_owned())).into();
    assert_eq!(told(&report), expected);
    let figure = |value, min, max, out_of_bounds| json!({ "value": value, "min": min, "max": max, "out_of_bounds": out_of_bounds });
    let measured = measured(&report);
    assert_eq!(measured[1], figure(json!(0.9), Value::Null, json!(0.8), true));
    let sum = json!("18446744073709551616");
    assert_eq!(measured[5], figure(sum.clone(), sum.clone(), sum, false));
    assert_eq!(measured[7], figure(json!("2024-02-29"), json!("2024-03-01"), Value::Null, true));
    assert_eq!(measured[9], figure(json!(0.5), json!(0.5), json!(0.5), false));
    assert_eq!(measured[11], figure(json!(2), json!(3), Value::Null, true));
    assert!(report.checks().all(|it| it.violations == u64::from(it.status == fail)));
    assert!(report.checks().all(|it| !it.truncated && it.sample.is_empty()));
}

#[test]
fn values_that_cannot_be_read_are_violations_and_shown() {
    let column = [Some("1"), Some("x"), None, Some("3"), Some(""), Some("inf")];
    let source = table(vec![("a", texts(&column))]);
    let checks = [
        "column: a, mean: { min: 2, max: 2 } }",
        "column: a, sum: { max: 1 } }",
        "column: a, max: { max: 2026-01-01 } }",
        "column: a, freshness: { max_age: 1d } }",
        "column: a, quantile: { at: 100%, max: 5 }, tolerance: 3 }",
        "column: a, quantile: { at: 100%, max: 2 }, tolerance: { warn: 1, fail: 100 } }",
        "column: a, completeness: { min: 0 } }",
    ];
    let options = ValidateOptions { sample_limit: 2, show_values: true, ..threads(1) };
    let report = report(&source, &checks, &options);
    let (pass, fail) = (Status::Pass, Status::Fail);
    let expected = [
        (fail, "a mean of 2, expected 2 to 2; 3 values that cannot be read"),
        (fail, "a sum of 4, expected at most 1; 3 values that cannot be read"),
        (fail, "5 values that cannot be read"),
        (fail, "5 values that cannot be read"),
        (pass, "3 as the quantile at 100%, expected at most 5; 3 values that cannot be read"),
        (fail, "3 as the quantile at 100%, expected at most 2; 3 values that cannot be read"),
        (pass, "a value in 5 of 6 rows, expected at least 0%"),
    ];
    let expected: Vec<_> = expected.map(|(status, it)| (status, it.to_owned())).into();
    assert_eq!(told(&report), expected);
    let violations: Vec<_> = report.checks().map(|it| it.violations).collect();
    assert_eq!(violations, [3, 4, 5, 5, 3, 4, 0]);
    let row = |row: u64, text: &str| json!({ "key": { "row": row }, "values": { "a": text } });
    let second = report.checks().nth(1).unwrap();
    assert_eq!(json!(second.sample), json!([row(2, "x"), row(5, "")]));
    assert_eq!((second.truncated, second.failing_rows()), (true, 3));
}

#[test]
fn what_is_out_of_bounds_is_more_than_any_tolerance() {
    let source = table(vec![("a", Arc::new(Int64Array::from_iter_values(0..1000)))]);
    let checks = [
        "column: a, mean: { max: 1 }, tolerance: 10% }",
        "column: a, mean: { max: 1 }, tolerance: { warn: 500 } }",
        "column: a, mean: { max: 1 }, severity: info }",
        "row_count: { max: 999 }, tolerance: 1% }",
        "column: a, distinct_count: { max: 999 }, tolerance: { warn: 0 } }",
    ];
    let report = report(&source, &checks, &threads(1));
    let statuses: Vec<_> = report.checks().map(|it| it.status).collect();
    let (fail, warn) = (Status::Fail, Status::Warn);
    assert_eq!(statuses, [fail, warn, Status::Pass, fail, warn]);
    assert!(report.checks().all(|it| it.violations == 1));
}

#[test]
fn nothing_to_measure_is_not_applicable() {
    let figures = [
        "column: a, mean: { max: 1 } }",
        "column: a, sum: { max: 1 } }",
        "column: a, min: { max: 1 } }",
        "column: a, quantile: { at: 0.5, max: 2026-01-01 } }",
        "column: a, freshness: { max_age: 1d } }",
    ];
    let counts_of_values =
        ["column: a, completeness: { min: 1% } }", "column: a, distinct_count: { min: 1 } }"];
    let empty = table(vec![("a", texts(&[]))]);
    let empty = report(&empty, &[&figures[..], &counts_of_values].concat(), &threads(1));
    assert!(empty.checks().all(|it| it.status == Status::NotApplicable), "{empty:#?}");
    assert_eq!(counts(&empty), vec![(0, 0, None); 7]);
    let nulls = table(vec![("a", texts(&[None, None]))]);
    let none = report(&nulls, &figures, &threads(1));
    assert!(none.checks().all(|it| it.status == Status::NotApplicable), "{none:#?}");
    assert!(none.checks().all(|it| it.observed.is_none()), "{none:#?}");
    let values = report(&nulls, &counts_of_values, &threads(1));
    assert!(values.checks().all(|it| it.status == Status::Fail), "{values:#?}");
}

#[test]
fn a_filter_narrows_every_figure() {
    let numbers = Arc::new(Int64Array::from(vec![Some(1), Some(20), Some(3), None]));
    let source =
        table(vec![("a", numbers), ("b", texts(&[Some("x"), Some("y"), Some("x"), Some("x")]))]);
    let text = r"
version: 1
rules:
  - id: x
    table: data
    where: b = 'x'
    checks:
      - { column: a, sum: { min: 4, max: 4 } }
      - { column: a, completeness: { min: 66% , max: 67% } }
      - { column: a, distinct_count: { min: 2, max: 2 } }
  - id: all
    table: data
    checks:
      - { column: a, sum: { min: 24, max: 24 } }
  - id: none
    table: data
    where: b = 'z'
    checks:
      - { column: a, sum: { min: 24, max: 24 } }
";
    let report = wait(validate(&source, &rules(text), &threads(2))).unwrap();
    let ended: Vec<_> = report.checks().map(|it| (it.status, it.evaluated)).collect();
    let pass = Status::Pass;
    let expected = [(pass, 3), (pass, 3), (pass, 3), (pass, 4), (Status::NotApplicable, 0)];
    assert_eq!(ended, expected);
}

#[test]
fn quantiles_are_exact_however_little_memory_there_is() {
    let numbers = Int64Array::from_iter_values((0..9000).map(|it| it * 7 % 5000));
    // Floats and whole numbers of all sizes, in no order; text, so that each is read as it is spelled.
    let wide = (0..9000).map(|it| match it % 5 {
        0 => format!("-1e{}", 300 - it / 50),
        1 => format!("-9{it:018}"),
        2 => format!("{}.5", it * 7 % 4999),
        3 => format!("12345678901234567890123456789{it:04}"),
        _ => format!("1e{}", 40 + it / 50),
    });
    let wide = StringArray::from_iter_values(wide);
    let batch = |(at, rows)| {
        let columns: [(_, ArrayRef); 2] =
            [("a", Arc::new(numbers.slice(at, rows))), ("b", Arc::new(wide.slice(at, rows)))];
        RecordBatch::try_from_iter(columns).unwrap()
    };
    let batches = [(0, 10), (10, 6000), (6010, 2990)].map(batch);
    let source = MemorySource::new("memory").table("data", batches.into()).unwrap();
    let checks = [
        "column: a, quantile: { at: 0.5, max: 2500 } }",
        "column: a, quantile: { at: 100%, max: 5000 } }",
        "column: a, distinct_count: { max: 5000 } }",
        "column: b, quantile: { at: 0%, min: -1e300 } }",
        "column: b, quantile: { at: 20%, max: 0 } }",
        "column: b, quantile: { at: 0.3, max: 0 } }",
        "column: b, quantile: { at: 50%, min: 2400 } }",
        "column: b, quantile: { at: 0.8, min: 1 } }",
        "column: b, quantile: { at: 100%, max: 1e219 } }",
    ];
    let expected = [
        json!(2422),
        json!(4999),
        json!(5000),
        json!(-1e300),
        json!(-1e121),
        json!(-9_000_000_000_000_004_501_i64),
        json!(2424.5),
        json!("123456789012345678901234567898998"),
        json!(1e219),
    ];
    for memory_bytes_max in [0, 10_000, 1_000_000, 1 << 30] {
        let options = ValidateOptions { memory_bytes_max, ..threads(1) };
        let told = report(&source, &checks, &options);
        let values: Vec<_> = measured(&told).iter().map(|it| it["value"].clone()).collect();
        assert_eq!(values, expected, "{memory_bytes_max} bytes");
    }
}

#[test]
fn a_quantile_without_memory_needs_a_folder_for_temporary_files() {
    let source = table(vec![("a", Arc::new(Int64Array::from(vec![1, 2, 3])))]);
    let rules = rules_of("data", &["column: a, quantile: { at: 0.5, max: 2 } }"]);
    let gone = tempfile::tempdir().unwrap().path().join("gone");
    let run = |memory_bytes_max| {
        let options = ValidateOptions { memory_bytes_max, temp_dir: gone.clone(), ..threads(2) };
        wait(validate(&source, &rules, &options))
    };
    assert_eq!(run(1 << 30).unwrap().status, Status::Pass);
    let error = run(0).unwrap_err().to_string();
    assert!(error.contains(&gone.display().to_string()), "{error}");
}

/// A clock that stands still.
#[derive(Debug)]
struct Stopped {
    now: Instant,
    utc: SystemTime,
}

impl Stopped {
    #[expect(clippy::disallowed_methods, reason = "an instant can be made of nothing else")]
    fn at(seconds: u64) -> Arc<Self> {
        let utc = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        Arc::new(Self { now: Instant::now(), utc })
    }
}

#[async_trait]
impl Clock for Stopped {
    fn now(&self) -> Instant {
        self.now
    }

    fn utc(&self) -> SystemTime {
        self.utc
    }

    async fn sleep(&self, _: Duration) {}
}

/// 2026-11-23 10:00:00.
const TEN_O_CLOCK: u64 = 1_795_428_000;

#[test]
fn ages_are_measured_to_the_start_of_the_run() {
    let point = |it: &str| dq_core::value::Timestamp::parse(it.as_bytes()).unwrap().micros();
    let points = ["2026-11-23 08:59:59", "2026-11-20 00:00", "2026-11-23 10:00:01"].map(point);
    let points = Arc::new(TimestampMicrosecondArray::from(points.to_vec()));
    let days = texts(&[Some("2026-11-21"), Some("2026-11-24"), Some("2026-11-20T23:00-05:00")]);
    let source = table(vec![("point", points), ("day", days)]);
    let checks = [
        "column: point, freshness: { max_age: 61min } }",
        "column: point, freshness: { max_age: 3600 s } }",
        "column: day, freshness: { max_age: 2d } }",
        "column: day, freshness: { max_age: 47h } }",
    ];
    let options = ValidateOptions { as_of: None, clock: Stopped::at(TEN_O_CLOCK), ..threads(1) };
    let told_now = report(&source, &checks, &options);
    assert_eq!(told_now.as_of, "2026-11-23");
    let (pass, fail) = (Status::Pass, Status::Fail);
    let expected = [
        (
            pass,
            "2026-11-23 08:59:59 as the newest value, expected at most 61min before 2026-11-23 10:00:00; 1 value in the future",
        ),
        (
            fail,
            "2026-11-23 08:59:59 as the newest value, expected at most 3600s before 2026-11-23 10:00:00; 1 value in the future",
        ),
        (
            pass,
            "2026-11-21 as the newest value, expected at most 2d before 2026-11-23 10:00:00; 1 value in the future",
        ),
        (
            fail,
            "2026-11-21 as the newest value, expected at most 47h before 2026-11-23 10:00:00; 1 value in the future",
        ),
    ];
    let expected: Vec<_> = expected.map(|(status, it)| (status, it.to_owned())).into();
    assert_eq!(told(&told_now), expected);
    let figure = |value: &str, min: &str, out_of_bounds| json!({ "value": value, "min": min, "max": null, "out_of_bounds": out_of_bounds });
    let measured = measured(&told_now);
    assert_eq!(measured[1], figure("2026-11-23 08:59:59", "2026-11-23 09:00:00", true));
    assert_eq!(measured[2], figure("2026-11-21", "2026-11-21", false));

    // Asked for, the whole day is now.
    let on_the_day = report(&source, &checks, &threads(1));
    let observed = told(&on_the_day).remove(0);
    let expected =
        "2026-11-23 10:00:01 as the newest value, expected at most 61min before 2026-11-23";
    assert_eq!(observed, (pass, expected.to_owned()));
}

#[test]
fn the_future_makes_nothing_fresh() {
    let source = table(vec![("a", texts(&[Some("2026-11-24"), None, Some("2999-01-01 12:00")]))]);
    let report = report(&source, &["column: a, freshness: { max_age: 10w } }"], &threads(1));
    let only = "only values in the future, expected at most 10w before 2026-11-23";
    assert_eq!(told(&report), [(Status::Fail, only.to_owned())]);
    assert_eq!(counts(&report), [(3, 1, None)]);
    assert_eq!(measured(&report)[0]["value"], Value::Null);
}
