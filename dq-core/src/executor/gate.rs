//! What all work on one database passes.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::{Clock, within};
use crate::error::{Error, ErrorKind, Result};
use crate::executor::call::Call;
use crate::executor::config::ExecutorConfig;
use crate::executor::fair_limit::{FairLimit, NoPlace, Place};
use crate::executor::ledger::{Ledger, Meter};
use crate::executor::statistics::{CallStatistics, End, ExecutorStatistics};

/// What all work on one database passes: a limit that is fair between callers, and deadlines. Executors
/// and sources that share one share its limit.
pub struct Gate {
    node: Arc<str>,
    config: ExecutorConfig,
    clock: Arc<dyn Clock>,
    limit: Arc<FairLimit>,
    ledger: Arc<Ledger>,
}

impl Gate {
    /// A gate before the database that messages and figures call `node`, without credentials.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` for a value out of its range.
    pub fn new(
        node: impl Into<Arc<str>>,
        config: ExecutorConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>> {
        config.validate()?;
        let limit = FairLimit::new(config.concurrent_max, config.waiting_max);
        let (node, ledger) = (node.into(), Arc::default());
        Ok(Arc::new(Self { node, config, clock, limit, ledger }))
    }

    /// The database, as messages and figures call it.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// How it was made.
    pub fn config(&self) -> &ExecutorConfig {
        &self.config
    }

    /// What passed so far, and what is passing now. Never waits.
    pub fn statistics(&self) -> ExecutorStatistics {
        let (running, waiting) = self.limit.counts();
        ExecutorStatistics { running, waiting, ..self.ledger.statistics() }
    }

    /// Lets nobody in any more, sends away who waits, and returns when all who are in have left.
    pub async fn close(&self) {
        self.limit.close().await;
    }

    /// Begins a call that does something, such as "query", to the database.
    pub(crate) fn begin(&self, call: &Call, doing: &'static str) -> Passage {
        let span = call.deadline.unwrap_or_else(|| self.config.deadline());
        let begun = self.clock.now();
        let meter = Meter::start(&self.ledger, &call.name, &self.node);
        let clock = Arc::clone(&self.clock);
        let allowed = Allowed { doing, node: Arc::clone(&self.node), span, begun };
        Passage { allowed, clock, meter }
    }

    /// Lets `work` be done: first a place, then the database, for as long as there is time. The answer comes
    /// with the place, since a stream or a snapshot goes on.
    pub(crate) async fn pass<T, F>(
        &self,
        passage: &mut Passage,
        call: &Call,
        work: impl Fn() -> F,
    ) -> Result<(T, Place)>
    where
        F: Future<Output = Result<T>>,
    {
        let place = self.enter(passage, call).await?;
        passage.meter.figures.attempts += 1;
        let value = passage.run(work()).await?;
        Ok((value, place))
    }

    /// Waits for a place, no longer than the call may take.
    async fn enter(&self, passage: &mut Passage, call: &Call) -> Result<Place> {
        let waiting = self.clock.now();
        let left = passage.allowed.left(waiting);
        if left.is_zero() {
            return Err(passage.allowed.not_started());
        }
        let entering = self.limit.enter(call.caller.shared_name(), call.caller.weight());
        let entered = within(&*self.clock, left, entering).await;
        passage.meter.figures.waited += self.clock.now().saturating_duration_since(waiting);
        match entered {
            Some(Ok(place)) => Ok(place),
            Some(Err(NoPlace::Full)) => Err(self.full(passage.allowed.doing)),
            Some(Err(NoPlace::Closed)) => Err(self.closed(passage.allowed.doing)),
            None => Err(passage.allowed.not_started()),
        }
    }

    fn full(&self, doing: &str) -> Error {
        let (node, waiting_max) = (&self.node, self.config.waiting_max);
        let reason = format!("{waiting_max} calls wait already, which is all that may");
        Error::new(ErrorKind::Busy, format!("cannot {doing} `{node}`: {reason}"))
    }

    fn closed(&self, doing: &str) -> Error {
        let message = format!("cannot {doing} `{}`: the executor is closed", self.node);
        Error::new(ErrorKind::Unavailable, message)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (running, waiting) = self.limit.counts();
        f.debug_struct("Gate")
            .field("node", &self.node)
            .field("running", &running)
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}

/// One call on its way.
#[derive(Debug)]
pub(crate) struct Passage {
    pub(crate) allowed: Allowed,
    clock: Arc<dyn Clock>,
    pub(crate) meter: Meter,
}

impl Passage {
    /// Does `work` as long as there is time; what runs when it ends is dropped, which interrupts it.
    pub(crate) async fn run<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let begun = self.clock.now();
        let done = within(&*self.clock, self.allowed.left(begun), work).await;
        self.meter.figures.ran += self.clock.now().saturating_duration_since(begun);
        done.unwrap_or_else(|| Err(self.allowed.interrupted()))
    }

    /// How much of the time is left.
    pub(crate) fn left(&self) -> Duration {
        self.allowed.left(self.clock.now())
    }

    /// How long the call has been going on.
    pub(crate) fn since_begun(&self) -> Duration {
        self.clock.now().saturating_duration_since(self.allowed.begun)
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

/// What a call may do, and how long.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    doing: &'static str,
    node: Arc<str>,
    span: Duration,
    begun: Instant,
}

impl Allowed {
    /// How much of the time is left.
    fn left(&self, now: Instant) -> Duration {
        self.span.saturating_sub(now.saturating_duration_since(self.begun))
    }

    /// That the time was over before anything began.
    pub(crate) fn not_started(&self) -> Error {
        self.over("the database did not get to it")
    }

    /// That the time was over in the middle.
    pub(crate) fn interrupted(&self) -> Error {
        self.over("it was interrupted")
    }

    fn over(&self, what: &str) -> Error {
        let (doing, node, millis) = (self.doing, &self.node, self.span.as_millis());
        let message =
            format!("cannot {doing} `{node}`: the {millis} ms allowed are over, and {what}");
        Error::new(ErrorKind::Timeout, message)
    }
}
