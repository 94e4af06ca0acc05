//! What a node remembers of a breaker from exchange to exchange.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::resilience::breaker::{CircuitBreaker, Switch};
use crate::resilience::cluster::{BreakerDigest, StandingOrder};
use crate::resilience::events::CircuitEvents;
use crate::resilience::state::{CircuitCause, CircuitState};

/// What is remembered of one breaker.
#[derive(Debug)]
pub(crate) struct Memory {
    breaker: Arc<dyn CircuitBreaker>,
    events: CircuitEvents,
    /// Since when it has been open on its own account.
    opened: Option<Instant>,
    /// When it was last closed.
    closed: Option<Instant>,
    /// The order that was carried out, and when it ends.
    order: Option<(StandingOrder, Option<Instant>)>,
    /// The serial of the last order that was carried out, also when it has been withdrawn since.
    serial: u64,
}

impl Memory {
    pub(crate) fn new(breaker: Arc<dyn CircuitBreaker>, now: Instant) -> Self {
        let events = breaker.subscribe();
        let opened = is_watching(breaker.state()).then_some(now);
        Self { breaker, events, opened, closed: None, order: None, serial: 0 }
    }

    pub(crate) fn is_of(&self, breaker: &Arc<dyn CircuitBreaker>) -> bool {
        Arc::ptr_eq(&self.breaker, breaker)
    }

    /// Takes in what has happened since the last time.
    pub(crate) fn listen(&mut self, now: Instant) {
        while let Some(event) = self.events.try_next() {
            match (event.to, event.cause) {
                (CircuitState::Open, CircuitCause::Cluster) => self.opened = None,
                (CircuitState::Open, _) => self.opened = self.opened.or(Some(now)),
                (CircuitState::HalfOpen, _) => {}
                (CircuitState::Closed, _) => (self.opened, self.closed) = (None, Some(now)),
                _ => self.opened = None,
            }
        }
    }

    /// Tells what this node has seen.
    pub(crate) fn digest(&mut self, now: Instant) -> BreakerDigest {
        self.listen(now);
        let statistics = self.breaker.statistics();
        if !is_watching(statistics.state) {
            self.opened = None;
        }
        let metrics = statistics.metrics;
        let calls = metrics.current_window_size;
        BreakerDigest {
            breaker: statistics.name,
            calls,
            failures: (metrics.failure_rate / 100.0 * calls as f64).round() as u64,
            open_for_ms: self.opened.map(|it| {
                u64::try_from(now.saturating_duration_since(it).as_millis()).unwrap_or(u64::MAX)
            }),
        }
    }

    /// Returns how long ago the breaker was last closed.
    pub(crate) fn closed_for(&self, now: Instant) -> Option<Duration> {
        self.closed.map(|it| now.saturating_duration_since(it))
    }

    /// Carries out an order that has not been carried out yet, and takes note of when it ends. One that was
    /// withdrawn here may still come in from before then.
    pub(crate) fn obey(&mut self, standing: &StandingOrder, now: Instant) {
        if standing.serial > self.serial {
            self.breaker.switch(standing.order.switch);
            self.serial = standing.serial;
        } else if self.order.as_ref().is_none_or(|(it, _)| it.serial != standing.serial) {
            return;
        }
        let left = standing.order.expires_in_ms.map(Duration::from_millis);
        self.order = Some((standing.clone(), left.and_then(|it| now.checked_add(it))));
    }

    /// Ends the order that a view given at `serial` does not hold, unless it may be newer than the view.
    pub(crate) fn release(&mut self, serial: u64) {
        if self.order.as_ref().is_some_and(|(it, _)| it.serial < serial) {
            self.withdraw();
        }
    }

    /// Forgets the order, and closes the breaker where the order still holds it.
    pub(crate) fn withdraw(&mut self) {
        if let Some((standing, _)) = self.order.take()
            && left_by(standing.order.switch) == Some(self.breaker.state())
        {
            self.breaker.force_close();
        }
    }

    /// Ends the order whose time is over, though nobody has withdrawn it.
    pub(crate) fn expire(&mut self, now: Instant) {
        if let Some((_, Some(end))) = &self.order
            && now >= *end
        {
            self.withdraw();
        }
    }

    pub(crate) fn order(&self) -> Option<&StandingOrder> {
        self.order.as_ref().map(|(it, _)| it)
    }
}

/// The state in which an order keeps a breaker until it is withdrawn.
fn left_by(switch: Switch) -> Option<CircuitState> {
    match switch {
        Switch::ForceOpen => Some(CircuitState::ForcedOpen),
        Switch::Disable => Some(CircuitState::Disabled),
        Switch::MetricsOnly => Some(CircuitState::MetricsOnly),
        Switch::ForceClose | Switch::ForceHalfOpen | Switch::Reset | Switch::Trip => None,
    }
}

fn is_watching(state: CircuitState) -> bool {
    matches!(state, CircuitState::Open | CircuitState::HalfOpen)
}
