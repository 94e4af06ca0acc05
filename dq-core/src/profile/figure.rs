//! A number that knows whether it is exact.

/// A count, exact or estimated.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Figure {
    /// The count.
    pub value: u64,
    /// Whether it is an estimate.
    pub estimate: bool,
    /// How far the truth lies from an estimate at most, as a share of it, in 95 of 100 cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<f64>,
}

impl Figure {
    /// A count that is exact.
    pub const fn exact(value: u64) -> Self {
        Self { value, estimate: false, error: None }
    }

    /// An estimate that differs from the truth by at most the share `error` of it, in 95 of 100 cases.
    pub const fn estimate(value: u64, error: f64) -> Self {
        Self { value, estimate: true, error: Some(error) }
    }
}
