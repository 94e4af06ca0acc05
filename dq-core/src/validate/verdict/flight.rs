//! One run for all who ask for the same verdict at once.
//!
//! Whoever comes first runs, on its own account; the others wait for it. If it gives up, fails, or has a
//! verdict that is not kept, the next of them runs. No run outlives its caller.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::cache::CacheKey;
use crate::clock::within;
use crate::error::Result;
use crate::validate::ValidateOptions;
use crate::validate::verdict::kept::KeptVerdict;

/// How often who waits looks whether it has been asked to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What has landed; nothing before.
type Landed = Option<Arc<KeptVerdict>>;

/// The runs that are under way.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<HashMap<CacheKey, Weak<AsyncMutex<Landed>>>>);

/// A run that is under way, or about to be.
#[derive(Debug)]
pub(crate) struct Flight(Arc<AsyncMutex<Landed>>);

impl Flights {
    /// The run of this key.
    pub(crate) fn join(&self, key: &CacheKey) -> Flight {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(key).and_then(Weak::upgrade) {
            return Flight(flight);
        }
        flights.retain(|_, it| it.strong_count() > 0);
        let flight = Arc::default();
        flights.insert(key.clone(), Arc::downgrade(&flight));
        Flight(flight)
    }
}

impl Flight {
    /// Waits until no other runs. What has landed then is the verdict; if nothing has, it is one's own turn to
    /// run, as long as the guard is held.
    pub(crate) async fn wait(&self, options: &ValidateOptions) -> Result<OwnedMutexGuard<Landed>> {
        loop {
            options.cancellation.check()?;
            let turn = Arc::clone(&self.0).lock_owned();
            if let Some(turn) = within(&*options.clock, LOOK_EVERY, turn).await {
                return Ok(turn);
            }
        }
    }
}
