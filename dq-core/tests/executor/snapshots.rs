//! Scans and validations within limits.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use dq_core::ErrorKind;
use dq_core::clock::{Clock, TestClock};
use dq_core::executor::{Call, ExecutorConfig, GatedSource, QueryExecutor};
use dq_core::rules::RuleSet;
use dq_core::source::{Cancellation, Scan, Source};
use dq_core::validate::{ProgressListener, ValidateOptions, validate};

use crate::bench::{Bench, HUNG, limits, until, within};

fn rules(check: &str) -> RuleSet {
    let text =
        format!("version: 1\nrules:\n  - {{ id: r, table: t, checks: [{{ id: c, {check} }}] }}");
    RuleSet::parse("rules.yaml", &text, &BTreeMap::new()).unwrap()
}

impl Bench {
    fn source(&self, call: Call) -> GatedSource {
        self.executor.source(call)
    }
}

#[tokio::test]
async fn a_validation_is_one_call_and_finds_the_same() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let rules = rules("column: a, between: { min: 11 }");
    let options =
        ValidateOptions { threads: NonZeroUsize::new(3).unwrap(), ..ValidateOptions::default() };
    let source = bench.source(Call::named("validate"));
    let gated = validate(&source, &rules, &options).await.unwrap();
    let bare = validate(&*bench.database, &rules, &options).await.unwrap();
    for report in [&gated, &bare] {
        assert_eq!(report.checks().map(|it| it.violations).collect::<Vec<_>>(), [10]);
    }
    assert_eq!((gated.source, gated.notes), (bare.source, bare.notes));
    let figures = bench.executor.statistics().names["validate"].clone();
    assert_eq!((figures.calls, figures.errors, figures.dropped, figures.rows), (1, 0, 0, 1000));
    bench.idle().await;
}

/// A clock that goes on by a millisecond whenever somebody looks at it.
#[derive(Debug, Default)]
struct Ticking(TestClock);

#[async_trait]
impl Clock for Ticking {
    fn now(&self) -> Instant {
        self.0.advance(Duration::from_millis(1));
        self.0.now()
    }

    fn utc(&self) -> SystemTime {
        self.0.utc()
    }

    async fn sleep(&self, span: Duration) {
        self.0.sleep(span).await;
    }
}

#[tokio::test]
async fn what_is_done_for_several_rules_counts_for_each_with_its_part() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let rules = "
version: 1
rules:
  - { id: rows, table: t, checks: [{ column: a, between: { min: 11 } }] }
  - { id: one, table: t, checks: [{ unique: [a] }] }
  - { id: other, table: t, checks: [{ column: a, distinct_count: { min: 1 } }] }
  - { id: none, table: t, checks: [{ row_count: { min: 1 } }] }
";
    let rules = RuleSet::parse("rules.yaml", rules, &BTreeMap::new()).unwrap();
    let source = bench.source(Call::named("nightly"));
    let clock = Arc::new(Ticking::default());
    validate(&source, &rules, &ValidateOptions { clock, ..ValidateOptions::default() })
        .await
        .unwrap();
    let names = bench.executor.statistics().names;
    let took = |rule: &str| names[&format!("nightly/{rule}")].ran;
    assert!(took("rows") >= Duration::from_millis(1), "{names:?}");
    assert_eq!(took("one"), took("other"), "they share their keys");
    assert!(took("one") >= Duration::from_millis(1), "{names:?}");
    assert_eq!(took("none"), Duration::ZERO);
}

#[tokio::test]
async fn a_validation_tells_what_it_did_for_each_rule() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let rules = "
version: 1
rules:
  - { id: low, table: t, checks: [{ column: a, between: { min: 11 } }, { column: a, not_null: true }] }
  - { id: asked, table: t, checks: [{ sql: 'SELECT a FROM t WHERE a < 6' }] }
  - { id: broken, table: t, checks: [{ sql: 'SELECT abs(-9223372036854775807 - a) FROM t WHERE a = 1' }] }
";
    let rules = RuleSet::parse("rules.yaml", rules, &BTreeMap::new()).unwrap();
    let source = bench.source(Call::named("nightly"));
    for _ in 0..2 {
        validate(&source, &rules, &ValidateOptions::default()).await.unwrap();
    }
    let statistics = bench.executor.statistics();
    let figures = |name: &str| {
        let it = &statistics.names[name];
        (it.calls, it.errors, it.rows, it.attempts, !it.ran.is_zero())
    };
    assert_eq!(figures("nightly/low"), (2, 0, 4000, 0, true));
    assert_eq!(figures("nightly/asked"), (2, 0, 2000, 2, true));
    assert_eq!(figures("nightly/broken"), (2, 2, 2000, 2, true));
    // They are parts of two calls.
    assert_eq!((statistics.names["nightly"].calls, statistics.total.calls), (2, 2));
}

#[tokio::test]
async fn a_snapshot_holds_a_place_until_it_is_finished_or_dropped() {
    let bench = Bench::new(limits(1, 10)).await;
    for finishes in [true, false] {
        let snapshot = bench.executor.snapshot(&Call::default()).await.unwrap();
        let waiting = bench.ask("SELECT 1", &Call::default());
        until("it waits", || bench.executor.statistics().waiting == 1).await;
        if finishes {
            snapshot.finish().await.unwrap();
        } else {
            drop(snapshot);
        }
        assert_eq!(waiting.await.unwrap().unwrap(), 1);
    }
    assert_eq!(bench.executor.statistics().total.dropped, 1);
    bench.idle().await;
}

#[tokio::test]
async fn a_deadline_ends_a_validation_in_the_middle_of_a_query() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let (source, rules) = (bench.source(within(5)), rules(&format!("sql: '{HUNG}'")));
    let has_read = Arc::new(AtomicBool::new(false));
    let reading = Arc::clone(&has_read);
    let progress: ProgressListener = Arc::new(move |_| reading.store(true, Ordering::Relaxed));
    let options = ValidateOptions { progress: Some(progress), ..ValidateOptions::default() };
    let run = tokio::spawn(async move { validate(&source, &rules, &options).await.map(|_| ()) });
    until("it has read the table", || has_read.load(Ordering::Relaxed)).await;
    // The query comes next, and never ends by itself.
    bench.clock.sleepers(1).await;
    bench.clock.advance(Duration::from_secs(5));
    let error = run.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("5000 ms"), "{error}");
    bench.idle().await;
    assert_eq!(bench.executor.statistics().total.errors, 1);
}

#[tokio::test]
async fn a_deadline_ends_a_scan() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let snapshot = bench.executor.snapshot(&within(5)).await.unwrap();
    let cancellation = Cancellation::new();
    let scan = Scan {
        table: "t".to_owned(),
        columns: vec![0],
        partitions: NonZeroUsize::MIN,
        cancellation: cancellation.clone(),
    };
    let mut partitions = snapshot.scan(&scan).await.unwrap();
    bench.clock.sleepers(1).await;
    bench.clock.advance(Duration::from_secs(5));
    let error = loop {
        tokio::task::yield_now().await;
        match partitions[0].next().await {
            Ok(Some(_)) => {}
            Ok(None) => partitions = snapshot.scan(&scan).await.unwrap_or_default(),
            Err(error) => break error,
        }
        if partitions.is_empty() {
            break snapshot.finish().await.unwrap_err();
        }
    };
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(!cancellation.is_cancelled(), "who asked for the scan is not told to stop");
    assert_eq!(snapshot.finish().await.unwrap_err().kind(), ErrorKind::Timeout);
    drop(snapshot);
    bench.idle().await;
}

#[tokio::test]
async fn who_cancels_a_run_hears_that_and_no_deadline() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let options = ValidateOptions::default();
    options.cancellation.cancel();
    let source = bench.source(within(5));
    let error = validate(&source, &rules("column: a, not_null: true"), &options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    bench.idle().await;
}

#[tokio::test]
async fn a_closed_gate_lets_no_validation_in() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    bench.executor.close().await;
    let source = bench.source(Call::default());
    assert_eq!(source.snapshot().await.unwrap_err().kind(), ErrorKind::Unavailable);
}
