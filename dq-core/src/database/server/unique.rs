//! What no two managers have in common.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use crate::clock::Clock;

static MANAGERS: AtomicU64 = AtomicU64::new(0);

/// A name that no other manager has, in this process or another.
pub(crate) fn unique_name(clock: &dyn Clock) -> String {
    let number = MANAGERS.fetch_add(1, Ordering::Relaxed);
    let born = clock.utc().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_nanos());
    format!("{}-{born}-{number}", std::process::id())
}
