//! What all work on one database passes.

use std::fmt;
use std::sync::Arc;

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::attempt::{Attempt, judge};
use crate::executor::call::{Call, Repeat};
use crate::executor::config::ExecutorConfig;
use crate::executor::fair_limit::{FairLimit, NoPlace, Place};
use crate::executor::ledger::{Ledger, Meter};
use crate::executor::passage::{Allowed, Doing, Passage};
use crate::executor::statistics::{CallStatistics, End, ExecutorStatistics};
use crate::resilience::{CircuitBreaker, Deadline, Outcome, Retry, WindowedCircuitBreaker};
use crate::source::Usage;

/// What all work on one node of a database passes: a limit that is fair between callers, deadlines,
/// retries, and a circuit breaker. Executors and sources that share a gate share its limits.
pub struct Gate {
    node: Arc<str>,
    config: ExecutorConfig,
    clock: Arc<dyn Clock>,
    limit: Arc<FairLimit>,
    breaker: Arc<dyn CircuitBreaker>,
    retry: Retry,
    ledger: Arc<Ledger>,
}

impl Gate {
    /// A gate before the database that messages and figures call `node`, without credentials, with a breaker
    /// of its own.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` for a value out of its range.
    pub fn new(node: &str, config: ExecutorConfig, clock: Arc<dyn Clock>) -> Result<Arc<Self>> {
        config.validate()?;
        let breaker = WindowedCircuitBreaker::new(node, &config.breaker, Arc::clone(&clock))?;
        Self::with_breaker(config, Arc::new(breaker), clock)
    }

    /// A gate with a breaker that exists, such as one of a registry, and its name; `config.breaker` is not
    /// used.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` for a value out of its range.
    pub fn with_breaker(
        config: ExecutorConfig,
        breaker: Arc<dyn CircuitBreaker>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>> {
        config.validate()?;
        Ok(Arc::new(Self {
            node: breaker.name().into(),
            limit: FairLimit::new(config.concurrent_max, config.waiting_max),
            retry: Retry::new(&config.retry, Arc::clone(&clock))?,
            breaker,
            ledger: Arc::default(),
            config,
            clock,
        }))
    }

    /// The database, as messages and figures call it.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// How it was made.
    pub fn config(&self) -> &ExecutorConfig {
        &self.config
    }

    /// The breaker.
    pub fn breaker(&self) -> &Arc<dyn CircuitBreaker> {
        &self.breaker
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

    /// Whether anyone is let in, for what needs no place.
    ///
    /// # Errors
    ///
    /// `Unavailable` once the gate is closed.
    #[cfg(feature = "cache")]
    pub(crate) fn check_open(&self, doing: Doing) -> Result<()> {
        if self.limit.is_closed() { Err(self.closed(doing)) } else { Ok(()) }
    }

    /// Begins a call.
    pub(crate) fn begin(&self, call: &Call, doing: Doing) -> Passage {
        let span = call.deadline.unwrap_or_else(|| self.config.deadline());
        let meter = Meter::start(&self.ledger, &call.name, &self.node);
        let until = Deadline::after(&*self.clock, span);
        let allowed = Allowed { doing, node: Arc::clone(&self.node), span, until };
        Passage::new(allowed, Arc::clone(&self.clock), meter)
    }

    /// Begins a part of a call that another meter tells of.
    #[cfg(feature = "cache")]
    pub(crate) fn begin_within(&self, call: &Call, doing: Doing) -> Passage {
        let mut passage = self.begin(call, doing);
        passage.meter.forget();
        passage
    }

    /// Lets `work` be done. The answer comes with the place, since a stream or a snapshot goes on.
    ///
    /// The order is this, from the outside to the inside, and there is no other. What can be answered by the
    /// cache does not come here at all.
    ///
    /// 1. The **deadline** of the call: it covers every wait that follows.
    /// 2. The **limit**: one place for a call with all its attempts. Who would have to queue asks the breaker
    ///    first, since there is no use in waiting in order to be refused.
    /// 3. **Retry**: around the breaker, so that the breaker sees every attempt, and attempts end as soon as
    ///    it opens.
    /// 4. The **breaker**: a permit for each attempt.
    /// 5. The **database**, which is interrupted when the deadline is over.
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
        self.retry.called();
        let mut permit = self.breaker.try_acquire()?;
        loop {
            passage.meter.figures.attempts += 1;
            let attempt = Attempt::start(permit, &*self.clock, self.config.hung_after());
            let result = passage.run(work()).await;
            let outcome = attempt.end(&result, passage.is_over());
            if outcome != Outcome::Failure || !may_repeat(call, passage) {
                return result.map(|it| (it, place));
            }
            let (number, until) = (passage.meter.figures.attempts, passage.allowed.until);
            let Some(delay) = self.retry.delay_after(number, until) else {
                return result.map(|it| (it, place));
            };
            passage.wait(self.clock.sleep(delay)).await;
            // What the database said tells more than that the breaker has opened meanwhile.
            let Ok(next) = self.breaker.try_acquire() else {
                return result.map(|it| (it, place));
            };
            permit = next;
        }
    }

    /// Tells the breaker of a call that went wrong after it had begun well: a stream, a scan.
    pub(crate) fn report<T>(&self, result: &Result<T>) {
        if judge(result) == Outcome::Failure
            && let Ok(permit) = self.breaker.try_acquire()
        {
            permit.failure();
        }
    }

    /// Keeps the figures of a part of the call `name`, which is counted as a whole anyway.
    pub(crate) fn note(&self, name: &str, usage: &Usage) {
        let end = if usage.has_failed { End::Failed } else { End::Answered };
        let figures = CallStatistics {
            rows: usage.rows,
            ran: usage.ran,
            attempts: u32::try_from(usage.queries).unwrap_or(u32::MAX),
            ..CallStatistics::none(Arc::clone(&self.node))
        };
        self.ledger.add_part(&format!("{name}/{}", usage.name).into(), &figures, end);
    }

    /// Waits for a place, no longer than the call may take.
    async fn enter(&self, passage: &mut Passage, call: &Call) -> Result<Place> {
        if passage.is_over() {
            return Err(passage.allowed.not_started());
        }
        if self.limit.counts().0 >= self.config.concurrent_max {
            self.breaker.check()?;
        }
        let entering = self.limit.enter(call.caller.shared_name(), call.caller.weight());
        let doing = passage.allowed.doing;
        match passage.wait(entering).await {
            Some(Ok(place)) => Ok(place),
            Some(Err(NoPlace::Full)) => Err(self.full(doing)),
            Some(Err(NoPlace::Closed)) => Err(self.closed(doing)),
            None => Err(passage.allowed.not_started()),
        }
    }

    fn full(&self, doing: Doing) -> Error {
        let (doing, node, waiting_max) = (doing.verb(), &self.node, self.config.waiting_max);
        let reason = format!("{waiting_max} calls wait already, which is all that may");
        Error::new(ErrorKind::Busy, format!("cannot {doing} `{node}`: {reason}"))
    }

    fn closed(&self, doing: Doing) -> Error {
        let message = format!("cannot {} `{}`: the executor is closed", doing.verb(), self.node);
        Error::new(ErrorKind::Unavailable, message)
    }
}

/// Whether what failed may be done twice.
fn may_repeat(call: &Call, passage: &Passage) -> bool {
    match call.repeat {
        Repeat::Reads => passage.allowed.doing != Doing::Change,
        Repeat::Everything => true,
        Repeat::Nothing => false,
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
