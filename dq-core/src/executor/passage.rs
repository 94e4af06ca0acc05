//! One call on its way to the database.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::{Clock, within};
use crate::error::{Error, ErrorKind, Result};
use crate::executor::ledger::Meter;
use crate::executor::statistics::{CallStatistics, End};
use crate::resilience::Deadline;

/// One call on its way.
#[derive(Debug)]
pub(crate) struct Passage {
    pub(crate) allowed: Allowed,
    clock: Arc<dyn Clock>,
    begun: Instant,
    pub(crate) meter: Meter,
}

/// What a call may do, and how long.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    pub(crate) doing: Doing,
    pub(crate) node: Arc<str>,
    /// How long, for messages.
    pub(crate) span: Duration,
    pub(crate) until: Deadline,
}

/// What a call does to the database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Doing {
    /// It runs a statement that reads.
    Query,
    /// It runs a statement that writes.
    Change,
    /// It scans.
    Scan,
}

impl Passage {
    /// A call that begins now.
    pub(crate) fn new(allowed: Allowed, clock: Arc<dyn Clock>, meter: Meter) -> Self {
        let begun = clock.now();
        Self { allowed, clock, begun, meter }
    }

    /// Does `work` as long as there is time; what runs when it ends is dropped, which interrupts it.
    pub(crate) async fn run<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let begun = self.clock.now();
        let done = within(&*self.clock, self.left(), work).await;
        self.meter.figures.ran += self.clock.now().saturating_duration_since(begun);
        done.unwrap_or_else(|| Err(self.allowed.interrupted()))
    }

    /// Waits for something as long as there is time.
    pub(crate) async fn wait<T>(&mut self, something: impl Future<Output = T>) -> Option<T> {
        let begun = self.clock.now();
        let done = within(&*self.clock, self.left(), something).await;
        self.meter.figures.waited += self.clock.now().saturating_duration_since(begun);
        done
    }

    /// How much of the time is left.
    pub(crate) fn left(&self) -> Duration {
        self.allowed.until.remaining(&*self.clock).unwrap_or(Duration::MAX)
    }

    /// Whether the time is over.
    pub(crate) fn is_over(&self) -> bool {
        self.allowed.until.is_over(&*self.clock)
    }

    /// How long the call has been going on.
    pub(crate) fn since_begun(&self) -> Duration {
        self.clock.now().saturating_duration_since(self.begun)
    }

    /// The clock by which time is allowed.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Ends the call, and gives what it took.
    pub(crate) fn end<T>(self, result: &Result<T>) -> CallStatistics {
        self.meter.end(if result.is_ok() { End::Answered } else { End::Failed })
    }
}

impl Allowed {
    /// That the time was over before anything began.
    pub(crate) fn not_started(&self) -> Error {
        self.over("the database did not get to it")
    }

    /// That the time was over in the middle.
    pub(crate) fn interrupted(&self) -> Error {
        self.over("it was interrupted")
    }

    fn over(&self, what: &str) -> Error {
        let (doing, node, millis) = (self.doing.verb(), &self.node, self.span.as_millis());
        let message =
            format!("cannot {doing} `{node}`: the {millis} ms allowed are over, and {what}");
        Error::new(ErrorKind::Timeout, message)
    }
}

impl Doing {
    /// The word for it in messages.
    pub(crate) const fn verb(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Change => "change",
            Self::Scan => "scan",
        }
    }
}
