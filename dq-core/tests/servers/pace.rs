//! Time, as far as the machine had any for this program.
//!
//! A promise in seconds can be held to only while the machine lets everyone run. So tests take the time with a clock
//! that goes as fast as a thread of this program is let run: it sleeps for a moment, stands in the queue for a
//! processor, and then the clock moves on. On an idle machine its seconds are seconds; on a busy one they are longer,
//! as everything is.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(5);

static STARTED: Once = Once::new();
static TICKS: AtomicU64 = AtomicU64::new(0);

/// How long this program has been let run since somebody first asked.
pub(crate) fn now() -> Duration {
    STARTED.call_once(|| {
        thread::spawn(|| {
            loop {
                thread::sleep(TICK);
                thread::yield_now();
                TICKS.fetch_add(1, Ordering::Relaxed);
            }
        });
    });
    let ticks = u32::try_from(TICKS.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
    TICK * ticks
}

/// How long this program has been let run since `begun`.
pub(crate) fn since(begun: Duration) -> Duration {
    now().saturating_sub(begun)
}
