//! A database whose verdicts are kept, and how often it was read for them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use async_trait::async_trait;
use dq_core::Result;
use dq_core::cache::{MemoryCache, MemoryConfig};
use dq_core::clock::TestClock;
use dq_core::rules::RuleSet;
use dq_core::source::{Snapshot, Source, Version};
use dq_core::validate::{Report, Trust, ValidateOptions, VerdictCache, VerdictCacheConfig};
use rusqlite::Connection;
use tokio::sync::Mutex;

use crate::bench::Bench;

/// A source that counts how often it is read.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) read: AtomicUsize,
    /// Who holds it keeps snapshots from being opened.
    pub(crate) door: Mutex<()>,
    /// What another writes between the telling of a version and the next snapshot: a file, and the statement.
    pub(crate) writer: StdMutex<Option<(PathBuf, String)>>,
    /// The version that is told instead of the present one.
    pub(crate) told: StdMutex<Option<Version>>,
}

impl Counted {
    pub(crate) fn new(source: Arc<dyn Source>) -> Arc<Self> {
        let (read, door) = (AtomicUsize::new(0), Mutex::new(()));
        Arc::new(Self {
            source,
            read,
            door,
            writer: StdMutex::default(),
            told: StdMutex::default(),
        })
    }

    pub(crate) fn read(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Source for Counted {
    fn name(&self) -> &str {
        self.source.name()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        self.read.fetch_add(1, Ordering::Relaxed);
        let _open = self.door.lock().await;
        if let Some((path, sql)) = self.writer.lock().unwrap().take() {
            Connection::open(path).unwrap().execute_batch(&sql).unwrap();
        }
        self.source.snapshot().await
    }

    async fn version(&self, table: &str) -> Result<Option<Version>> {
        let told = self.told.lock().unwrap().clone();
        if told.is_some() { Ok(told) } else { self.source.version(table).await }
    }
}

/// A database, and a cache of verdicts about it.
pub(crate) struct Court {
    pub(crate) bench: Bench,
    pub(crate) source: Arc<Counted>,
    pub(crate) verdicts: VerdictCache,
    pub(crate) clock: TestClock,
}

impl Court {
    pub(crate) async fn new(config: VerdictCacheConfig) -> Self {
        let bench = Bench::new(dq_core::executor::ExecutorConfig::default()).await;
        let source = Counted::new(Arc::clone(&bench.database) as _);
        let clock = TestClock::new();
        Self { bench, source, verdicts: verdicts(config, &clock), clock }
    }

    pub(crate) fn options(&self) -> ValidateOptions {
        ValidateOptions { clock: Arc::new(self.clock.clone()), ..ValidateOptions::default() }
    }

    pub(crate) async fn judge(&self, rules: &RuleSet) -> Report {
        self.judge_with(rules, &self.options(), &Trust::Unchanged).await
    }

    pub(crate) async fn judge_with(
        &self,
        rules: &RuleSet,
        options: &ValidateOptions,
        trust: &Trust,
    ) -> Report {
        self.verdicts.validate(&self.source(), rules, options, trust).await.unwrap()
    }

    pub(crate) fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source) as _
    }

    pub(crate) fn read(&self) -> usize {
        self.source.read()
    }
}

pub(crate) fn rules_with(check: &str) -> RuleSet {
    let text =
        format!("version: 1\nrules:\n  - {{ id: r, table: t, checks: [{{ id: c, {check} }}] }}");
    RuleSet::parse("rules.yaml", &text, &BTreeMap::new()).unwrap()
}

pub(crate) fn rules() -> RuleSet {
    rules_with("column: a, between: { min: 11 }")
}

pub(crate) fn recent() -> Trust {
    Trust::Recent { data: "/data/t".to_owned(), age_max: Duration::from_mins(1) }
}

pub(crate) fn violations(report: &Report) -> Vec<u64> {
    report.checks().map(|it| it.violations).collect()
}

pub(crate) fn verdicts(config: VerdictCacheConfig, clock: &TestClock) -> VerdictCache {
    let cache = MemoryCache::new(&MemoryConfig::default(), Arc::new(clock.clone())).unwrap();
    VerdictCache::new(Arc::new(cache), config).unwrap()
}
