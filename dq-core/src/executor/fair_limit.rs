//! At most so many calls at once, with a bounded queue that is fair between callers.
//!
//! ```text
//!   enter ──▶ a place is free ──────────────────────────▶ Place ──drop──▶ the next who waits
//!         ╰─▶ all are taken ──▶ the caller's queue ──────▶ Place
//!                           ╰─▶ the queue is full: Busy
//! ```
//!
//! A waiting call that is dropped is forgotten at once; a place that reaches nobody any more goes on to the
//! next.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::executor::fair_queue::{Arrival, FairQueue};

/// At most so many at once.
#[derive(Debug)]
pub(crate) struct FairLimit {
    /// `None` once it is closed.
    queue: Mutex<State>,
    /// Told when the last place comes back.
    idle: Notify,
}

#[derive(Debug)]
struct State {
    queue: FairQueue<oneshot::Sender<Place>>,
    is_closed: bool,
}

/// The right to run. Dropping it lets the next one run.
#[derive(Debug)]
pub(crate) struct Place {
    /// `None` once it has been given on.
    limit: Option<Arc<FairLimit>>,
    caller: Arc<str>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoPlace {
    /// Too many wait already.
    Full,
    /// Nobody is let in any more.
    Closed,
}

impl FairLimit {
    /// So many places, and so many who may wait for one.
    pub(crate) fn new(places: usize, waiting_max: usize) -> Arc<Self> {
        let queue = FairQueue::new(places, waiting_max);
        let queue = Mutex::new(State { queue, is_closed: false });
        Arc::new(Self { queue, idle: Notify::new() })
    }

    /// Waits for a place.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        caller: &Arc<str>,
        weight: NonZeroU32,
    ) -> Result<Place, NoPlace> {
        let (mut told, mut receiver) = (None, None);
        let arrival = {
            let mut state = self.state();
            if state.is_closed {
                return Err(NoPlace::Closed);
            }
            state.queue.arrive(caller, weight, || {
                let (sender, waiting) = oneshot::channel();
                receiver = Some(waiting);
                sender
            })
        };
        let ticket = match arrival {
            Arrival::Runs => return Ok(self.place(Arc::clone(caller))),
            Arrival::Refused => return Err(NoPlace::Full),
            Arrival::Waits(ticket, evicted) => {
                // Dropped outside of the lock: this is how the evicted call hears of it.
                drop(evicted);
                ticket
            }
        };
        let _ticket = Ticket { limit: self, caller, number: ticket };
        if let Some(receiver) = receiver {
            told = receiver.await.ok();
        }
        told.ok_or_else(|| if self.state().is_closed { NoPlace::Closed } else { NoPlace::Full })
    }

    /// How many have a place, and how many wait for one.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.queue.running(), state.queue.waiting())
    }

    /// Lets nobody in any more, sends away who waits, and returns when all places are back.
    pub(crate) async fn close(&self) {
        let waiting = {
            let mut state = self.state();
            state.is_closed = true;
            state.queue.clear()
        };
        drop(waiting);
        loop {
            let idle = self.idle.notified();
            let mut idle = std::pin::pin!(idle);
            idle.as_mut().enable();
            if self.counts().0 == 0 {
                return;
            }
            idle.await;
        }
    }

    fn place(self: &Arc<Self>, caller: Arc<str>) -> Place {
        Place { limit: Some(Arc::clone(self)), caller }
    }

    /// Takes a place back and gives it to the next who is still there.
    fn give_on(self: &Arc<Self>, mut caller: Arc<str>) {
        while let Some((next, waiter)) = self.next_after(&caller) {
            let Err(mut place) = waiter.send(self.place(Arc::clone(&next))) else { return };
            place.limit = None;
            caller = next;
        }
    }

    fn next_after(&self, caller: &Arc<str>) -> Option<(Arc<str>, oneshot::Sender<Place>)> {
        let mut state = self.state();
        let next = state.queue.leave(caller);
        if state.queue.running() == 0 {
            self.idle.notify_waiters();
        }
        next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(limit) = self.limit.take() {
            limit.give_on(Arc::clone(&self.caller));
        }
    }
}

/// A call that waits; however the wait ends, it waits no more.
struct Ticket<'a> {
    limit: &'a FairLimit,
    caller: &'a Arc<str>,
    number: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.limit.state().queue.abandon(self.caller, self.number);
    }
}
