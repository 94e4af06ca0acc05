//! Where a verdict is kept: under what, for how long, and of which data it must be.

use crate::cache::{Abandoned, AcrossNodes, CacheKey, CacheOptions, Tag};
use crate::rules::Basis;
use crate::source::Versions;
use crate::validate::Engine;
use crate::validate::verdict::judging::Asked;
use crate::validate::verdict::kept::Standing;
use crate::validate::verdict::{Trust, VerdictCache};
use std::borrow::Cow;

/// The version of the shape of what is kept.
const SHAPE: u32 = 1;

/// The longest time for which verdicts are kept: a year.
pub(crate) const TTL_MAX_MS: u64 = 31_536_000_000;

/// Where a verdict is kept.
pub(crate) struct Place {
    pub(crate) key: CacheKey,
    pub(crate) standing: Standing,
    pub(crate) options: CacheOptions,
    /// Of what the verdict must be; `None` if it is kept by its age.
    pub(crate) versions: Option<Versions>,
}

impl Place {
    /// Where the verdict is kept, if it may be.
    pub(crate) async fn find(
        verdicts: &VerdictCache,
        asked: &Asked<'_>,
        trust: &Trust,
    ) -> Option<Self> {
        let is_exact = match asked.rules.basis() {
            Basis::Day => true,
            Basis::Time => asked.options.as_of.is_some(),
            Basis::Anything => false,
        };
        let tables = || asked.rules.tables().into_iter().map(str::to_owned).collect();
        let versions = if is_exact { Versions::of(&**asked.source, tables()).await } else { None };
        let (state, standing, ttl_ms) = match (&versions, trust) {
            (Some(versions), _) => {
                let state = versions.reaching(verdicts.config.versions);
                (state, Standing::Unchanged, verdicts.config.ttl_ms)
            }
            (None, Trust::Recent { data, age_max }) => {
                let age_ms = u64::try_from(age_max.as_millis()).unwrap_or(u64::MAX);
                let state = vec![data.clone(), age_ms.to_string()];
                (state, Standing::Recent, age_ms.min(TTL_MAX_MS))
            }
            (None, Trust::Unchanged) => return None,
        };
        // Nothing is renewed here, and nothing is served beyond its time. How long a run may take is up to
        // those who wait for it. No node waits for the run of another: that may be kept by nobody in the end.
        let options = CacheOptions {
            jitter: 0.0,
            refresh_ahead: 1.0,
            stale_if_error_ms: 0,
            compute_timeout_ms: u64::MAX,
            across_nodes: AcrossNodes::Each,
            abandoned: Abandoned::Dropped,
            tags: vec![tag(asked.source.name()), Tag::of_source(asked.source.name())],
            ..CacheOptions::ttl_ms(ttl_ms)
        };
        let key = key(verdicts, asked, &state, standing);
        Some(Self { key, standing, options, versions })
    }
}

/// What is common to all verdicts about a source.
pub(crate) fn tag(source: &str) -> Tag {
    Tag::new(["verdicts about", source])
}

fn key(
    verdicts: &VerdictCache,
    asked: &Asked<'_>,
    state: &[String],
    standing: Standing,
) -> CacheKey {
    let options = asked.options;
    let samples =
        verdicts.config.keep_samples.then_some((options.sample_limit, options.show_values));
    let mut parts: Vec<Cow<'_, [u8]>> = vec![
        env!("CARGO_PKG_VERSION").as_bytes().into(),
        asked.source.name().as_bytes().into(),
        asked.now.day().to_string().into_bytes().into(),
        format!("{standing:?} {:?} {samples:?} {}", options.as_of, state.len()).into_bytes().into(),
    ];
    if options.engine == Engine::Sql {
        parts.push(options.engine.as_str().as_bytes().into());
    }
    parts.extend(state.iter().map(|it| it.as_bytes().into()));
    parts.extend(asked.rules.identity().into_iter().map(Cow::from));
    CacheKey::new(&verdicts.namespace, SHAPE, parts)
}
