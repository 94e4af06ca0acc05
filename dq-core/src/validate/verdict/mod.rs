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
//! A key holds the version of every table that the rules read, taken before anything is read, so what is
//! kept under it is of that version or of a later one that nobody asks for under this key. Rules that ask
//! for more than rows and a day are kept by their age only, if at all: a query may ask the clock.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//!
//! use dq_core::cache::NoopCache;
//! use dq_core::rules::RuleSet;
//! use dq_core::source::memory::MemorySource;
//! use dq_core::validate::{Trust, ValidateOptions, VerdictCache, VerdictCacheConfig};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> dq_core::Result<()> {
//! // A cache that remembers nothing; `MemoryCache` elsewhere.
//! let verdicts = VerdictCache::new(Arc::new(NoopCache), VerdictCacheConfig::default())?;
//! let rules = RuleSet::parse("rules.yaml", "{ version: 1, rules: [] }", &BTreeMap::new())?;
//! let source = MemorySource::new("an example");
//! let options = ValidateOptions::default();
//! let report = verdicts.validate(&source, &rules, &options, &Trust::Unchanged).await?;
//! assert!(!report.cached);
//! # Ok(())
//! # }
//! ```

mod flight;
mod kept;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cache::{CacheKey, CacheManager, CacheManagerExt, CacheOptions, Namespace, Reach, Tag};
use crate::error::{Error, ErrorKind, Result};
use crate::rules::{Basis, Now, RuleSet};
use crate::source::{Source, VersionReach};
use crate::validate::verdict::flight::Flights;
use crate::validate::verdict::kept::{KeptVerdict, Standing};
use crate::validate::{Engine, Report, ValidateOptions, now, validate_at};

/// The version of the shape of what is kept.
const SHAPE: u32 = 1;

/// The longest time for which verdicts are kept: a year.
const TTL_MAX_MS: u64 = 31_536_000_000;

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
    flights: Arc<Flights>,
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
        Ok(Self { cache, config, namespace, flights: Arc::default() })
    }

    /// As [`validate`](crate::validate::validate), or the verdict of an earlier run that `trust` lets pass.
    ///
    /// However many ask for the same verdict at once, one of them runs and the others wait for it. A run that
    /// tells every failing row to a listener is always made. A report with a check that could not run is
    /// not kept.
    ///
    /// # Errors
    ///
    /// As there. Whatever is wrong with the cache is none: then there is a run.
    pub async fn validate(
        &self,
        source: &dyn Source,
        rules: &RuleSet,
        options: &ValidateOptions,
        trust: &Trust,
    ) -> Result<Report> {
        let now = now(options);
        let asked = Asked { source, rules, options, now };
        match self.find_key(&asked, trust).await {
            Some(found) if options.violations.is_none() => self.answer(&asked, &found).await,
            Some(found) => self.run(&asked, &found).await.map(|(report, _)| report),
            None => validate_at(source, rules, options, now).await,
        }
    }

    /// Forgets all verdicts about the source of this name, on every node.
    pub async fn forget(&self, source: &str) -> Reach {
        self.cache.invalidate_tag(tag(source)).await
    }

    /// An earlier verdict, or else one run for all who wait for it.
    async fn answer(&self, asked: &Asked<'_>, found: &Found) -> Result<Report> {
        let started = asked.options.clock.now();
        let earlier = |it: &KeptVerdict| it.report(&*asked.options.clock, started, found.standing);
        if let Some(kept) = self.kept(found).await {
            return Ok(earlier(&kept));
        }
        let flight = self.flights.join(&found.key);
        let mut landed = flight.wait(asked.options).await?;
        if let Some(kept) = &*landed {
            return Ok(earlier(kept));
        }
        // Another may have run, and landed, between the look and the wait.
        if let Some(kept) = self.kept(found).await {
            return Ok(earlier(&kept));
        }
        let (report, kept) = self.run(asked, found).await?;
        *landed = kept;
        Ok(report)
    }

    async fn kept(&self, found: &Found) -> Option<Arc<KeptVerdict>> {
        self.cache.get::<KeptVerdict>(&found.key).await.value()
    }

    /// Runs, and keeps the verdict if every check could run.
    async fn run(
        &self,
        asked: &Asked<'_>,
        found: &Found,
    ) -> Result<(Report, Option<Arc<KeptVerdict>>)> {
        let reading = self.cache.reading(&found.key).await;
        let report = validate_at(asked.source, asked.rules, asked.options, asked.now).await?;
        if report.has_errors() {
            return Ok((report, None));
        }
        let kept = KeptVerdict::of(&report, &*asked.options.clock, self.config.keep_samples);
        self.cache.set_read(&found.key, kept.clone(), &found.options, reading).await;
        Ok((report, Some(Arc::new(kept))))
    }

    /// The key under which the verdict is kept, if it may be.
    async fn find_key(&self, asked: &Asked<'_>, trust: &Trust) -> Option<Found> {
        let basis = asked.rules.basis();
        let is_exact = match basis {
            Basis::Day => true,
            Basis::Time => asked.options.as_of.is_some(),
            Basis::Anything => false,
        };
        let versions = if is_exact { self.versions(asked).await } else { None };
        let (state, standing, ttl_ms) = match (versions, trust) {
            (Some(versions), _) => (versions, Standing::Unchanged, self.config.ttl_ms),
            (None, Trust::Recent { data, age_max }) => {
                let age_ms = u64::try_from(age_max.as_millis()).unwrap_or(u64::MAX);
                let state = vec![data.clone(), age_ms.to_string()];
                (state, Standing::Recent, age_ms.min(TTL_MAX_MS))
            }
            (None, Trust::Unchanged) => return None,
        };
        let tags = vec![tag(asked.source.name())];
        // Nothing is renewed here, and nothing is served beyond its time.
        let options = CacheOptions {
            jitter: 0.0,
            refresh_ahead: 1.0,
            stale_if_error_ms: 0,
            tags,
            ..CacheOptions::ttl_ms(ttl_ms)
        };
        let key = self.key(asked, &state, standing);
        Some(Found { key, standing, options })
    }

    fn key(&self, asked: &Asked<'_>, state: &[String], standing: Standing) -> CacheKey {
        let options = asked.options;
        let samples =
            self.config.keep_samples.then_some((options.sample_limit, options.show_values));
        let mut parts: Vec<Cow<'_, [u8]>> = vec![
            env!("CARGO_PKG_VERSION").as_bytes().into(),
            asked.source.name().as_bytes().into(),
            asked.now.day().to_string().into_bytes().into(),
            format!("{standing:?} {:?} {samples:?} {}", options.as_of, state.len())
                .into_bytes()
                .into(),
        ];
        if options.engine != Engine::Native {
            parts.push(options.engine.as_str().as_bytes().into());
        }
        parts.extend(state.iter().map(|it| it.as_bytes().into()));
        parts.extend(asked.rules.identity().into_iter().map(Cow::from));
        CacheKey::new(&self.namespace, SHAPE, parts)
    }

    /// The names and versions of all tables that the rules read; none if the source cannot tell one.
    async fn versions(&self, asked: &Asked<'_>) -> Option<Vec<String>> {
        let mut versions = Vec::new();
        for table in asked.rules.tables() {
            // An error is one of the run, too, which tells it better.
            let version = asked.source.version(table).await.ok()??;
            versions.extend([table.to_owned(), version.reaching(self.config.versions)]);
        }
        // Rules without tables rest on nothing that could change.
        Some(versions)
    }
}

/// What a verdict is asked about.
struct Asked<'a> {
    source: &'a dyn Source,
    rules: &'a RuleSet,
    options: &'a ValidateOptions,
    now: Now,
}

/// Where a verdict is kept, and how.
struct Found {
    key: CacheKey,
    standing: Standing,
    options: CacheOptions,
}

fn tag(source: &str) -> Tag {
    Tag::new(["verdicts about", source])
}

impl Default for VerdictCacheConfig {
    fn default() -> Self {
        Self { ttl_ms: 86_400_000, keep_samples: false, versions: VersionReach::Process }
    }
}
