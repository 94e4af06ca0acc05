//! The sources of the state machine, over the atomics of the model checker.

#[path = "../../src/resilience/machine/mod.rs"]
#[expect(dead_code, reason = "the breaker uses more of it")]
pub(crate) mod machine;
#[path = "../../src/resilience/state.rs"]
#[expect(dead_code, reason = "callers use more of it")]
pub(crate) mod state;

pub(crate) mod sync {
    pub(crate) use loom::sync::Mutex;
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
}
