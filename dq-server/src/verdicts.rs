//! Verdicts of earlier runs, where a configuration says where they are kept.

use std::sync::Arc;

use dq_core::Result;
use dq_core::cache::CacheManager;
use dq_core::engine::open_cache;
use dq_core::rules::RuleSet;
use dq_core::source::{Source, VersionReach};
use dq_core::validate::{
    Report, Trust, ValidateOptions, VerdictCache, VerdictCacheConfig, validate,
};
use tokio::task::block_in_place;

use crate::arguments::{CacheArguments, nowhere};

/// The cache of verdicts.
pub(crate) struct Verdicts {
    cache: Arc<dyn CacheManager>,
    kept: VerdictCache,
    trust: Trust,
}

impl Verdicts {
    /// The cache that is configured, if any. `data` names what is checked among all that the cache may know;
    /// nothing if it has no name.
    pub(crate) fn open(
        arguments: &CacheArguments,
        options: &ValidateOptions,
        data: Option<String>,
    ) -> Result<Option<Self>> {
        let Some(config) = block_in_place(|| arguments.config())? else { return Ok(None) };
        let Some(cache) = open_cache(&config, &options.clock)? else {
            return arguments.max_age.map_or(Ok(None), |_| Err(nowhere()));
        };
        // This program has ended when the next one asks.
        let versions = VersionReach::Everywhere;
        let config = VerdictCacheConfig { versions, ..config.verdicts };
        let kept = VerdictCache::new(Arc::clone(&cache), config)?;
        let trust = match (arguments.max_age, data) {
            (Some(age_max), Some(data)) => Trust::Recent { data, age_max },
            _ => Trust::Unchanged,
        };
        Ok(Some(Self { cache, kept, trust }))
    }
}

/// An earlier verdict, or a run.
pub(crate) async fn judge(
    verdicts: Option<&Verdicts>,
    source: &dyn Source,
    rules: &RuleSet,
    options: &ValidateOptions,
) -> Result<Report> {
    let Some(Verdicts { cache, kept, trust }) = verdicts else {
        return validate(source, rules, options).await;
    };
    let report = kept.validate(source, rules, options, trust).await;
    cache.close().await;
    report
}
