//! How long values are kept, and how they are renewed.

use serde::{Deserialize, Serialize};

use crate::cache::key::Tag;
use crate::error::{Error, ErrorKind, Result};

/// How one kind of values is cached. Made once for a kind, and lent to each call.
///
/// ```text
///  read          refresh ahead                expired                          gone
///   │ fresh: served │ fresh, renewed behind      │ served only if renewing fails  │ computed anew
///   ├───────────────┼────────────────────────────┼────────────────────────────────┤
///   0         refresh_ahead · ttl               ttl               ttl + stale_if_error
/// ```
///
/// So no value is served that was read more than `ttl_ms` ago, or, while it cannot be renewed, more than
/// `ttl_ms + stale_if_error_ms` ago. Jitter only ever shortens.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheOptions {
    /// For how long a value is fresh, in milliseconds, counted from when reading it began. Default one
    /// hour. 0 caches nothing.
    pub ttl_ms: u64,
    /// The share of `ttl_ms` by which lifetimes differ, 0 to 1, so that values made together do not
    /// expire together. Default 0.1: a value lives for 0.9 to 1 of `ttl_ms`.
    pub jitter: f64,
    /// After which share of its life a value that is asked for is renewed behind, 0 to 1, so that no
    /// caller waits. Default 0.8. 1 renews only what has expired.
    pub refresh_ahead: f64,
    /// For how long after it expired a value is served if renewing it fails for a transient reason, in
    /// milliseconds. Default 24 hours. 0 never serves an expired value.
    pub stale_if_error_ms: u64,
    /// How long a caller waits for a fresh value when an expired one is at hand that
    /// `stale_if_error_ms` allows, in milliseconds; renewing goes on behind. Default none: as long as
    /// renewing takes.
    pub stale_wait_ms: Option<u64>,
    /// How long nobody tries to renew a value after that failed, in milliseconds; on no node that shares a
    /// store and has the value. Default 30 seconds.
    pub retry_ms: u64,
    /// For how long it is known that there is no value, in milliseconds. Default 30 seconds. 0 does not
    /// remember it.
    pub negative_ttl_ms: u64,
    /// How long computing a value may take, in milliseconds. Default 30 seconds.
    pub compute_timeout_ms: u64,
    /// Whether nodes that share a store compute a key one at a time. Default one at a time.
    pub across_nodes: AcrossNodes,
    /// What becomes of a computation for which nobody waits any more. Default: it goes on, and its value is
    /// kept.
    pub abandoned: Abandoned,
    /// What the values have in common with others. Not configuration: set by the code that caches.
    #[serde(skip)]
    pub tags: Vec<Tag>,
}

/// How nodes that share a store divide the computing of one key.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AcrossNodes {
    /// One node computes, the others wait for its value.
    #[default]
    Once,
    /// Each node computes what it misses: for what is computed faster than a lease is had, and for what may
    /// turn out to be of no use to others.
    Each,
}

/// What becomes of a computation for which nobody waits any more.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Abandoned {
    /// It goes on: somebody will ask again.
    #[default]
    Finished,
    /// Its future is dropped: what it needs is dearer than what was done so far.
    Dropped,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            ttl_ms: 3_600_000,
            jitter: 0.1,
            refresh_ahead: 0.8,
            stale_if_error_ms: 86_400_000,
            stale_wait_ms: None,
            retry_ms: 30_000,
            negative_ttl_ms: 30_000,
            compute_timeout_ms: 30_000,
            across_nodes: AcrossNodes::Once,
            abandoned: Abandoned::Finished,
            tags: Vec::new(),
        }
    }
}

impl CacheOptions {
    /// The defaults, with another time to live.
    pub fn ttl_ms(ttl_ms: u64) -> Self {
        Self { ttl_ms, ..Self::default() }
    }

    /// Checks the ranges. Values out of range are used as the nearest that is in range.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, naming the field.
    pub fn check(&self) -> Result<()> {
        for (field, share) in [("jitter", self.jitter), ("refresh_ahead", self.refresh_ahead)] {
            if !(0.0..=1.0).contains(&share) {
                let message = format!("`{field}` is {share}, not a share from 0 to 1");
                return Err(Error::new(ErrorKind::ConfigInvalid, message));
            }
        }
        if self.compute_timeout_ms == 0 {
            let message = "`compute_timeout_ms` is 0, so nothing could be computed";
            return Err(Error::new(ErrorKind::ConfigInvalid, message));
        }
        Ok(())
    }
}
