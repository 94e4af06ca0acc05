//! What every circuit breaker must do, as a list of cases.
//!
//! An implementation's tests call [`check`] with a function that makes breakers. The cases use only the
//! trait.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, TestClock};
use crate::error::{Error, ErrorKind, Result};
use crate::resilience::breaker::{CircuitBreaker, Outcome};
use crate::resilience::state::CircuitState;

/// A breaker to try a promise on, and its clock.
#[derive(Debug)]
struct Bench {
    clock: TestClock,
    breaker: Arc<dyn CircuitBreaker>,
}

/// One promise of [`CircuitBreaker`].
struct Case {
    name: &'static str,
    run: fn(&Bench) -> Result<()>,
}

/// Longer than any time that a breaker under test may stay in a state.
const LONG: Duration = Duration::from_mins(2);

/// Tries every promise, each on a breaker of its own that `make` makes with the clock that it is given. It
/// must be closed, open when four calls in a row have failed, and stay open for a minute at most; half open,
/// it lets two probes out at a time, closes when two have succeeded, and gives up probes that are out for a
/// minute.
///
/// # Errors
///
/// The names of the promises that do not hold, each with what was found instead.
pub fn check(make: impl Fn(Arc<dyn Clock>) -> Result<Arc<dyn CircuitBreaker>>) -> Result<()> {
    let mut broken = Vec::new();
    for case in CASES {
        let clock = TestClock::new();
        let breaker = make(Arc::new(clock.clone()))?;
        if let Err(error) = (case.run)(&Bench { clock, breaker }) {
            broken.push(format!("{}: {error}", case.name));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(failure(broken.join("\n"))) }
}

/// Names functions as cases.
macro_rules! case_list {
    ($($name:ident),* $(,)?) => {
        const CASES: &[Case] = &[$(Case { name: stringify!($name), run: $name }),*];
    };
}

case_list![
    opens_when_calls_fail,
    stays_closed_for_mistakes_of_callers,
    counts_a_dropped_call,
    refuses_until_it_recovers,
    checking_takes_no_permit,
    probes_are_bounded_and_come_back,
    enough_probes_close_it,
    a_failed_probe_opens_it,
    lost_probes_do_not_wedge_it,
    late_answers_change_nothing,
    orders_hold,
    transitions_are_numbered_without_gaps,
    totals_add_up,
];

fn opens_when_calls_fail(bench: &Bench) -> Result<()> {
    bench.expect(CircuitState::Closed)?;
    bench.calls(3, Outcome::Failure)?;
    bench.expect(CircuitState::Closed)?;
    bench.calls(1, Outcome::Failure)?;
    bench.expect(CircuitState::Open)
}

fn stays_closed_for_mistakes_of_callers(bench: &Bench) -> Result<()> {
    bench.calls(1000, Outcome::Ignored)?;
    bench.expect(CircuitState::Closed)
}

fn counts_a_dropped_call(bench: &Bench) -> Result<()> {
    for _ in 0..3 {
        drop(bench.breaker.try_acquire()?);
    }
    let dropped = bench.breaker.statistics().metrics.total_dropped;
    ensure(dropped == 3, || format!("{dropped} of 3 dropped calls are counted"))
}

fn refuses_until_it_recovers(bench: &Bench) -> Result<()> {
    bench.open()?;
    let Err(refusal) = bench.breaker.try_acquire() else {
        return Err(failure("a call went through"));
    };
    let known = refusal.retry_after.is_some_and(|it| it > Duration::ZERO && it <= LONG);
    ensure(known, || format!("it is not known when to come back: {refusal:?}"))?;
    bench.clock.advance(refusal.retry_after.unwrap_or(LONG));
    bench.calls(1, Outcome::Success)?;
    bench.expect(CircuitState::HalfOpen)
}

fn checking_takes_no_permit(bench: &Bench) -> Result<()> {
    bench.half_open()?;
    for _ in 0..100 {
        bench.breaker.check()?;
    }
    bench.breaker.try_acquire()?.ignore();
    bench.open()?;
    ensure(bench.breaker.check().is_err(), || "an open breaker would let a call through".to_owned())
}

fn probes_are_bounded_and_come_back(bench: &Bench) -> Result<()> {
    bench.half_open()?;
    let (first, second) = (bench.breaker.try_acquire()?, bench.breaker.try_acquire()?);
    let third = bench.breaker.try_acquire().is_err();
    ensure(third, || "a third probe is out".to_owned())?;
    first.ignore();
    bench.breaker.try_acquire()?.ignore();
    second.ignore();
    bench.expect(CircuitState::HalfOpen)
}

fn enough_probes_close_it(bench: &Bench) -> Result<()> {
    bench.half_open()?;
    bench.calls(2, Outcome::Success)?;
    bench.expect(CircuitState::Closed)?;
    bench.calls(3, Outcome::Failure)?;
    bench.expect(CircuitState::Closed)
}

fn a_failed_probe_opens_it(bench: &Bench) -> Result<()> {
    bench.half_open()?;
    bench.calls(1, Outcome::Failure)?;
    bench.expect(CircuitState::Open)
}

fn lost_probes_do_not_wedge_it(bench: &Bench) -> Result<()> {
    bench.half_open()?;
    let _lost = (bench.breaker.try_acquire()?, bench.breaker.try_acquire()?);
    for _ in 0..4 {
        bench.clock.advance(LONG);
        let _ = bench.breaker.try_acquire().map(|it| it.record(Outcome::Success));
    }
    bench.expect(CircuitState::Closed)
}

fn late_answers_change_nothing(bench: &Bench) -> Result<()> {
    let late: Vec<_> = (0..8).map_while(|_| bench.breaker.try_acquire().ok()).collect();
    bench.half_open()?;
    for (number, permit) in late.into_iter().enumerate() {
        permit.record(if number % 2 == 0 { Outcome::Success } else { Outcome::Failure });
    }
    bench.expect(CircuitState::HalfOpen)
}

fn orders_hold(bench: &Bench) -> Result<()> {
    bench.breaker.force_open();
    bench.clock.advance(LONG);
    ensure(bench.breaker.try_acquire().is_err(), || {
        "forced open, it lets calls through".to_owned()
    })?;
    bench.expect(CircuitState::ForcedOpen)?;
    bench.breaker.disable();
    bench.calls(100, Outcome::Failure)?;
    bench.expect(CircuitState::Disabled)?;
    bench.breaker.metrics_only();
    bench.calls(100, Outcome::Failure)?;
    bench.expect(CircuitState::MetricsOnly)?;
    bench.breaker.reset();
    bench.calls(3, Outcome::Failure)?;
    bench.expect(CircuitState::Closed)
}

fn transitions_are_numbered_without_gaps(bench: &Bench) -> Result<()> {
    let mut events = bench.breaker.subscribe();
    bench.half_open()?;
    bench.calls(2, Outcome::Success)?;
    bench.breaker.force_open();
    let told: Vec<_> = std::iter::from_fn(|| events.try_next()).collect();
    let mut state = CircuitState::Closed;
    for (number, event) in (1..).zip(&told) {
        let fits = event.sequence == number && event.from == state;
        ensure(fits, || format!("{event:?} follows {state} as number {number}"))?;
        state = event.to;
    }
    let complete = told.len() == 4 && state == CircuitState::ForcedOpen;
    ensure(complete, || format!("not four transitions: {told:?}"))
}

fn totals_add_up(bench: &Bench) -> Result<()> {
    bench.calls(5, Outcome::Success)?;
    bench.calls(2, Outcome::Failure)?;
    bench.calls(3, Outcome::Ignored)?;
    bench.breaker.force_open();
    let refused = (0..4).filter(|_| bench.breaker.try_acquire().is_err()).count();
    let it = bench.breaker.statistics().metrics;
    let totals = [it.total_calls, it.total_successes, it.total_failures, it.total_ignored];
    let right = refused == 4 && it.total_rejected == 4 && totals == [7, 5, 2, 3];
    ensure(right, || format!("{it:?}"))
}

impl Bench {
    fn calls(&self, count: usize, outcome: Outcome) -> Result<()> {
        for _ in 0..count {
            self.breaker.try_acquire()?.record(outcome);
        }
        Ok(())
    }

    /// Opens the breaker by failures.
    fn open(&self) -> Result<()> {
        self.breaker.force_close();
        self.calls(4, Outcome::Failure)?;
        self.expect(CircuitState::Open)
    }

    /// Opens the breaker, and waits until it lets a probe out, which says nothing.
    fn half_open(&self) -> Result<()> {
        if self.breaker.state() != CircuitState::Open {
            self.calls(4, Outcome::Failure)?;
        }
        self.clock.advance(LONG);
        self.calls(1, Outcome::Ignored)?;
        self.expect(CircuitState::HalfOpen)
    }

    fn expect(&self, state: CircuitState) -> Result<()> {
        let found = self.breaker.state();
        ensure(found == state, || format!("it is {found} instead of {state}"))
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(failure(otherwise())) }
}

fn failure(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Internal, message)
}
