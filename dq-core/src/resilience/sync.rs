//! The atomics that the state machine is made of, in one place: the model tests put others here.

pub(crate) use std::sync::Mutex;
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
