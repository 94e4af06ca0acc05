//! The state machine of a circuit breaker. It is told the time, does no I/O, and names no type of a
//! runtime, so that a model checker can try every order of its steps.
//!
//! ```text
//!                     failure rate, slow-call rate or failures in a row
//!          ┌────────┐ ────────────────────────────────────────────────▶ ┌────────┐
//!   ──────▶│ closed │                                                   │  open  │◀─────────┐
//!          └────────┘                                                   └────────┘          │
//!               ▲                                                            │ recovery     │ a probe fails or
//!               │                                                            │ timeout over,│ is slow; all are
//!               │ enough probes succeed                                      │ a call comes │ out for too long
//!               │                       ┌───────────┐                        │              │
//!               └───────────────────────│ half open │◀───────────────────────┘              │
//!                                       └───────────┘───────────────────────────────────────┘
//!
//!   from any state, by order:  ▶ closed   ▶ half open   ▶ forced open   ▶ disabled   ▶ metrics only
//! ```
//!
//! One word holds the state and its *epoch*, the number of transitions so far. A call carries the word
//! under which it was admitted; what it brings back is judged only while that word still stands, so that
//! a late answer changes nothing. Window, streak and probes are marked with the epoch they belong to, and
//! each is empty for any other: that is how every transition clears them, in one step.
//!
//! Calls in the closed state take no lock. Transitions take one, for as long as it takes to write a few
//! numbers: under it the word is compared again, so that a transition happens once and they are told of
//! in their order.

mod counted;
mod probes;
mod rules;
mod timed;
mod word;

use std::sync::PoisonError;

pub(crate) use crate::resilience::machine::counted::Counted;
use crate::resilience::machine::probes::Probes;
pub(crate) use crate::resilience::machine::rules::{Counts, Rules};
pub(crate) use crate::resilience::machine::timed::Timed;
pub(crate) use crate::resilience::machine::word::{RANDOM_STEP, share, state};
use crate::resilience::machine::word::{epoch, streak, streak_of, word};
use crate::resilience::state::{CircuitCause, CircuitState};
use crate::resilience::sync::{AtomicU64, Mutex, Ordering};

/// A circuit breaker without a clock. Times are nanoseconds since whatever moment the caller likes.
#[derive(Debug)]
pub(crate) struct Machine {
    rules: Rules,
    /// The state, and the epoch above it.
    word: AtomicU64,
    window: Window,
    /// How many calls of the closed state were recorded, ever; it also points into the window.
    recorded: AtomicU64,
    /// Failures in a row: their number, and the epoch above it.
    streak: AtomicU64,
    probes: Probes,
    open_until: AtomicU64,
    opened: Mutex<Opened>,
}

/// The outcomes that count.
#[derive(Debug)]
pub(crate) enum Window {
    Counted(Counted),
    Timed(Timed),
}

/// What only transitions need.
#[derive(Debug)]
struct Opened {
    /// How often it has opened since it was last closed.
    times: u32,
    random: u64,
}

/// Where to go, and why.
type Step = (CircuitState, CircuitCause);

/// An answer to who wants to make a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Admission {
    /// Go ahead, and bring the word back.
    Granted(u64),
    /// No; `wait` nanoseconds from now it may be otherwise.
    Refused { state: CircuitState, wait: Option<u64> },
}

/// What a word means at some moment to who wants to make a call.
enum Look {
    Free,
    Refused {
        state: CircuitState,
        wait: Option<u64>,
    },
    /// A probe may go out, unless another thread lets one out first.
    Probe,
    /// The state is over.
    Due(Step),
}

/// What became of a call, as far as the machine cares.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Finding {
    Success,
    Failure,
    Nothing,
}

/// One step from state to state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Transition {
    pub(crate) sequence: u64,
    pub(crate) from: CircuitState,
    pub(crate) to: CircuitState,
    pub(crate) cause: CircuitCause,
}

impl Machine {
    /// A closed breaker. `seed` is for the jitter.
    pub(crate) fn new(rules: Rules, window: Window, seed: u64) -> Self {
        Self {
            rules,
            word: AtomicU64::new(word(CircuitState::Closed, 0)),
            window,
            recorded: AtomicU64::new(0),
            streak: AtomicU64::new(0),
            probes: Probes::new(),
            open_until: AtomicU64::new(0),
            opened: Mutex::new(Opened { times: 0, random: seed }),
        }
    }

    pub(crate) fn state(&self) -> CircuitState {
        state(self.word.load(Ordering::Acquire))
    }

    /// Returns the number of the last transition.
    pub(crate) fn sequence(&self) -> u64 {
        epoch(self.word.load(Ordering::Acquire))
    }

    /// Returns how many calls of the closed state were ever recorded.
    pub(crate) fn recorded(&self) -> u64 {
        self.recorded.load(Ordering::Relaxed)
    }

    /// Returns what the window holds.
    pub(crate) fn counts(&self, now: u64) -> Counts {
        let epoch = epoch(self.word.load(Ordering::Acquire));
        self.window.counts(epoch, now)
    }

    /// Returns how many calls in a row had failed when the breaker was last closed, or is.
    pub(crate) fn failures_in_a_row(&self) -> u64 {
        self.streak.load(Ordering::Acquire) & u64::from(u32::MAX)
    }

    /// Asks for a call.
    pub(crate) fn admit(&self, now: u64, told: &mut impl FnMut(Transition)) -> Admission {
        // Another turn follows only where another thread has changed something, or a transition was due.
        loop {
            let word = self.word.load(Ordering::Acquire);
            match self.look(word, now) {
                Look::Free => return Admission::Granted(word),
                Look::Refused { state, wait } => return Admission::Refused { state, wait },
                Look::Probe if self.probes.admit(epoch(word), self.rules.probes, now) => {
                    return Admission::Granted(word);
                }
                Look::Probe => {}
                Look::Due(step) => self.transition(word, step, now, told),
            }
        }
    }

    /// Says whether [`admit`](Self::admit) would refuse, and changes nothing.
    pub(crate) fn would_refuse(&self, now: u64) -> Option<(CircuitState, Option<u64>)> {
        match self.look(self.word.load(Ordering::Acquire), now) {
            Look::Free | Look::Probe | Look::Due((CircuitState::HalfOpen, _)) => None,
            Look::Refused { state, wait } => Some((state, wait)),
            Look::Due((state, _)) => Some((state, None)),
        }
    }

    /// Brings back what became of the call that was admitted under `granted`. Returns whether it went into
    /// the window.
    pub(crate) fn settle(
        &self,
        granted: u64,
        (finding, slow): (Finding, bool),
        now: u64,
        told: &mut impl FnMut(Transition),
    ) -> bool {
        match state(granted) {
            CircuitState::Closed | CircuitState::MetricsOnly => {
                self.settle_call(granted, (finding, slow), now, told)
            }
            CircuitState::HalfOpen => {
                self.settle_probe(granted, (finding, slow), now, told);
                false
            }
            CircuitState::Open | CircuitState::ForcedOpen | CircuitState::Disabled => false,
        }
    }

    /// Goes to another state by order. Where it is there already nothing happens, but `Closed` begins anew;
    /// and only a closed breaker becomes `Open`.
    pub(crate) fn switch(&self, (to, cause): Step, now: u64, told: &mut impl FnMut(Transition)) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let word = self.word.load(Ordering::Relaxed);
        let goes = match to {
            CircuitState::Closed => true,
            CircuitState::Open => state(word) == CircuitState::Closed,
            _ => state(word) != to,
        };
        if goes {
            told(self.enter(&mut opened, word, (to, cause), now));
        }
    }

    fn look(&self, word: u64, now: u64) -> Look {
        let state = state(word);
        match state {
            CircuitState::Closed | CircuitState::Disabled | CircuitState::MetricsOnly => Look::Free,
            CircuitState::ForcedOpen => Look::Refused { state, wait: None },
            CircuitState::Open => match self.open_for(now) {
                0 => Look::Due((CircuitState::HalfOpen, CircuitCause::RecoveryTimeout)),
                wait => Look::Refused { state, wait: Some(wait) },
            },
            CircuitState::HalfOpen if !self.probes.are_full(epoch(word), self.rules.probes) => {
                Look::Probe
            }
            CircuitState::HalfOpen if self.probes.idle(now) < self.rules.half_open => {
                Look::Refused { state, wait: None }
            }
            CircuitState::HalfOpen => Look::Due((CircuitState::Open, CircuitCause::ProbesExpired)),
        }
    }

    fn settle_call(
        &self,
        granted: u64,
        (finding, slow): (Finding, bool),
        now: u64,
        told: &mut impl FnMut(Transition),
    ) -> bool {
        if finding == Finding::Nothing || self.word.load(Ordering::Acquire) != granted {
            return false;
        }
        let (epoch, failed) = (epoch(granted), finding == Finding::Failure);
        let ticket = self.recorded.fetch_add(1, Ordering::Relaxed);
        let streak = self.continue_streak(epoch, failed);
        let Some(counts) = self.window.record(epoch, ticket, (failed, slow), now) else {
            return true;
        };
        if state(granted) == CircuitState::Closed
            && let Some(cause) = self.rules.verdict(counts, streak)
        {
            self.transition(granted, (CircuitState::Open, cause), now, told);
        }
        true
    }

    fn settle_probe(
        &self,
        granted: u64,
        (finding, slow): (Finding, bool),
        now: u64,
        told: &mut impl FnMut(Transition),
    ) {
        let success = finding == Finding::Success && !slow;
        let Some(successes) = self.probes.settle(epoch(granted), success, now) else {
            return; // Of probes that nobody waits for any more.
        };
        if finding == Finding::Failure || (finding == Finding::Success && slow) {
            let step = (CircuitState::Open, CircuitCause::ProbeFailed);
            self.transition(granted, step, now, told);
        } else if successes >= self.rules.successes {
            let step = (CircuitState::Closed, CircuitCause::ProbesSucceeded);
            self.transition(granted, step, now, told);
        }
    }

    /// Counts failures in a row, and returns how many there are now.
    fn continue_streak(&self, epoch: u64, failed: bool) -> u64 {
        let mut old = self.streak.load(Ordering::Acquire);
        loop {
            let Some(length) = streak_of(old, epoch) else { return 0 };
            if !failed && length == 0 {
                return 0;
            }
            let length = if failed { (length + 1).min(u64::from(u32::MAX)) } else { 0 };
            let new = streak(length, epoch);
            match self.streak.compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return length,
                Err(it) => old = it,
            }
        }
    }

    /// Returns how much longer the breaker stays open.
    fn open_for(&self, now: u64) -> u64 {
        self.open_until.load(Ordering::Acquire).saturating_sub(now)
    }

    fn transition(&self, from: u64, step: Step, now: u64, told: &mut impl FnMut(Transition)) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if self.word.load(Ordering::Relaxed) == from {
            told(self.enter(&mut opened, from, step, now));
        }
    }

    fn enter(&self, opened: &mut Opened, old: u64, (to, cause): Step, now: u64) -> Transition {
        let epoch = epoch(old) + 1;
        match to {
            CircuitState::Open => {
                opened.random = opened.random.wrapping_add(RANDOM_STEP);
                let span = self.rules.open_span(opened.times, share(opened.random));
                opened.times = opened.times.saturating_add(1);
                self.open_until.store(now.saturating_add(span), Ordering::Release);
            }
            CircuitState::HalfOpen => self.probes.begin(epoch, now),
            CircuitState::Closed | CircuitState::MetricsOnly => {
                opened.times = 0;
                self.window.begin(epoch, now);
                self.streak.store(streak(0, epoch), Ordering::Release);
            }
            CircuitState::ForcedOpen | CircuitState::Disabled => opened.times = 0,
        }
        self.word.store(word(to, epoch), Ordering::Release);
        Transition { sequence: epoch, from: state(old), to, cause }
    }
}

impl Window {
    fn begin(&self, epoch: u64, now: u64) {
        match self {
            Self::Counted(it) => it.begin(epoch),
            Self::Timed(it) => it.begin(epoch, now),
        }
    }

    /// Returns what the window then holds; nothing if it belongs to another epoch.
    fn record(&self, epoch: u64, ticket: u64, outcome: (bool, bool), now: u64) -> Option<Counts> {
        match self {
            Self::Counted(it) => it.record(epoch, ticket, outcome),
            Self::Timed(it) => it.record(epoch, outcome, now),
        }
    }

    fn counts(&self, epoch: u64, now: u64) -> Counts {
        match self {
            Self::Counted(it) => it.counts(epoch),
            Self::Timed(it) => it.counts(epoch, now),
        }
    }
}
