//! What is invalid and the shared store may not know it yet.
//!
//! Bounded: when too much is pending, everything is invalid instead, which is one entry.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::cache::counters::Counter;
use crate::cache::key::{CacheKey, Scope, Tag};

#[derive(Debug)]
pub(crate) struct Pending {
    queue: Mutex<Queue>,
    /// The length of the queue, to be read without the lock.
    len: AtomicUsize,
    len_max: usize,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    /// The number of the last call that each is part of.
    scopes: HashMap<Scope, u64>,
    number: u64,
}

impl Pending {
    pub(crate) fn new(len_max: usize) -> Self {
        let queue = Mutex::default();
        Self { queue, len: AtomicUsize::new(0), len_max: len_max.max(1), filled: Notify::new() }
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
        self.len.store(queue.scopes.len(), Ordering::Release);
        self.filled.notify_one();
        number
    }

    /// Removes those of `scopes` that were not added again after `number`.
    pub(crate) fn done(&self, scopes: &[Scope], number: u64) {
        let mut queue = self.queue();
        for scope in scopes {
            if queue.scopes.get(scope).is_some_and(|it| *it <= number) {
                queue.scopes.remove(scope);
            }
        }
        self.len.store(queue.scopes.len(), Ordering::Release);
    }

    /// Some of what is pending, and the number for [`done`](Self::done).
    pub(crate) fn batch(&self, len_max: usize) -> (Vec<Scope>, u64) {
        let queue = self.queue();
        (queue.scopes.keys().take(len_max).cloned().collect(), queue.number)
    }

    /// Whether the value of `key` with `tags` is pending.
    pub(crate) fn covers(&self, key: &CacheKey, tags: &[Tag]) -> bool {
        if self.len() == 0 {
            return false;
        }
        let queue = self.queue();
        let is_pending = |it: Scope| queue.scopes.contains_key(&it);
        is_pending(Scope::Everything)
            || is_pending(Scope::Key(key.clone()))
            || is_pending(Scope::Namespace(key.namespace().clone()))
            || tags.iter().any(|it| is_pending(Scope::Tag(*it)))
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Waits until something is pending.
    pub(crate) async fn filled(&self) {
        while self.len() == 0 {
            self.filled.notified().await;
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::key::Namespace;

    fn key(part: &str) -> CacheKey {
        CacheKey::new(&Namespace::new("n").unwrap(), 1, [part])
    }

    #[test]
    fn what_is_pending_twice_is_told_once_and_what_came_again_stays() {
        let pending = Pending::new(10);
        let overflowed = Counter::default();
        let scope = [Scope::Key(key("a"))];
        let first = pending.add(&scope, &overflowed);
        pending.add(&scope, &overflowed);
        assert_eq!(pending.len(), 1);
        pending.done(&scope, first);
        assert!(pending.covers(&key("a"), &[]), "it came again after the first was told");
        let (batch, number) = pending.batch(10);
        pending.done(&batch, number);
        assert!(!pending.covers(&key("a"), &[]));
    }

    #[test]
    fn too_much_becomes_everything() {
        let pending = Pending::new(3);
        let overflowed = Counter::default();
        for number in 0..4 {
            pending.add(&[Scope::Key(key(&number.to_string()))], &overflowed);
        }
        assert_eq!((pending.len(), overflowed.count()), (1, 1));
        assert!(pending.covers(&key("any"), &[]));
    }
}
