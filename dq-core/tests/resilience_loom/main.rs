//! Every order in which threads can take the steps of the breaker's state machine, tried one by one.
//! `make loom` runs this; otherwise there is nothing here.

#![cfg(dq_loom)]

mod resilience;

use std::sync::{Arc, Mutex};

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::resilience::machine::{Admission, Counted, Finding, Machine, Rules, Timed, Transition};
use crate::resilience::machine::{Window, state};
use crate::resilience::state::{CircuitCause, CircuitState};

const FAILURE: (Finding, bool) = (Finding::Failure, false);
const SUCCESS: (Finding, bool) = (Finding::Success, false);
const FORCE_OPEN: (CircuitState, CircuitCause) = (CircuitState::ForcedOpen, CircuitCause::Forced);
const CLOSE: (CircuitState, CircuitCause) = (CircuitState::Closed, CircuitCause::Forced);

/// A machine, and what it has told so far.
struct Subject {
    machine: Machine,
    told: Mutex<Vec<Transition>>,
}

impl Subject {
    fn new(window: Window) -> Arc<Self> {
        let rules = Rules {
            minimum: 2,
            failure_rate: 100.0,
            slow_rate: 100.0,
            consecutive: 0,
            open: 10,
            open_max: 10,
            jitter: 0.0,
            probes: 1,
            successes: 1,
            half_open: 10,
        };
        let machine = Machine::new(rules, window, 1);
        Arc::new(Self { machine, told: Mutex::default() })
    }

    fn counted(size: u32) -> Arc<Self> {
        Self::new(Window::Counted(Counted::new(size)))
    }

    fn admit(&self, now: u64) -> Option<u64> {
        let mut tell = |it| self.tell(it);
        match self.machine.admit(now, &mut tell) {
            Admission::Granted(word) => Some(word),
            Admission::Refused { .. } => None,
        }
    }

    fn settle(&self, granted: u64, finding: (Finding, bool), now: u64) {
        self.machine.settle(granted, finding, now, &mut |it| self.tell(it));
    }

    fn switch(&self, step: (CircuitState, CircuitCause)) {
        self.machine.switch(step, 0, &mut |it| self.tell(it));
    }

    /// Fails often enough to open.
    fn open(&self) {
        for _ in 0..2 {
            let granted = self.admit(0).expect("it is closed");
            self.settle(granted, FAILURE, 0);
        }
        assert_eq!(self.machine.state(), CircuitState::Open);
    }

    fn tell(&self, transition: Transition) {
        self.told.lock().expect("no panic").push(transition);
    }

    /// Checks that no transition is missing, doubled or out of order, and returns where they led.
    fn path(&self) -> Vec<CircuitState> {
        let told = self.told.lock().expect("no panic");
        let mut state = CircuitState::Closed;
        for (number, it) in told.iter().enumerate() {
            assert_eq!((it.sequence, it.from), (number as u64 + 1, state), "{told:?}");
            state = it.to;
        }
        assert_eq!(self.machine.state(), state, "{told:?}");
        assert_eq!(self.machine.sequence(), told.len() as u64);
        told.iter().map(|it| it.to).collect()
    }
}

/// Tries all orders with up to three preemptions.
fn model(test: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(test);
}

/// Runs both at once, and returns when both are done.
fn both(one: impl FnOnce() + 'static, other: impl FnOnce() + 'static) {
    let threads = [thread::spawn(one), thread::spawn(other)];
    for it in threads {
        it.join().expect("no panic");
    }
}

#[test]
fn two_failures_at_once_open_it_once() {
    for timed in [false, true] {
        model(move || {
            let window = if timed {
                Window::Timed(Timed::new(10))
            } else {
                Window::Counted(Counted::new(4))
            };
            let subject = Subject::new(window);
            let fail = |subject: Arc<Subject>| {
                let granted = subject.admit(0).expect("it is closed");
                move || subject.settle(granted, FAILURE, 0)
            };
            both(fail(Arc::clone(&subject)), fail(Arc::clone(&subject)));
            if timed && subject.path().is_empty() {
                // The checker knows no single order of all atomic steps, on which windows by time rely.
                return;
            }
            assert_eq!(subject.path(), [CircuitState::Open]);
        });
    }
}

#[test]
fn no_more_probes_are_out_than_may_be() {
    model(|| {
        let subject = Subject::counted(2);
        subject.open();
        let out = Arc::new(AtomicUsize::new(0));
        let probe = |subject: Arc<Subject>, out: Arc<AtomicUsize>| {
            move || {
                let Some(granted) = subject.admit(10) else { return };
                assert_eq!(state(granted), CircuitState::HalfOpen);
                assert_eq!(out.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
                out.fetch_sub(1, Ordering::SeqCst);
                subject.settle(granted, (Finding::Nothing, false), 10);
            }
        };
        let one = probe(Arc::clone(&subject), Arc::clone(&out));
        both(one, probe(Arc::clone(&subject), out));
        assert_eq!(subject.path(), [CircuitState::Open, CircuitState::HalfOpen]);
        assert!(subject.admit(10).is_some(), "the place came back");
    });
}

#[test]
fn probes_decide_once() {
    model(|| {
        let subject = Subject::counted(2);
        subject.open();
        let probe = |subject: Arc<Subject>, finding| {
            move || {
                if let Some(granted) = subject.admit(10) {
                    subject.settle(granted, finding, 10);
                }
            }
        };
        both(probe(Arc::clone(&subject), SUCCESS), probe(Arc::clone(&subject), FAILURE));
        let path = subject.path();
        assert!(path.starts_with(&[CircuitState::Open, CircuitState::HalfOpen]), "{path:?}");
        assert!(path.len() >= 3, "{path:?}");
    });
}

#[test]
fn expired_probes_make_way_once_while_one_comes_back() {
    model(|| {
        let subject = Subject::counted(2);
        subject.open();
        let granted = subject.admit(10).expect("a probe");
        let late = {
            let subject = Arc::clone(&subject);
            move || subject.settle(granted, SUCCESS, 20)
        };
        let next = {
            let subject = Arc::clone(&subject);
            move || {
                let _ = subject.admit(20);
            }
        };
        both(late, next);
        let path = subject.path();
        let last = path.last().copied();
        assert_eq!(path.len(), 3, "{path:?}");
        assert!(matches!(last, Some(CircuitState::Open | CircuitState::Closed)), "{path:?}");
    });
}

#[test]
fn an_order_is_not_lost_to_a_failure() {
    model(|| {
        let subject = Subject::counted(2);
        let granted = [subject.admit(0), subject.admit(0)].map(|it| it.expect("it is closed"));
        subject.settle(granted[0], FAILURE, 0);
        let fail = {
            let subject = Arc::clone(&subject);
            move || subject.settle(granted[1], FAILURE, 0)
        };
        let order = {
            let subject = Arc::clone(&subject);
            move || subject.switch(FORCE_OPEN)
        };
        both(fail, order);
        assert_eq!(subject.path().last(), Some(&CircuitState::ForcedOpen));
    });
}

#[test]
fn nothing_from_before_a_transition_is_in_the_window_after_it() {
    model(|| {
        let subject = Subject::counted(2);
        let granted = [subject.admit(0), subject.admit(0)].map(|it| it.expect("it is closed"));
        subject.settle(granted[0], SUCCESS, 0);
        let late = {
            let subject = Arc::clone(&subject);
            move || subject.settle(granted[1], FAILURE, 0)
        };
        let order = {
            let subject = Arc::clone(&subject);
            move || subject.switch(CLOSE)
        };
        both(late, order);
        assert_eq!(subject.path(), [CircuitState::Closed]);
        let counts = subject.machine.counts(0);
        assert_eq!((counts.calls, counts.failures), (0, 0));
    });
}

#[test]
fn what_comes_after_a_transition_stays_in_the_window() {
    model(|| {
        let subject = Subject::counted(2);
        let before = subject.admit(0).expect("it is closed");
        let order = {
            let subject = Arc::clone(&subject);
            move || subject.switch(CLOSE)
        };
        let granted = Arc::new(Mutex::new(before));
        let call = {
            let (subject, granted) = (Arc::clone(&subject), Arc::clone(&granted));
            move || {
                let word = subject.admit(0).expect("it is closed");
                subject.settle(word, SUCCESS, 0);
                *granted.lock().expect("no panic") = word;
            }
        };
        both(order, call);
        let came_after = *granted.lock().expect("no panic") != before;
        assert_eq!(subject.machine.counts(0).calls, u64::from(came_after));
    });
}

#[test]
fn the_counts_are_those_of_the_ring() {
    model(|| {
        let subject = Subject::counted(1);
        let settle = |finding| {
            let subject = Arc::clone(&subject);
            let granted = subject.admit(0).expect("it is closed");
            move || subject.settle(granted, finding, 0)
        };
        both(settle(SUCCESS), settle(FAILURE));
        let counts = subject.machine.counts(0);
        assert!(counts.calls == 1 && counts.failures <= 1, "{counts:?}");
        settle(SUCCESS)();
        let counts = subject.machine.counts(0);
        assert_eq!((counts.calls, counts.failures), (1, 0));
        assert!(subject.path().is_empty());
    });
}
