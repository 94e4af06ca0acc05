//! The breaker against a model of it that is as plain as can be: whatever is done to both, both are the
//! same. `make soak` takes a million steps.

use std::collections::VecDeque;
use std::time::Duration;

use dq_core::clock::TestClock;
use dq_core::resilience::{
    CircuitBreaker, CircuitBreakerConfig, CircuitCause, CircuitEvents, CircuitState, Outcome,
    Permit, SlidingWindow, Switch,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::breaker;

#[derive(Clone, Copy, Debug)]
enum Step {
    Acquire,
    /// Ends one of the calls under way.
    Settle(usize, Outcome),
    /// A call that takes no time.
    Call(Outcome),
    Advance(u64),
    Switch(Switch),
}

/// The model, with times in milliseconds.
struct Model {
    config: CircuitBreakerConfig,
    now: u64,
    state: CircuitState,
    epoch: u64,
    /// When a call was recorded, whether it failed, whether it was slow.
    window: VecDeque<(u64, bool, bool)>,
    streak: u32,
    out: u32,
    successes: u32,
    moved: u64,
    open_until: u64,
    opened: u32,
    told: Vec<(u64, CircuitState, CircuitState, CircuitCause)>,
}

/// A call of the model: the epoch and state it was admitted in, and when.
type Call = (u64, CircuitState, u64);

impl Model {
    fn new(config: CircuitBreakerConfig) -> Self {
        Self {
            config,
            now: 0,
            state: CircuitState::Closed,
            epoch: 0,
            window: VecDeque::new(),
            streak: 0,
            out: 0,
            successes: 0,
            moved: 0,
            open_until: 0,
            opened: 0,
            told: Vec::new(),
        }
    }

    fn acquire(&mut self) -> Result<Call, (CircuitState, Option<u64>)> {
        if self.state == CircuitState::Open && self.now >= self.open_until {
            self.go(CircuitState::HalfOpen, CircuitCause::RecoveryTimeout);
        }
        let full = self.out >= self.config.half_open_permits;
        if self.state == CircuitState::HalfOpen && full {
            if self.now - self.moved < self.config.half_open_max_ms {
                return Err((self.state, None));
            }
            self.go(CircuitState::Open, CircuitCause::ProbesExpired);
        }
        match self.state {
            CircuitState::Open => return Err((self.state, Some(self.open_until - self.now))),
            CircuitState::ForcedOpen => return Err((self.state, None)),
            CircuitState::HalfOpen => {
                self.out += 1;
                self.moved = self.now;
            }
            _ => {}
        }
        Ok((self.epoch, self.state, self.now))
    }

    fn settle(&mut self, (epoch, state, since): Call, outcome: Outcome) {
        if epoch != self.epoch {
            return;
        }
        let took = self.now - since;
        let dropped_late = outcome == Outcome::Dropped && took >= self.config.dropped_call_min_ms;
        let failed = outcome == Outcome::Failure || dropped_late;
        let counts = failed || outcome == Outcome::Success;
        let slow = counts && took >= self.config.slow_call_duration_ms;
        match state {
            CircuitState::Closed | CircuitState::MetricsOnly if counts => self.record(failed, slow),
            CircuitState::HalfOpen => self.settle_probe(counts, failed || slow),
            _ => {}
        }
    }

    fn record(&mut self, failed: bool, slow: bool) {
        self.window.push_back((self.now, failed, slow));
        if self.config.sliding_window == SlidingWindow::Count
            && self.window.len() > self.config.sliding_window_size as usize
        {
            self.window.pop_front();
        }
        self.streak = if failed { self.streak + 1 } else { 0 };
        let (calls, failures, slow) = self.counts();
        if self.state != CircuitState::Closed || calls < self.config.minimum_requests as usize {
            return;
        }
        let share = |part: usize| part as f64 / calls as f64 * 100.0 + 1e-9;
        let threshold = self.config.failure_threshold;
        if failures > 0 && share(failures) >= self.config.failure_rate_threshold {
            self.go(CircuitState::Open, CircuitCause::FailureRate);
        } else if slow > 0 && share(slow) >= self.config.slow_call_rate_threshold {
            self.go(CircuitState::Open, CircuitCause::SlowCallRate);
        } else if threshold > 0 && self.streak >= threshold {
            self.go(CircuitState::Open, CircuitCause::ConsecutiveFailures);
        }
    }

    fn settle_probe(&mut self, counts: bool, bad: bool) {
        self.out -= 1;
        self.moved = self.now;
        if counts && bad {
            return self.go(CircuitState::Open, CircuitCause::ProbeFailed);
        }
        self.successes += u32::from(counts);
        if self.successes >= self.config.success_threshold {
            self.go(CircuitState::Closed, CircuitCause::ProbesSucceeded);
        }
    }

    /// Calls, failures and slow calls in the window.
    fn counts(&self) -> (usize, usize, usize) {
        let span = self.config.sliding_window_ms / 10;
        let by_time = self.config.sliding_window == SlidingWindow::Time;
        let recent = |it: &&(u64, bool, bool)| !by_time || it.0 / span + 10 > self.now / span;
        let calls: Vec<_> = self.window.iter().filter(recent).collect();
        let count = |is: fn(&(u64, bool, bool)) -> bool| calls.iter().filter(|it| is(it)).count();
        (calls.len(), count(|it| it.1), count(|it| it.2))
    }

    fn go(&mut self, to: CircuitState, cause: CircuitCause) {
        self.epoch += 1;
        self.told.push((self.epoch, self.state, to, cause));
        self.state = to;
        self.window.clear();
        match to {
            CircuitState::Open => {
                let doubled = self.config.recovery_timeout_ms << self.opened.min(20);
                self.open_until = self.now + doubled.min(self.config.recovery_timeout_max_ms);
                self.opened += 1;
            }
            CircuitState::HalfOpen => (self.out, self.successes, self.moved) = (0, 0, self.now),
            CircuitState::Closed | CircuitState::MetricsOnly => (self.opened, self.streak) = (0, 0),
            _ => self.opened = 0,
        }
    }

    fn switch(&mut self, to: Switch) {
        let (state, cause) = match to {
            Switch::ForceOpen => (CircuitState::ForcedOpen, CircuitCause::Forced),
            Switch::ForceHalfOpen => (CircuitState::HalfOpen, CircuitCause::Forced),
            Switch::Disable => (CircuitState::Disabled, CircuitCause::Forced),
            Switch::MetricsOnly => (CircuitState::MetricsOnly, CircuitCause::Forced),
            Switch::Reset => (CircuitState::Closed, CircuitCause::Reset),
            Switch::Trip => (CircuitState::Open, CircuitCause::Cluster),
            _ => (CircuitState::Closed, CircuitCause::Forced),
        };
        let goes = match to {
            Switch::Trip => self.state == CircuitState::Closed,
            _ => state == CircuitState::Closed || state != self.state,
        };
        if goes {
            self.go(state, cause);
        }
    }
}

/// The breaker and its model, and the calls that are under way in both.
struct Pair<'a> {
    breaker: &'a dyn CircuitBreaker,
    clock: TestClock,
    events: CircuitEvents,
    model: Model,
    under_way: Vec<(Permit<'a>, Call)>,
}

impl Pair<'_> {
    fn step(&mut self, step: Step) {
        match step {
            Step::Acquire => self.acquire(),
            Step::Call(outcome) => {
                let before = self.under_way.len();
                self.acquire();
                if self.under_way.len() > before {
                    self.settle(before, outcome);
                }
            }
            Step::Settle(which, outcome) if !self.under_way.is_empty() => {
                self.settle(which % self.under_way.len(), outcome);
            }
            Step::Settle(..) => {}
            Step::Advance(span) => {
                self.clock.advance(Duration::from_millis(span));
                self.model.now += span;
            }
            Step::Switch(to) => {
                self.breaker.switch(to);
                self.model.switch(to);
            }
        }
        self.compare();
    }

    fn acquire(&mut self) {
        let checked = self.breaker.check().map_err(|it| it.state);
        let permit = self.breaker.try_acquire();
        assert_eq!(checked.is_ok(), permit.is_ok());
        match (permit, self.model.acquire()) {
            (Ok(permit), Ok(call)) => self.under_way.push((permit, call)),
            (Err(refusal), Err((state, wait))) => {
                assert_eq!(refusal.state, state);
                assert_eq!(refusal.retry_after, wait.map(Duration::from_millis));
            }
            (permit, call) => panic!("{permit:?}, but the model says {call:?}"),
        }
    }

    fn settle(&mut self, which: usize, outcome: Outcome) {
        let (permit, call) = self.under_way.swap_remove(which);
        match outcome {
            Outcome::Dropped => drop(permit),
            _ => permit.record(outcome),
        }
        self.model.settle(call, outcome);
    }

    fn compare(&mut self) {
        let told = std::iter::from_fn(|| self.events.try_next());
        let told: Vec<_> = told.map(|it| (it.sequence, it.from, it.to, it.cause)).collect();
        assert_eq!(told, std::mem::take(&mut self.model.told));
        assert_eq!(self.breaker.state(), self.model.state);
        let statistics = self.breaker.statistics();
        let (calls, failures, slow) = self.model.counts();
        assert_eq!(statistics.metrics.current_window_size, calls as u64);
        let near =
            |rate: f64, part: usize| (rate / 100.0 * calls as f64 - part as f64).abs() < 1e-6;
        assert!(near(statistics.metrics.failure_rate, failures), "{statistics:?}");
        assert!(near(statistics.metrics.slow_call_rate, slow), "{statistics:?}");
        assert_eq!(statistics.consecutive_failures, u64::from(self.model.streak));
    }
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Success),
        4 => Just(Outcome::Failure),
        1 => Just(Outcome::Ignored),
        1 => Just(Outcome::Dropped),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let switch = prop_oneof![
        Just(Switch::ForceOpen),
        Just(Switch::ForceClose),
        Just(Switch::ForceHalfOpen),
        Just(Switch::Disable),
        Just(Switch::MetricsOnly),
        Just(Switch::Reset),
        Just(Switch::Trip),
    ];
    prop_oneof![
        20 => Just(Step::Acquire),
        20 => (any::<usize>(), outcome()).prop_map(|(which, it)| Step::Settle(which, it)),
        30 => outcome().prop_map(Step::Call),
        15 => (0u64..400).prop_map(Step::Advance),
        3 => (0u64..6000).prop_map(Step::Advance),
        1 => switch.prop_map(Step::Switch),
    ]
}

fn config() -> impl Strategy<Value = CircuitBreakerConfig> {
    let window = prop_oneof![Just(SlidingWindow::Count), Just(SlidingWindow::Time)];
    let thresholds = (0u32..6, 1u32..=100, 1u32..=100, 1u32..8);
    let sizes = (1u32..20, 1000u64..3000, 1u64..2000);
    let recovery = (100u64..1000, 0u64..3000, 1u32..4, 1u32..4, 0u64..600);
    (window, thresholds, sizes, recovery).prop_map(|(window, thresholds, sizes, recovery)| {
        CircuitBreakerConfig {
            failure_threshold: thresholds.0,
            failure_rate_threshold: thresholds.1.into(),
            slow_call_duration_ms: sizes.2,
            slow_call_rate_threshold: thresholds.2.into(),
            sliding_window: window,
            sliding_window_size: sizes.0,
            sliding_window_ms: sizes.1 / 10 * 10,
            minimum_requests: thresholds.3.min(sizes.0),
            recovery_timeout_ms: recovery.0,
            recovery_timeout_max_ms: recovery.0 + recovery.1,
            recovery_jitter_percent: 0,
            half_open_permits: recovery.2,
            success_threshold: recovery.3,
            half_open_max_ms: 1000,
            dropped_call_min_ms: recovery.4,
        }
    })
}

/// 25 thousand steps; a million where long runs are asked for.
fn cases() -> u32 {
    if std::env::var_os("DQ_SOAK").is_some() { 2_500 } else { 64 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn breaker_and_model_do_the_same(config in config(), steps in vec(step(), 0..800)) {
        let clock = TestClock::new();
        let breaker = breaker(&config, &clock);
        let (events, model) = (breaker.subscribe(), Model::new(config));
        let mut pair = Pair { breaker: &breaker, clock, events, model, under_way: Vec::new() };
        for step in steps {
            pair.step(step);
        }
    }
}
