//! What must hold: rule sets, their checks, and the plan that a run follows.

mod severity;

pub use severity::Severity;
