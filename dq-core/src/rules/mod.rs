//! What must hold: rule sets, their checks, and the plan that a run follows.

pub mod expression;
pub mod format;
mod severity;

pub use severity::Severity;
