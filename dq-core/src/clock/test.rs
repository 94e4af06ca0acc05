//! A clock that stands still until it is told to go on.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;

use crate::clock::Clock;

/// What the wall shows when a test begins: 20454 days after 1970, 2026-01-01 00:00:00 UTC.
const BEGIN: Duration = Duration::from_hours(20_454 * 24);

/// A clock for tests: time passes only by [`advance`](Self::advance), which wakes who sleeps until then.
/// Clones are the same clock.
///
/// ```
/// use std::time::Duration;
///
/// use dq_core::clock::{Clock, TestClock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = TestClock::new();
/// let sleeper = tokio::spawn({
///     let clock = clock.clone();
///     async move { clock.sleep(Duration::from_secs(3600)).await }
/// });
/// clock.sleepers(1).await;
/// clock.advance(Duration::from_secs(3600));
/// sleeper.await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TestClock(Arc<Inner>);

struct Inner {
    origin: Instant,
    begin: SystemTime,
    /// Nanoseconds since the origin.
    elapsed: AtomicU64,
    sleepers: Mutex<Sleepers>,
    /// Told when somebody falls asleep.
    asleep: Notify,
}

/// Who sleeps: by the nanosecond of waking, then by the order of falling asleep.
#[derive(Default)]
struct Sleepers {
    wakers: BTreeMap<(u64, u64), Waker>,
    slept: u64,
}

impl TestClock {
    /// A clock that shows the first second of 2026, UTC.
    pub fn new() -> Self {
        Self::at(SystemTime::UNIX_EPOCH + BEGIN)
    }

    /// A clock that shows the time `utc`.
    #[expect(
        clippy::disallowed_methods,
        reason = "an `Instant` comes from nowhere else; it only serves as zero"
    )]
    pub fn at(utc: SystemTime) -> Self {
        Self(Arc::new(Inner {
            origin: Instant::now(),
            begin: utc,
            elapsed: AtomicU64::new(0),
            sleepers: Mutex::default(),
            asleep: Notify::new(),
        }))
    }

    /// Lets `span` pass, all at once, and wakes who has slept long enough, in the order of their times.
    /// They run when the runtime next gives them a turn; a sleep that one of them begins then counts from
    /// the new time.
    pub fn advance(&self, span: Duration) {
        let span = nanoseconds(span);
        let mut sleepers = self.0.sleepers();
        let now = self.0.elapsed.load(Ordering::Acquire).saturating_add(span);
        self.0.elapsed.store(now, Ordering::Release);
        let asleep = sleepers.wakers.split_off(&(now.saturating_add(1), 0));
        let awake = std::mem::replace(&mut sleepers.wakers, asleep);
        drop(sleepers);
        awake.into_values().for_each(Waker::wake);
    }

    /// Lets time pass until the first sleeper wakes, and tells how much that was; `None`, and nothing
    /// happens, where nobody sleeps.
    pub fn advance_to_next(&self) -> Option<Duration> {
        let first = self.0.sleepers().wakers.first_key_value().map(|(&(at, _), _)| at)?;
        let span = Duration::from_nanos(first.saturating_sub(self.0.elapsed()));
        self.advance(span);
        Some(span)
    }

    /// Returns how much time has passed since the clock was made.
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.0.elapsed())
    }

    /// Returns how many sleep.
    pub fn sleeping(&self) -> usize {
        self.0.sleepers().wakers.len()
    }

    /// Waits until at least `count` sleep, so that a test advances the clock neither too early nor by
    /// guess.
    pub async fn sleepers(&self, count: usize) {
        loop {
            let asleep = self.0.asleep.notified();
            let mut asleep = std::pin::pin!(asleep);
            asleep.as_mut().enable();
            if self.sleeping() >= count {
                return;
            }
            asleep.await;
        }
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut it = f.debug_struct("TestClock");
        it.field("elapsed", &self.elapsed()).field("sleeping", &self.sleeping()).finish()
    }
}

#[async_trait::async_trait]
impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.0.origin + Duration::from_nanos(self.0.elapsed())
    }

    fn utc(&self) -> SystemTime {
        self.0.begin + Duration::from_nanos(self.0.elapsed())
    }

    async fn sleep(&self, span: Duration) {
        let until = self.0.elapsed().saturating_add(nanoseconds(span));
        Sleep { clock: Arc::clone(&self.0), until, number: None }.await;
    }
}

impl Inner {
    fn elapsed(&self) -> u64 {
        self.elapsed.load(Ordering::Acquire)
    }

    fn sleepers(&self) -> MutexGuard<'_, Sleepers> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One sleep; dropping it takes it off the list.
struct Sleep {
    clock: Arc<Inner>,
    until: u64,
    number: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let clock = Arc::clone(&self.clock);
        // Under the lock, so that time cannot pass between the look and the entry.
        let mut sleepers = clock.sleepers();
        if clock.elapsed() >= self.until {
            return Poll::Ready(());
        }
        let number = *self.number.get_or_insert_with(|| {
            sleepers.slept += 1;
            sleepers.slept
        });
        sleepers.wakers.insert((self.until, number), context.waker().clone());
        drop(sleepers);
        clock.asleep.notify_waiters();
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let waker = self.clock.sleepers().wakers.remove(&(self.until, number));
            drop(waker); // After unlocking: it may run anything.
        }
    }
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::within;
    use tokio::task::JoinHandle;

    const SECOND: Duration = Duration::from_secs(1);

    fn sleep(clock: &TestClock, span: Duration) -> JoinHandle<()> {
        let clock = clock.clone();
        tokio::spawn(async move { clock.sleep(span).await })
    }

    #[tokio::test]
    async fn both_times_pass_alike() {
        let clock = TestClock::new();
        let (now, utc) = (clock.now(), clock.utc());
        clock.advance(SECOND);
        assert_eq!(clock.now() - now, SECOND);
        assert_eq!(clock.utc().duration_since(utc).ok(), Some(SECOND));
        assert_eq!(clock.elapsed(), SECOND);
    }

    #[tokio::test]
    async fn sleepers_wake_when_their_time_has_come_and_not_before() {
        let clock = TestClock::new();
        let (first, second) = (sleep(&clock, SECOND), sleep(&clock, SECOND * 2));
        clock.sleepers(2).await;
        clock.advance(SECOND);
        first.await.expect("the first wakes");
        assert_eq!(clock.sleeping(), 1);
        assert!(!second.is_finished());
        assert_eq!(clock.advance_to_next(), Some(SECOND));
        second.await.expect("the second wakes");
        assert_eq!(clock.advance_to_next(), None);
    }

    #[tokio::test]
    async fn a_dropped_sleep_leaves_nothing_behind() {
        let clock = TestClock::new();
        let sleeper = sleep(&clock, SECOND);
        clock.sleepers(1).await;
        sleeper.abort();
        assert!(sleeper.await.is_err());
        assert_eq!(clock.sleeping(), 0);
    }

    #[tokio::test]
    async fn no_time_is_no_sleep() {
        let clock = TestClock::new();
        clock.sleep(Duration::ZERO).await;
        assert_eq!(within(&clock, Duration::ZERO, std::future::pending::<()>()).await, None);
    }
}
