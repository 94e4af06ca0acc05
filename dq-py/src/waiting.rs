//! Those who wait to hear that something is cancelled.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whoever waits, until it is cancelled: then all of them are handed out, and who comes later is at once.
#[derive(Debug)]
pub(crate) struct Waiting<T> {
    /// None once it is cancelled.
    waiting: Mutex<Option<Vec<T>>>,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { waiting: Mutex::new(Some(Vec::new())) }
    }
}

impl<T> Waiting<T> {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.lock().is_none()
    }

    /// Adds one to those for whom `is_needed` still holds; gives it back if it has nothing to wait for.
    pub(crate) fn add(&self, one: T, is_needed: impl FnMut(&T) -> bool) -> Option<T> {
        match &mut *self.lock() {
            Some(waiting) => {
                waiting.retain(is_needed);
                waiting.push(one);
                None
            }
            None => Some(one),
        }
    }

    /// Cancels it; gives all who wait.
    pub(crate) fn cancel(&self) -> Vec<T> {
        mem::take(&mut *self.lock()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<T>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
