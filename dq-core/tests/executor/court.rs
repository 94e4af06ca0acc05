//! A database whose verdicts are kept, and how often it was read for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use dq_core::Result;
use dq_core::cache::{MemoryCache, MemoryConfig};
use dq_core::clock::TestClock;
use dq_core::rules::RuleSet;
use dq_core::source::{Snapshot, Source, Version};
use dq_core::validate::{Report, Trust, ValidateOptions, VerdictCache, VerdictCacheConfig};

use crate::bench::Bench;

/// A source that counts how often it is read.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) read: AtomicUsize,
}

#[async_trait]
impl Source for Counted {
    fn name(&self) -> &str {
        self.source.name()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        self.read.fetch_add(1, Ordering::Relaxed);
        self.source.snapshot().await
    }

    async fn version(&self, table: &str) -> Result<Option<Version>> {
        self.source.version(table).await
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
        let source = Arc::new(Counted {
            source: Arc::clone(&bench.database) as _,
            read: AtomicUsize::new(0),
        });
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
        self.verdicts.validate(&*self.source, rules, options, trust).await.unwrap()
    }

    pub(crate) fn read(&self) -> usize {
        self.source.read.load(Ordering::Relaxed)
    }
}

pub(crate) fn verdicts(config: VerdictCacheConfig, clock: &TestClock) -> VerdictCache {
    let cache = MemoryCache::new(&MemoryConfig::default(), Arc::new(clock.clone())).unwrap();
    VerdictCache::new(Arc::new(cache), config).unwrap()
}
