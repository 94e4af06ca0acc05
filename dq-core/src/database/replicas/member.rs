//! One server, and what this process knows of calls to it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit};

use crate::clock::Clock;
use crate::database::postgres::{PostgresConfig, PostgresDatabaseManager};
use crate::database::replicas::config::ReplicasConfig;
use crate::database::replicas::load::Load;
use crate::database::server::is_unanswered;
use crate::error::{Error, ErrorKind, Result};
use crate::resilience::{CircuitBreaker, Grant, Outcome, WindowedCircuitBreaker};
use crate::source::Source;

/// One server.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) database: PostgresDatabaseManager,
    pub(crate) breaker: WindowedCircuitBreaker,
    pub(crate) load: Load,
    /// Asks whoever polls the server to do it now.
    pub(crate) poke: Arc<Notify>,
    clock: Arc<dyn Clock>,
    /// Why it did not answer last.
    failure: Mutex<Option<(ErrorKind, String)>>,
}

impl Member {
    pub(crate) fn new(
        server: &PostgresConfig,
        config: &ReplicasConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let database = PostgresDatabaseManager::new(server, Arc::clone(&clock))?;
        let breaker =
            WindowedCircuitBreaker::new(database.name(), &config.breaker, Arc::clone(&clock))?;
        let load = Load::new(clock.now());
        let (poke, failure) = (Arc::default(), Mutex::default());
        Ok(Self { database, breaker, load, poke, clock, failure })
    }

    /// Notes why it did not answer; nothing if it did.
    pub(crate) fn failed(&self, error: Option<&Error>) {
        let failure = error.map(|it| (it.kind(), it.message().to_owned()));
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// Why it did not answer last.
    pub(crate) fn failure(&self) -> Option<Error> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.as_ref().map(|(kind, message)| Error::new(*kind, message.as_str()))
    }
}

/// A read that goes to a server. However it ends, the server's load and breaker hear of it.
#[derive(Debug)]
pub(crate) struct Routed {
    pub(crate) member: Arc<Member>,
    pub(crate) number: usize,
    /// Whether the server was a replica when it was chosen.
    pub(crate) is_replica: bool,
    /// The right to read from the primary.
    _place: Option<OwnedSemaphorePermit>,
    begun: Instant,
    grant: Option<Grant>,
    /// Whether a connection has to be made first, so that the time tells little about the server.
    is_cold: bool,
    /// How long the server took to answer, once it has.
    took: Option<Duration>,
}

impl Routed {
    pub(crate) fn new(
        member: Arc<Member>,
        number: usize,
        grant: Option<Grant>,
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        member.load.begin();
        let begun = member.clock.now();
        let (is_replica, is_cold) = (place.is_none(), member.database.is_cold());
        Self { member, number, is_replica, _place: place, begun, grant, is_cold, took: None }
    }

    /// Hears the answer. A stream goes on after it.
    pub(crate) fn answered<T>(&mut self, result: &Result<T>) {
        let took = self.member.clock.now().saturating_duration_since(self.begun);
        let outcome = match result {
            Err(error) => match error.kind() {
                ErrorKind::Unavailable => Outcome::Failure,
                ErrorKind::Timeout if is_unanswered(error) => Outcome::Failure,
                // That others were faster, or that all connections are taken.
                ErrorKind::Busy | ErrorKind::Timeout => Outcome::Ignored,
                _ => Outcome::Success,
            },
            Ok(_) => Outcome::Success,
        };
        self.took = (outcome == Outcome::Success && !self.is_cold).then_some(took);
        self.record(outcome, took);
    }

    fn record(&mut self, outcome: Outcome, took: Duration) {
        if let Some(grant) = self.grant.take() {
            self.member.breaker.record(grant, outcome, Some(took));
        }
    }
}

impl Drop for Routed {
    fn drop(&mut self) {
        self.record(Outcome::Dropped, Duration::ZERO);
        self.member.load.end(self.took, self.member.clock.now());
    }
}
