//! Verdicts after something has happened to who may see what.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use async_trait::async_trait;
use dq_core::Result;
use dq_core::cache::{CacheManagerExt, MemoryCache, MemoryConfig, SecurityEvent, Subject};
use dq_core::clock::TestClock;
use dq_core::rules::RuleSet;
use dq_core::source::memory::MemorySource;
use dq_core::source::{Snapshot, Source};
use dq_core::validate::{Report, Trust, ValidateOptions, VerdictCache, VerdictCacheConfig};
use tokio::sync::Notify;

/// A source, and a permission on it that is withdrawn while it is read for the first time.
#[derive(Debug)]
struct Withdrawn {
    source: MemorySource,
    cache: MemoryCache,
    read: AtomicUsize,
    is_told: Notify,
    may_go_on: Notify,
}

fn event() -> SecurityEvent {
    SecurityEvent::PermissionWithdrawn(Subject::Source("frame".to_owned()))
}

#[async_trait]
impl Source for Withdrawn {
    fn name(&self) -> &str {
        self.source.name()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        if self.read.fetch_add(1, Ordering::SeqCst) == 0 {
            self.cache.report(&event()).await;
            self.is_told.notify_one();
            self.may_go_on.notified().await;
        }
        self.source.snapshot().await
    }
}

struct Court {
    source: Arc<Withdrawn>,
    verdicts: VerdictCache,
    clock: TestClock,
}

impl Court {
    fn new() -> Self {
        let clock = TestClock::new();
        let cache = MemoryCache::new(&MemoryConfig::default(), Arc::new(clock.clone())).unwrap();
        let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
        let source = MemorySource::new("frame").table("t", vec![batch]).unwrap();
        let verdicts =
            VerdictCache::new(Arc::new(cache.clone()), VerdictCacheConfig::default()).unwrap();
        let [is_told, may_go_on] = [Notify::new(), Notify::new()];
        let source = Withdrawn { source, cache, read: AtomicUsize::new(0), is_told, may_go_on };
        Self { source: Arc::new(source), verdicts, clock }
    }

    async fn judge(&self) -> Report {
        let text = "{ version: 1, rules: [{ id: r, table: t, checks: [{ id: c, column: n, not_null: true }] }] }";
        let rules = RuleSet::parse("rules.yaml", text, &BTreeMap::new()).unwrap();
        let clock = Arc::new(self.clock.clone());
        let options = ValidateOptions { clock, ..ValidateOptions::default() };
        let age_max = Duration::from_mins(1);
        let trust = Trust::Recent { data: "frame".to_owned(), age_max };
        let source: Arc<dyn Source> = Arc::clone(&self.source) as _;
        self.verdicts.validate(&source, &rules, &options, &trust).await.unwrap()
    }
}

#[tokio::test]
async fn a_verdict_is_forgotten_when_a_permission_on_its_source_is_withdrawn() {
    let court = Court::new();
    court.source.may_go_on.notify_one();
    court.judge().await;
    assert!(!court.judge().await.cached, "the first was of before the event");
    assert!(court.judge().await.cached);
    let other = SecurityEvent::PermissionWithdrawn(Subject::Source("other".to_owned()));
    court.source.cache.report(&other).await;
    assert!(court.judge().await.cached, "of another source");
    court.source.cache.report(&event()).await;
    assert!(!court.judge().await.cached);
}

#[tokio::test]
async fn who_comes_after_a_permission_was_withdrawn_does_not_wait_for_a_run_of_before() {
    let court = Court::new();
    let late = async {
        court.source.is_told.notified().await;
        let report = court.judge().await;
        court.source.may_go_on.notify_one();
        report
    };
    let (first, late) = tokio::join!(court.judge(), late);
    assert!(!first.cached && !late.cached);
    assert_eq!(court.source.read.load(Ordering::SeqCst), 2);
    assert!(court.judge().await.cached, "of the later run");
}
