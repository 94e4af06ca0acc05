//! What breakers tell of their transitions.

use std::time::SystemTime;

use serde::{Serialize, Serializer};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::resilience::state::{CircuitCause, CircuitState};
use crate::resilience::statistics::rfc_3339;

/// One transition of one breaker.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CircuitEvent {
    /// The number of the transition, counted from 1 for each breaker. No number is given twice, and none is
    /// left out: who sees a gap has been too slow.
    pub sequence: u64,
    /// The name of the breaker.
    pub breaker: String,
    /// The state before.
    pub from: CircuitState,
    /// The state after.
    pub to: CircuitState,
    /// Why.
    pub cause: CircuitCause,
    /// When, by the breaker's clock; in JSON as text, such as `2026-01-01T00:00:00Z`.
    #[serde(serialize_with = "write_time")]
    pub at: SystemTime,
}

impl CircuitEvent {
    /// Describes a transition, for who implements a breaker.
    pub fn new(
        sequence: u64,
        breaker: impl Into<String>,
        (from, to): (CircuitState, CircuitState),
        cause: CircuitCause,
        at: SystemTime,
    ) -> Self {
        Self { sequence, breaker: breaker.into(), from, to, cause, at }
    }
}

/// Tells subscribers of transitions. It never waits: who reads too slowly loses the oldest events.
#[derive(Debug)]
pub struct CircuitEventSender(broadcast::Sender<CircuitEvent>);

/// The transitions of a breaker since the subscription, in their order.
#[derive(Debug)]
pub struct CircuitEvents(broadcast::Receiver<CircuitEvent>);

/// How many events wait for a slow subscriber.
const WAITING_MAX: usize = 64;

impl CircuitEventSender {
    /// A sender without subscribers.
    pub fn new() -> Self {
        Self(broadcast::Sender::new(WAITING_MAX))
    }

    /// Tells all who have subscribed so far.
    pub fn send(&self, event: CircuitEvent) {
        // It fails only where nobody listens.
        let _ = self.0.send(event);
    }

    /// Returns the events from now on.
    pub fn subscribe(&self) -> CircuitEvents {
        CircuitEvents(self.0.subscribe())
    }
}

impl Default for CircuitEventSender {
    fn default() -> Self {
        Self::new()
    }
}

impl CircuitEvents {
    /// Waits for the next event; there is none any more once the breaker is gone. Up to 64 events are
    /// kept: beyond that the oldest are lost, which leaves a gap in their numbers.
    pub async fn next(&mut self) -> Option<CircuitEvent> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Returns the next event if it has come already.
    pub fn try_next(&mut self) -> Option<CircuitEvent> {
        loop {
            match self.0.try_recv() {
                Ok(event) => return Some(event),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }
}

fn write_time<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    rfc_3339(*time).serialize(serializer)
}
