//! What must hold: rule sets, their checks, and the plan that a run follows.

pub mod expression;
mod severity;

pub use severity::Severity;
