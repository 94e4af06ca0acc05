//! Circuit breaker, deadline, retry, bulkhead: what keeps a failing dependency from taking its callers along.
//!
//! [`Guard::call`] puts all of them around a call, in the one order that works. Each also stands alone.
//!
//! A breaker around a call:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use dq_core::clock::TestClock;
//! use dq_core::resilience::{CircuitBreaker, CircuitBreakerConfig, CircuitState, WindowedCircuitBreaker};
//!
//! # fn main() -> dq_core::Result<()> {
//! let clock = TestClock::new(); // `SystemClock` elsewhere.
//! let config = CircuitBreakerConfig { minimum_requests: 3, success_threshold: 1, ..Default::default() };
//! let breaker = WindowedCircuitBreaker::new("database", &config, Arc::new(clock.clone()))?;
//!
//! let call = |works: bool| -> dq_core::Result<()> {
//!     let permit = breaker.try_acquire()?;
//!     if works { permit.success() } else { permit.failure() }
//!     Ok(())
//! };
//! for _ in 0..3 {
//!     call(false)?;
//! }
//! assert_eq!(breaker.state(), CircuitState::Open);
//! assert!(call(true).is_err(), "refused without being tried");
//!
//! clock.advance(Duration::from_secs(36));
//! call(true)?;
//! assert_eq!(breaker.state(), CircuitState::Closed);
//! # Ok(())
//! # }
//! ```

mod breaker;
mod budget;
mod bulkhead;
pub mod cluster;
mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
mod deadline;
mod events;
mod guard;
mod hedge;
mod latencies;
#[cfg(feature = "tower")]
mod layer;
mod machine;
pub(crate) mod random;
mod registry;
mod retry;
mod state;
mod statistics;
mod sync;
mod windowed;

pub use breaker::{CircuitBreaker, CircuitOpen, Grant, Outcome, Permit, Switch};
pub use bulkhead::{Bulkhead, BulkheadConfig, BulkheadPermit};
pub use config::{CircuitBreakerConfig, SlidingWindow};
pub use deadline::Deadline;
pub use events::{CircuitEvent, CircuitEventSender, CircuitEvents};
pub use guard::{Attempt, CallOptions, Guard, GuardConfig, Work, judge};
pub use hedge::HedgeConfig;
#[cfg(feature = "tower")]
pub use layer::{GuardLayer, GuardService};
pub use registry::CircuitBreakerRegistry;
pub use retry::{Retry, RetryConfig};
pub use state::{CircuitCause, CircuitState};
pub use statistics::{CircuitMetrics, CircuitStatistics};
pub use windowed::WindowedCircuitBreaker;
