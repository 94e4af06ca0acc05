//! Verdicts of earlier runs, where a configuration says where they are kept.

use std::sync::Arc;

use dq_core::Result;
use dq_core::cache::CacheManager;
use dq_core::config::Config;
use dq_core::engine::open_cache;
use dq_core::rules::RuleSet;
use dq_core::source::{Source, VersionReach};
use dq_core::validate::{
    CacheUse, Report, Trust, ValidateOptions, VerdictCache, VerdictCacheConfig, validate,
};

use crate::arguments::{CacheArguments, nowhere};
use crate::output::note;

/// That the cache did not help, or does not help the next.
const NO_ANSWER: &str =
    "Redis did not answer: the run used no earlier verdict, or its own is not kept";

/// The cache of verdicts.
pub(crate) struct Verdicts {
    cache: Arc<dyn CacheManager>,
    kept: VerdictCache,
    trust: Trust,
    keeps_samples: bool,
}

impl Verdicts {
    /// The cache that is configured, if any. `data` names what is checked among all that the cache may know;
    /// nothing if it has no name.
    pub(crate) fn open(
        arguments: &CacheArguments,
        config: Option<Config>,
        options: &ValidateOptions,
        data: Option<String>,
    ) -> Result<Option<Self>> {
        let Some(config) = config.filter(|_| !arguments.no_cache) else {
            return arguments.max_age.map_or(Ok(None), |_| Err(nowhere()));
        };
        let Some(cache) = open_cache(&config, &options.clock)? else {
            return arguments.max_age.map_or(Ok(None), |_| Err(nowhere()));
        };
        // This program has ended when the next one asks.
        let versions = VersionReach::Everywhere;
        let config = VerdictCacheConfig { versions, ..config.verdicts };
        let keeps_samples = config.keep_samples;
        let kept = VerdictCache::new(Arc::clone(&cache), config)?;
        let trust = match (arguments.max_age, data) {
            (Some(age_max), Some(data)) => Trust::Recent { data, age_max },
            _ => Trust::Unchanged,
        };
        Ok(Some(Self { cache, kept, trust, keeps_samples }))
    }

    /// Whether an earlier verdict shows failing rows: without their keys there are only numbers to compare with
    /// those of a baseline, and what a run would not let through passes.
    pub(crate) fn keeps_samples(&self) -> bool {
        self.keeps_samples
    }

    /// What the cache has done so far.
    pub(crate) fn cache_use(&self) -> CacheUse {
        let statistics = self.cache.statistics();
        CacheUse { hits: statistics.hits, misses: statistics.misses }
    }
}

/// An earlier verdict, or a run. Says so where the cache could not be asked, unless it is to be `quiet`.
pub(crate) async fn judge(
    verdicts: Option<&Verdicts>,
    source: &Arc<dyn Source>,
    rules: &RuleSet,
    (options, quiet): (&ValidateOptions, bool),
) -> Result<Report> {
    let Some(Verdicts { cache, kept, trust, .. }) = verdicts else {
        return validate(&**source, rules, options).await;
    };
    let report = kept.validate(source, rules, options, trust).await;
    let shared = cache.statistics().shared;
    if !quiet && shared.errors + shared.skipped > 0 {
        note(NO_ANSWER);
    }
    cache.close().await;
    report
}
