//! When a value expires: a pure function of its options.

use crate::cache::options::CacheOptions;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// The spans of one value's life, in nanoseconds since its reading began.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Lifetime {
    /// From then on it is renewed when asked for.
    pub(crate) refresh: u64,
    /// Until then it is fresh.
    pub(crate) fresh: u64,
    /// Until then it may be served where it cannot be renewed.
    pub(crate) keep: u64,
    /// For how long nobody tries to renew it after somebody has.
    pub(crate) retry: u64,
}

impl Lifetime {
    /// The life of a value, or of the knowledge that there is none. `chance` shortens it by jitter.
    pub(crate) fn new(options: &CacheOptions, is_present: bool, chance: u64) -> Self {
        let ttl = if is_present { options.ttl_ms } else { options.negative_ttl_ms };
        let jitter = clamp(options.jitter) * (chance >> 11) as f64 / (1_u64 << 53) as f64;
        let fresh = share(nanos(ttl), 1.0 - jitter);
        let stale = if is_present && ttl > 0 { nanos(options.stale_if_error_ms) } else { 0 };
        Self::of(options, fresh, fresh.saturating_add(stale))
    }

    /// The life of a value whose spans a shared store knows.
    pub(crate) fn of(options: &CacheOptions, fresh: u64, keep: u64) -> Self {
        let refresh = share(fresh, clamp(options.refresh_ahead));
        Self { refresh, fresh, keep: keep.max(fresh), retry: nanos(options.retry_ms) }
    }
}

/// Milliseconds as nanoseconds.
pub(crate) fn nanos(millis: u64) -> u64 {
    millis.saturating_mul(NANOS_PER_MILLI)
}

/// Nanoseconds as whole milliseconds, rounded down.
pub(crate) fn millis(nanos: u64) -> u64 {
    nanos / NANOS_PER_MILLI
}

/// Numbers that look random, one after the other: splitmix64.
pub(crate) fn scatter(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn clamp(share: f64) -> f64 {
    if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
}

fn share(span: u64, share: f64) -> u64 {
    if share >= 1.0 { span } else { (span as f64 * share) as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn jitter_only_shortens_and_no_more_than_its_share() {
        let options = CacheOptions { jitter: 0.25, ..CacheOptions::ttl_ms(100_000) };
        let lives: Vec<_> =
            (0..1000).map(|it| Lifetime::new(&options, true, scatter(it)).fresh).collect();
        assert!(lives.iter().all(|it| (75 * SECOND..=100 * SECOND).contains(it)));
        let spread = lives.iter().max().unwrap() - lives.iter().min().unwrap();
        assert!(spread > 24 * SECOND, "{spread}");
    }

    #[test]
    fn absence_lives_by_its_own_time_and_is_never_served_expired() {
        let options = CacheOptions { jitter: 0.0, negative_ttl_ms: 5000, ..Default::default() };
        let life = Lifetime::new(&options, false, 0);
        assert_eq!((life.fresh, life.keep), (5 * SECOND, 5 * SECOND));
    }

    #[test]
    fn values_out_of_range_are_the_nearest_in_range() {
        let odd =
            CacheOptions { jitter: -3.0, refresh_ahead: f64::NAN, ..CacheOptions::ttl_ms(1000) };
        let life = Lifetime::new(&odd, true, u64::MAX);
        assert_eq!((life.refresh, life.fresh), (0, SECOND));
        let long = CacheOptions { jitter: 0.0, ..CacheOptions::ttl_ms(u64::MAX) };
        assert_eq!(Lifetime::new(&long, true, 0).keep, u64::MAX);
    }
}
