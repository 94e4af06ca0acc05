//! What is invalid and the shared store may not know it: it could not be told, or it has been told and may lose it.
//!
//! ```text
//!             told                            feed: `Current` as of later
//!   pending ────────▶ acknowledged ─────────────────────────────────────────▶ forgotten
//!      ▲                   │
//!      └───────────────────┘ feed: `Lost`: told again
//! ```
//!
//! A server that has already been replaced may acknowledge what its successor never hears of. So an acknowledged
//! invalidation is kept until the feed shows that the store still had it later.
//!
//! Bounded: when too much is pending, everything is invalid instead, which is one entry.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::cache::counters::Counter;
use crate::cache::key::{CacheKey, Scope, Tag};

#[derive(Debug)]
pub(crate) struct Pending {
    queue: Mutex<Queue>,
    /// How many are pending, and how many acknowledged, to be read without the lock.
    len: AtomicUsize,
    acknowledged: AtomicUsize,
    len_max: usize,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    /// The number of the last call that each is part of.
    scopes: HashMap<Scope, u64>,
    number: u64,
    acknowledged: HashMap<Scope, Told>,
}

/// When the store was told, and when it said that it knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
}

impl Pending {
    pub(crate) fn new(len_max: usize) -> Self {
        Self {
            queue: Mutex::default(),
            len: AtomicUsize::new(0),
            acknowledged: AtomicUsize::new(0),
            len_max: len_max.max(1),
            filled: Notify::new(),
        }
    }

    /// Adds `scopes`, and returns the number that [`done`](Self::done) takes.
    pub(crate) fn add(&self, scopes: &[Scope], overflowed: &Counter) -> u64 {
        let mut queue = self.queue();
        queue.number += 1;
        let number = queue.number;
        for scope in scopes {
            queue.scopes.insert(scope.clone(), number);
        }
        if queue.scopes.len() > self.len_max {
            overflowed.increment();
            queue.scopes.clear();
            queue.scopes.insert(Scope::Everything, number);
        }
        self.note(&queue);
        self.filled.notify_one();
        number
    }

    /// The store has acknowledged those of `scopes` that were not added again after `number`.
    pub(crate) fn done(&self, scopes: &[Scope], number: u64, told: Told) {
        let mut queue = self.queue();
        for scope in scopes {
            if queue.scopes.get(scope).is_some_and(|it| *it <= number) {
                queue.scopes.remove(scope);
            }
        }
        self.acknowledge(&mut queue, scopes, told);
    }

    /// The store has acknowledged `scopes` as part of something else.
    pub(crate) fn told(&self, scopes: &[Scope], told: Told) {
        self.acknowledge(&mut self.queue(), scopes, told);
    }

    /// What was acknowledged before `as_of` will not be lost unnoticed.
    pub(crate) fn confirm(&self, as_of: Instant) {
        if self.acknowledged.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut queue = self.queue();
        queue.acknowledged.retain(|_, it| it.ended >= as_of);
        self.note(&queue);
    }

    /// What was acknowledged lately may be lost: it is told again.
    pub(crate) fn doubt(&self) {
        let mut queue = self.queue();
        queue.number += 1;
        let number = queue.number;
        let lost: Vec<_> = queue.acknowledged.drain().map(|it| it.0).collect();
        queue.scopes.extend(lost.into_iter().map(|it| (it, number)));
        self.note(&queue);
        self.filled.notify_one();
    }

    /// Some of what is pending, and the number for [`done`](Self::done).
    pub(crate) fn batch(&self, len_max: usize) -> (Vec<Scope>, u64) {
        let queue = self.queue();
        (queue.scopes.keys().take(len_max).cloned().collect(), queue.number)
    }

    /// Whether the value of `key` with `tags`, which was read at `read` or a little later, may be invalid though
    /// the store has it. None is a time before all others.
    pub(crate) fn covers(&self, key: &CacheKey, tags: &[Tag], read: Option<Instant>) -> bool {
        if self.len() == 0 && self.acknowledged.load(Ordering::Acquire) == 0 {
            return false;
        }
        let queue = self.queue();
        let is_invalid = |it: Scope| {
            let is_older = |told: &Told| read.is_none_or(|it| it < told.begun);
            queue.scopes.contains_key(&it) || queue.acknowledged.get(&it).is_some_and(is_older)
        };
        is_invalid(Scope::Everything)
            || is_invalid(Scope::Key(key.clone()))
            || is_invalid(Scope::Namespace(key.namespace().clone()))
            || tags.iter().any(|it| is_invalid(Scope::Tag(*it)))
    }

    /// How many the store could not be told.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Waits until something is pending.
    pub(crate) async fn filled(&self) {
        while self.len() == 0 {
            self.filled.notified().await;
        }
    }

    fn acknowledge(&self, queue: &mut Queue, scopes: &[Scope], told: Told) {
        queue.acknowledged.extend(scopes.iter().map(|it| (it.clone(), told)));
        if queue.acknowledged.len() > self.len_max {
            queue.acknowledged.clear();
            queue.acknowledged.insert(Scope::Everything, told);
        }
        self.note(queue);
    }

    fn note(&self, queue: &Queue) {
        self.len.store(queue.scopes.len(), Ordering::Release);
        self.acknowledged.store(queue.acknowledged.len(), Ordering::Release);
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cache::key::Namespace;
    use crate::clock::{Clock, TestClock};

    fn key(part: &str) -> CacheKey {
        CacheKey::new(&Namespace::new("n").unwrap(), 1, [part])
    }

    /// A moment, so many milliseconds after the first.
    fn at(millis: u64) -> Instant {
        thread_local! {
            static FIRST: Instant = TestClock::new().now();
        }
        FIRST.with(|it| *it + Duration::from_millis(millis))
    }

    fn told(begun: u64, ended: u64) -> Told {
        Told { begun: at(begun), ended: at(ended) }
    }

    #[test]
    fn what_is_pending_twice_is_told_once_and_what_came_again_stays() {
        let pending = Pending::new(10);
        let overflowed = Counter::default();
        let scope = [Scope::Key(key("a"))];
        let first = pending.add(&scope, &overflowed);
        pending.add(&scope, &overflowed);
        assert_eq!(pending.len(), 1);
        pending.done(&scope, first, told(0, 1));
        assert!(
            pending.covers(&key("a"), &[], Some(at(2))),
            "it came again after the first was told"
        );
        let (batch, number) = pending.batch(10);
        pending.done(&batch, number, told(2, 3));
        assert!(!pending.covers(&key("a"), &[], Some(at(2))));
    }

    #[test]
    fn too_much_becomes_everything() {
        let pending = Pending::new(3);
        let overflowed = Counter::default();
        for number in 0..4 {
            pending.add(&[Scope::Key(key(&number.to_string()))], &overflowed);
        }
        assert_eq!((pending.len(), overflowed.count()), (1, 1));
        assert!(pending.covers(&key("any"), &[], Some(at(0))));
    }

    #[test]
    fn too_much_that_is_acknowledged_becomes_everything() {
        let pending = Pending::new(3);
        for number in 0..4 {
            pending.told(&[Scope::Key(key(&number.to_string()))], told(0, 1));
        }
        pending.doubt();
        assert_eq!(pending.batch(10).0, [Scope::Everything]);
    }

    #[test]
    fn what_is_acknowledged_is_told_again_unless_the_store_had_it_later() {
        let pending = Pending::new(10);
        let scopes = ["a", "b"].map(|it| Scope::Key(key(it)));
        let [first, second] = scopes.each_ref().map(std::slice::from_ref);
        pending.told(first, told(10, 20));
        pending.told(second, told(30, 40));
        assert_eq!(pending.len(), 0, "nothing is to be told");
        pending.confirm(at(21));
        pending.doubt();
        assert_eq!(pending.batch(10).0, second);
        pending.doubt();
        assert_eq!(pending.len(), 1);
    }

    #[test]
    fn a_value_from_before_the_call_is_not_believed_until_the_store_had_it_later() {
        let pending = Pending::new(10);
        pending.told(&[Scope::Key(key("a"))], told(10, 20));
        assert!(pending.covers(&key("a"), &[], Some(at(9))));
        assert!(pending.covers(&key("a"), &[], None));
        assert!(!pending.covers(&key("a"), &[], Some(at(10))));
        assert!(!pending.covers(&key("b"), &[], None));
        pending.confirm(at(20));
        assert!(
            pending.covers(&key("a"), &[], None),
            "it was acknowledged at that moment, not before"
        );
        pending.confirm(at(21));
        assert!(!pending.covers(&key("a"), &[], None));
    }
}
