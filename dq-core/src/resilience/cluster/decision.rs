//! When the breakers of a cluster open together: a function of digests.

use std::time::Duration;

use crate::resilience::cluster::BreakerDigest;
use crate::resilience::config::CircuitBreakerConfig;

/// What the digests of a breaker mean to a node where it is closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// Go on.
    Stay,
    /// Enough nodes have opened theirs.
    Quorum,
    /// The calls of all nodes together would open it, and not because of one of them.
    Together,
}

/// Decides for a breaker with `config`, given what every node tells of it. `closed_for` is how long ago it was
/// last closed here, if ever: it has been found since that the dependency works, and so whoever opened
/// before then is not heard any more.
///
/// No single node can bring about anything but [`Stay`](Decision::Stay), whatever it tells.
pub fn decide(
    config: &CircuitBreakerConfig,
    digests: &[&BreakerDigest],
    closed_for: Option<Duration>,
) -> Decision {
    let fresh = |age: u64| closed_for.is_none_or(|it| Duration::from_millis(age) < it);
    let open = digests.iter().filter(|it| it.open_for_ms.is_some_and(fresh)).count();
    if open >= quorum(digests.len()) {
        return Decision::Quorum;
    }
    let decisive = (0..digests.len()).all(|left_out| {
        let others = digests.iter().enumerate().filter(|(number, _)| *number != left_out);
        let sums = others.fold((0u64, 0u64), |(calls, failures), (_, it)| {
            let failed = it.failures.min(it.calls);
            (calls.saturating_add(it.calls), failures.saturating_add(failed))
        });
        would_open(config, sums)
    });
    if digests.len() >= 2 && decisive { Decision::Together } else { Decision::Stay }
}

/// Returns the places of the digests whose breakers are open, if those are too few to concern the others:
/// a node that fails alone has a problem of its own.
pub fn outliers(digests: &[&BreakerDigest]) -> Vec<usize> {
    let open = digests.iter().enumerate().filter(|(_, it)| it.open_for_ms.is_some());
    let open: Vec<_> = open.map(|(place, _)| place).collect();
    if open.len() < quorum(digests.len()) { open } else { Vec::new() }
}

/// How many of so many nodes must have opened theirs: a third, and never a single one.
fn quorum(nodes: usize) -> usize {
    nodes.div_ceil(3).max(2)
}

fn would_open(config: &CircuitBreakerConfig, (calls, failures): (u64, u64)) -> bool {
    let percent = failures as f64 * 100.0;
    calls >= u64::from(config.minimum_requests)
        && failures > 0
        && percent >= config.failure_rate_threshold * calls as f64
}
