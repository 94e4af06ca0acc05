//! What every circuit breaker promises.

use std::sync::Arc;

use dq_core::resilience::conformance::check;
use dq_core::resilience::{CircuitBreakerConfig, SlidingWindow, WindowedCircuitBreaker};

use crate::small;

#[test]
fn promises_hold_for_windows_by_count_and_by_time() {
    for sliding_window in [SlidingWindow::Count, SlidingWindow::Time] {
        let config = CircuitBreakerConfig { sliding_window, ..small() };
        let made = check(|clock| Ok(Arc::new(WindowedCircuitBreaker::new("db", &config, clock)?)));
        if let Err(error) = made {
            panic!("{sliding_window:?}: {error}");
        }
    }
}
