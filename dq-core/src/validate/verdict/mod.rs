//! Verdicts of earlier runs, used again as long as nothing has changed.
//!
//! ```text
//! rules, options, versions of the tables ─▶ key ─▶ known ──────────────────▶ Report, `cached: true`
//!                                              ╰─▶ unknown ─▶ one run for all who ask ─▶ Report, kept
//! ```
//!
//! This stands above the run and not in the executor below it: the key is made of rules and the value is a
//! report, and of neither the executor knows. The cache of query results, which does stand there, would
//! not help: a run scans, and what it keeps is a thousandth of what it reads.
//!
//! A key holds the version of every table that the rules read, taken before anything is read. After the run
//! the versions are taken once more, and the verdict is kept only if they are the same: then it is of exactly
//! the version that it is filed under. If a commit came between, it is given to those who wait for it, all of
//! whom asked before that, and not kept. Rules that ask for more than rows and a day are kept by their age
//! only, if at all: a query may ask the clock.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//!
//! use dq_core::cache::NoopCache;
//! use dq_core::rules::RuleSet;
//! use dq_core::source::Source;
//! use dq_core::source::memory::MemorySource;
//! use dq_core::validate::{Trust, ValidateOptions, VerdictCache, VerdictCacheConfig};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> dq_core::Result<()> {
//! // A cache that remembers nothing; `MemoryCache` elsewhere.
//! let verdicts = VerdictCache::new(Arc::new(NoopCache), VerdictCacheConfig::default())?;
//! let rules = RuleSet::parse("rules.yaml", "{ version: 1, rules: [] }", &BTreeMap::new())?;
//! let source: Arc<dyn Source> = Arc::new(MemorySource::new("an example"));
//! let options = ValidateOptions::default();
//! let report = verdicts.validate(&source, &rules, &options, &Trust::Unchanged).await?;
//! assert!(!report.cached);
//! # Ok(())
//! # }
//! ```

mod judging;
mod kept;
mod place;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cache::{CacheManager, CacheManagerExt, Namespace, Reach};
use crate::error::{Error, ErrorKind, Result};
use crate::rules::RuleSet;
use crate::source::{Source, VersionReach};
use crate::validate::verdict::judging::{Asked, answer, run_and_keep};
use crate::validate::verdict::place::{Place, TTL_MAX_MS, tag};
use crate::validate::{Report, ValidateOptions, now, validate_at};

/// How verdicts are kept.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct VerdictCacheConfig {
    /// How long a verdict is kept, in milliseconds; 1 to 31536000000 (a year). Default: 86400000, which is a
    /// day. That of unchanged data is right for ever; this only bounds what is kept.
    pub ttl_ms: u64,
    /// Whether the samples of failing rows are kept too: their keys, and their values where the run shows
    /// those. Default: no, since a cache may travel further than the data may. A verdict without samples
    /// has all its counts and says so.
    pub keep_samples: bool,
    /// By which versions data count as unchanged. Default: those of this process.
    pub versions: VersionReach,
}

/// When an earlier verdict will do.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Trust {
    /// If the source tells that nothing has changed. Where it cannot tell, there is a new run.
    #[default]
    Unchanged,
    /// Also if it is no older than this, whatever has happened to the data.
    Recent {
        /// What names the data among all that the cache may know, such as the absolute path of a file.
        data: String,
        /// How old the verdict may be.
        age_max: Duration,
    },
}

/// Verdicts of earlier runs. Clones share everything.
#[derive(Clone, Debug)]
pub struct VerdictCache {
    cache: Arc<dyn CacheManager>,
    config: VerdictCacheConfig,
    namespace: Namespace,
}

impl VerdictCache {
    /// Keeps verdicts in `cache`.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` for a value out of its range.
    pub fn new(cache: Arc<dyn CacheManager>, config: VerdictCacheConfig) -> Result<Self> {
        if !(1..=TTL_MAX_MS).contains(&config.ttl_ms) {
            let message = "`ttl_ms` of the verdict cache is not between 1 and 31536000000";
            return Err(Error::new(ErrorKind::ConfigInvalid, message));
        }
        let namespace = Namespace::new("verdict")?;
        Ok(Self { cache, config, namespace })
    }

    /// As [`validate`](crate::validate::validate), or the verdict of an earlier run that `trust` lets pass.
    ///
    /// However many ask for the same verdict at once, there is one run, which goes on as long as one of them
    /// waits: with the options of the first, and its deadline if the source has one. A run that tells every
    /// failing row to a listener is always made. Not kept are reports with a check that could not run, and
    /// those of data that changed between the telling of their version and the end of the run.
    ///
    /// # Errors
    ///
    /// As there. Whatever is wrong with the cache is none: then there is a run.
    pub async fn validate(
        &self,
        source: &Arc<dyn Source>,
        rules: &RuleSet,
        options: &ValidateOptions,
        trust: &Trust,
    ) -> Result<Report> {
        let now = now(options);
        let asked = Asked { source, rules, options, now };
        match Place::find(self, &asked, trust).await {
            Some(place) if options.violations.is_none() => answer(self, &asked, &place).await,
            Some(place) => run_and_keep(self, &asked, &place).await,
            None => validate_at(&**source, rules, options, now).await,
        }
    }

    /// Forgets all verdicts about the source of this name, on every node.
    pub async fn forget(&self, source: &str) -> Reach {
        self.cache.invalidate_tag(tag(source)).await
    }
}

impl Default for VerdictCacheConfig {
    fn default() -> Self {
        Self { ttl_ms: 86_400_000, keep_samples: false, versions: VersionReach::Process }
    }
}
