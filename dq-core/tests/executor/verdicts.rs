//! Verdicts that are used again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use async_trait::async_trait;
use dq_core::ErrorKind;
use dq_core::cache::{MemoryCache, MemoryConfig};
use dq_core::clock::{Clock, SystemClock, TestClock};
use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager, SqliteSource};
use dq_core::executor::GatedSource;
use dq_core::rules::RuleSet;
use dq_core::source::memory::MemorySource;
use dq_core::source::{Source, VersionReach};
use dq_core::validate::{Report, Status, Trust, ValidateOptions, VerdictCache, VerdictCacheConfig};
use dq_core::value::Date;
use rusqlite::Connection;

use crate::bench::until;
use crate::court::{Court, recent, rules, rules_with, verdicts, violations};
use crate::process::Process;

#[tokio::test]
async fn a_second_run_on_unchanged_data_is_the_first_ones_verdict() {
    let court = Court::new(VerdictCacheConfig::default()).await;
    let first = court.judge(&rules()).await;
    assert!(!first.cached && first.original.is_none());
    court.clock.advance(Duration::from_secs(90));
    let second = court.judge(&rules()).await;
    assert_eq!(court.read(), 1);
    assert!(second.cached);
    let original = second.original.as_ref().unwrap();
    assert_eq!((original.elapsed, original.age), (first.elapsed, Duration::from_secs(90)));
    assert_eq!((violations(&second), second.status), (vec![10], Status::Fail));
    let json = serde_json::to_value(&second).unwrap();
    assert_eq!(json["cached"], true);
    assert_eq!(json["original"]["age_seconds"], 90.0);
}

#[tokio::test]
async fn every_commit_of_anyone_makes_it_run_again() {
    let court = Court::new(VerdictCacheConfig::default()).await;
    let mut process = Process::start(&court.bench.path());
    let connection = Connection::open(court.bench.path()).unwrap();
    let mut expected = 10;
    assert_eq!(violations(&court.judge(&rules()).await), [expected]);
    for round in 1..=10 {
        assert!(court.judge(&rules()).await.cached);
        let sql = format!("DELETE FROM t WHERE a = {round}");
        match round % 3 {
            0 => process.run(&sql),
            1 => connection.execute_batch(&sql).unwrap(),
            _ => {
                use dq_core::database::DatabaseManager;
                assert_eq!(court.bench.database.execute(&sql.into()).await.unwrap(), 1);
            }
        }
        expected -= 1;
        let report = court.judge(&rules()).await;
        assert!(!report.cached, "round {round}");
        assert_eq!(violations(&report), [expected]);
    }
    // A checkpoint changes files and no data; it may cost a run, and no more.
    process.run("PRAGMA wal_checkpoint(TRUNCATE)");
    assert_eq!(violations(&court.judge(&rules()).await), [0]);
}

#[tokio::test]
async fn a_file_over_which_another_is_copied_has_other_data() {
    let folder = tempfile::tempdir().unwrap();
    // As alike as two databases can be: SQLite's own count of changes is the same in both.
    let make = |name: &str, value: i64| {
        let path = folder.path().join(name);
        let sql = format!("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES ({value})");
        Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
        path
    };
    let (path, other) = (make("one.db", 20), make("other.db", 5));
    let source: Arc<dyn Source> = Arc::new(SqliteSource::new(SqliteConfig::new(&path)).unwrap());
    let clock = TestClock::new();
    let verdicts = verdicts(VerdictCacheConfig::default(), &clock);
    let options = ValidateOptions { clock: Arc::new(clock), ..ValidateOptions::default() };
    let judge = async || {
        let trust = Trust::Unchanged;
        violations(&verdicts.validate(&source, &rules(), &options, &trust).await.unwrap())
    };
    assert_eq!(judge().await, [0]);
    std::fs::copy(other, path).unwrap();
    assert_eq!(judge().await, [1]);
}

#[tokio::test]
async fn whatever_the_verdict_rests_on_makes_it_another() {
    let court = Court::new(VerdictCacheConfig::default()).await;
    let day = |day| ValidateOptions { as_of: Date::from_civil(2026, 2, day), ..court.options() };
    court.judge(&rules()).await;
    assert!(!court.judge(&rules_with("column: a, between: { min: 12 }")).await.cached);
    assert!(!court.judge_with(&rules(), &day(1), &Trust::Unchanged).await.cached);
    assert!(!court.judge_with(&rules(), &day(2), &Trust::Unchanged).await.cached);
    assert!(court.judge_with(&rules(), &day(1), &Trust::Unchanged).await.cached);
    assert!(court.judge(&rules()).await.cached);
    court.clock.advance(Duration::from_hours(24));
    let tomorrow = court.judge(&rules()).await;
    assert!(!tomorrow.cached);
    assert_eq!(tomorrow.as_of, "2026-01-02");
}

#[tokio::test]
async fn samples_are_not_kept_unless_they_may_be() {
    let court = Court::new(VerdictCacheConfig::default()).await;
    let first = court.judge(&rules()).await;
    let second = court.judge(&rules()).await;
    let check = |report: &Report| report.checks().next().unwrap().clone();
    assert_eq!(check(&first).sample.len(), 10);
    assert!(!check(&first).truncated);
    assert_eq!(check(&second).sample.len(), 0);
    assert!(check(&second).truncated, "there are failing rows that are not shown");
    assert!(!second.original.as_ref().unwrap().has_samples);
    assert!(second.notes.iter().any(|it| it.contains("none were kept")), "{:?}", second.notes);

    let config = VerdictCacheConfig { keep_samples: true, ..VerdictCacheConfig::default() };
    let court = Court::new(config).await;
    court.judge(&rules()).await;
    let second = court.judge(&rules()).await;
    assert!(second.cached && second.original.as_ref().unwrap().has_samples);
    assert_eq!(check(&second).sample.len(), 10);
    let more = ValidateOptions { show_values: true, ..court.options() };
    assert!(!court.judge_with(&rules(), &more, &Trust::Unchanged).await.cached);
    let shown = court.judge_with(&rules(), &more, &Trust::Unchanged).await;
    assert!(shown.cached && check(&shown).sample[0].values.is_some());
}

#[tokio::test]
async fn rules_that_ask_for_more_than_rows_are_kept_only_by_their_age() {
    let court = Court::new(VerdictCacheConfig::default()).await;
    let sql = rules_with("sql: 'SELECT a FROM t WHERE random() = 0'");
    let fresh = rules_with("column: a, freshness: { max_age: 1d }");
    for rules in [&sql, &fresh] {
        assert!(!court.judge(rules).await.cached);
        assert!(!court.judge(rules).await.cached);
    }
    let on_a_day = ValidateOptions { as_of: Date::from_civil(2026, 2, 1), ..court.options() };
    court.judge_with(&fresh, &on_a_day, &Trust::Unchanged).await;
    assert!(court.judge_with(&fresh, &on_a_day, &Trust::Unchanged).await.cached);

    assert!(!court.judge_with(&sql, &court.options(), &recent()).await.cached);
    let report = court.judge_with(&sql, &court.options(), &recent()).await;
    assert!(report.cached);
    assert!(report.notes.iter().any(|it| it.contains("may have changed")), "{:?}", report.notes);
    court.clock.advance(Duration::from_mins(1));
    assert!(!court.judge_with(&sql, &court.options(), &recent()).await.cached);
}

#[tokio::test]
async fn a_source_that_cannot_tell_its_version_is_kept_only_by_age() {
    let clock = TestClock::new();
    let verdicts = verdicts(VerdictCacheConfig::default(), &clock);
    let options = ValidateOptions { clock: Arc::new(clock.clone()), ..ValidateOptions::default() };
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 20]));
    let batch = RecordBatch::try_from_iter([("a", column)]).unwrap();
    let source: Arc<dyn Source> =
        Arc::new(MemorySource::new("frame").table("t", vec![batch]).unwrap());
    for _ in 0..2 {
        let report = verdicts.validate(&source, &rules(), &options, &Trust::Unchanged).await;
        assert!(!report.unwrap().cached);
    }
    let judge = || async { verdicts.validate(&source, &rules(), &options, &recent()).await };
    assert!(!judge().await.unwrap().cached);
    assert!(judge().await.unwrap().cached);
    verdicts.forget("frame").await;
    assert!(!judge().await.unwrap().cached);
    clock.advance(Duration::from_mins(1));
    assert!(!judge().await.unwrap().cached);
}

#[tokio::test]
async fn who_hears_of_every_row_hears_of_it_each_time() {
    let court = Court::new(VerdictCacheConfig::default()).await;
    let heard = Arc::new(AtomicUsize::new(0));
    let hearing = Arc::clone(&heard);
    let options = ValidateOptions {
        violations: Some(Arc::new(move |_| {
            hearing.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })),
        ..court.options()
    };
    for round in 1..3 {
        assert!(!court.judge_with(&rules(), &options, &Trust::Unchanged).await.cached);
        assert_eq!(heard.load(Ordering::Relaxed), 10 * round);
    }
    assert!(court.judge(&rules()).await.cached);
}

#[tokio::test]
async fn a_check_that_could_not_run_is_tried_again() {
    let court = Court::new(VerdictCacheConfig::default()).await;
    let rules = rules_with("sql: 'SELECT abs(-9223372036854775807 - a) FROM t WHERE a = 1'");
    for count in 1..3 {
        let report = court.judge_with(&rules, &court.options(), &recent()).await;
        assert_eq!((report.status, report.cached), (Status::Error, false));
        assert_eq!(court.read(), count);
    }
}

#[tokio::test]
async fn errors_of_the_run_are_errors() {
    let court = Court::new(VerdictCacheConfig::default()).await;
    let text =
        "version: 1\nrules: [{ id: r, table: nowhere, checks: [{ row_count: { min: 1 } }] }]";
    let rules = RuleSet::parse("rules.yaml", text, &BTreeMap::new()).unwrap();
    let (options, trust) = (court.options(), Trust::Unchanged);
    let error =
        court.verdicts.validate(&court.source(), &rules, &options, &trust).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RulesInvalid);
    let config = VerdictCacheConfig { ttl_ms: 0, ..VerdictCacheConfig::default() };
    let cache = MemoryCache::new(&MemoryConfig::default(), Arc::new(court.clock.clone())).unwrap();
    let error = VerdictCache::new(Arc::new(cache), config).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_ask_at_once_cause_one_run() {
    let court = Arc::new(Court::new(VerdictCacheConfig::default()).await);
    let ask = || {
        let court = Arc::clone(&court);
        tokio::spawn(async move { court.judge(&rules()).await.cached })
    };
    let tasks: Vec<_> = (0..100).map(|_| ask()).collect();
    let mut cached = 0;
    for task in tasks {
        cached += usize::from(task.await.unwrap());
    }
    assert_eq!((cached, court.read()), (99, 1));
}

#[tokio::test]
async fn who_gives_up_takes_the_run_from_nobody_and_the_last_ends_it() {
    let court = Arc::new(Court::new(VerdictCacheConfig::default()).await);
    // A query that never ends, under a trust that lets verdicts of queries be kept.
    let hung = rules_with(&format!("sql: '{}'", crate::bench::HUNG));
    let ask = |options: ValidateOptions| {
        let (court, rules, source) = (Arc::clone(&court), hung.clone(), court.source());
        tokio::spawn(async move {
            court.verdicts.validate(&source, &rules, &options, &recent()).await.map(|_| ())
        })
    };
    let first = ask(court.options());
    until("it runs", || court.read() == 1).await;
    let waits = async |before| until("it waits", || court.clock.sleeping() > before).await;
    let before = court.clock.sleeping();
    let second = ask(court.options());
    waits(before).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    // One that waits can be told to stop, and that concerns no other.
    let options = court.options();
    let stop = options.cancellation.clone();
    let before = court.clock.sleeping();
    let third = ask(options);
    waits(before).await;
    stop.cancel();
    until("it has looked", || {
        court.clock.advance(Duration::from_millis(50));
        third.is_finished()
    })
    .await;
    assert_eq!(third.await.unwrap().unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(court.read(), 1);
    assert!(!second.is_finished());
    second.abort();
    until("the run has ended", || Arc::strong_count(&court.source) == 1).await;
    let fourth = ask(court.options());
    until("another runs", || court.read() == 2).await;
    fourth.abort();
}

#[tokio::test]
async fn the_time_of_one_is_not_the_time_of_another() {
    let court = Court::new(VerdictCacheConfig::default()).await;
    let gate = court.bench.executor.gate();
    let within = |seconds| -> Arc<dyn Source> {
        let call = crate::bench::within(seconds);
        Arc::new(GatedSource::new(court.source(), Arc::clone(gate), call))
    };
    let (hurried, patient) = (within(1), within(3600));
    let door = court.source.door.lock().await;
    let ask = |source: Arc<dyn Source>| {
        let (verdicts, options) = (court.verdicts.clone(), court.options());
        tokio::spawn(async move {
            verdicts.validate(&source, &rules(), &options, &Trust::Unchanged).await
        })
    };
    let hurried = ask(hurried);
    until("it runs", || court.read() == 1).await;
    let before = court.clock.sleeping();
    let patient = ask(patient);
    until("it waits", || court.clock.sleeping() > before).await;
    until("its time is over", || {
        court.bench.clock.advance(Duration::from_secs(1));
        court.clock.advance(Duration::from_millis(50));
        hurried.is_finished()
    })
    .await;
    assert_eq!(hurried.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    drop(door);
    assert!(!patient.await.unwrap().unwrap().cached);
}

#[tokio::test]
async fn processes_that_share_a_cache_share_verdicts_where_files_tell_the_version() {
    let config =
        VerdictCacheConfig { versions: VersionReach::Everywhere, ..VerdictCacheConfig::default() };
    let court = Court::new(config).await;
    // Another manager, as another process has one, for which the last change is long ago.
    let open = || async {
        let config = SqliteConfig::new(court.bench.path());
        SqliteDatabaseManager::open(config, Arc::new(Later)).await.unwrap()
    };
    let (one, other) = (open().await, open().await);
    let options = court.options();
    let judge = |source: SqliteDatabaseManager| {
        let (verdicts, options) = (court.verdicts.clone(), options.clone());
        async move {
            let (source, trust): (Arc<dyn Source>, _) = (Arc::new(source), Trust::Unchanged);
            verdicts.validate(&source, &rules(), &options, &trust).await.unwrap().cached
        }
    };
    assert!(!judge(one).await);
    assert!(judge(other).await);
    // The manager that has seen the change just now trusts nothing but itself.
    assert!(!court.judge(&rules()).await.cached);
    assert!(court.judge(&rules()).await.cached);
}

/// A clock that is ten seconds ahead.
#[derive(Debug)]
struct Later;

#[async_trait]
impl Clock for Later {
    fn now(&self) -> std::time::Instant {
        SystemClock.now()
    }

    fn utc(&self) -> std::time::SystemTime {
        SystemClock.utc() + Duration::from_secs(10)
    }

    async fn sleep(&self, span: Duration) {
        SystemClock.sleep(span).await;
    }
}
