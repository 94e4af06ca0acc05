//! Circuit breakers.

use std::sync::{Arc, Mutex, PoisonError};

use dq_core::clock::SystemClock;
use dq_core::resilience::{
    CircuitBreaker, CircuitBreakerConfig, Grant, Outcome, WindowedCircuitBreaker,
};
use dq_core::{Error, ErrorKind};
use pyo3::prelude::*;

use crate::error;
use crate::source::from_json;
use crate::validate::json;

/// Watches the calls to one dependency.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct BreakerHandle {
    breaker: Arc<dyn CircuitBreaker>,
}

#[pymethods]
impl BreakerHandle {
    #[new]
    fn new(py: Python<'_>, name: &str, options: &str) -> PyResult<Self> {
        let config: CircuitBreakerConfig =
            from_json(py, "options of the circuit breaker", options)?;
        let breaker = WindowedCircuitBreaker::new(name, &config, Arc::new(SystemClock));
        Ok(Self { breaker: Arc::new(breaker.map_err(|it| error::to_python(py, &it))?) })
    }

    #[getter]
    fn name(&self) -> &str {
        self.breaker.name()
    }

    /// Such as `closed`.
    #[getter]
    fn state(&self) -> &'static str {
        self.breaker.state().as_str()
    }

    /// Asks to make one call.
    fn acquire(&self, py: Python<'_>) -> PyResult<PermitHandle> {
        let permit = self.breaker.try_acquire().map_err(|refusal| {
            let after = refusal.retry_after.map(|it| it.as_secs_f64());
            let raised = error::to_python(py, &Error::from(refusal));
            // An attribute more, for who wants to know when.
            drop(raised.value(py).setattr("retry_after", after));
            raised
        })?;
        let grant = Mutex::new(Some(permit.into_grant()));
        Ok(PermitHandle { breaker: Arc::clone(&self.breaker), grant })
    }

    /// Gives an order: `force_open`, `force_close`, `force_half_open`, `disable`, `metrics_only`, `reset`.
    fn switch(&self, py: Python<'_>, order: &str) -> PyResult<()> {
        let order = serde_json::from_value(order.into()).map_err(|_| {
            error::to_python(
                py,
                &Error::new(ErrorKind::UsageInvalid, format!("a breaker knows no order `{order}`")),
            )
        })?;
        self.breaker.switch(order);
        Ok(())
    }

    /// What has been counted, as JSON.
    fn statistics(&self, py: Python<'_>) -> PyResult<String> {
        json(&self.breaker.statistics()).map_err(|it| error::to_python(py, &it))
    }
}

/// The permission to make one call.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct PermitHandle {
    breaker: Arc<dyn CircuitBreaker>,
    grant: Mutex<Option<Grant>>,
}

#[pymethods]
impl PermitHandle {
    fn success(&self) {
        self.record(Outcome::Success);
    }

    fn failure(&self) {
        self.record(Outcome::Failure);
    }

    fn ignore(&self) {
        self.record(Outcome::Ignored);
    }
}

impl PermitHandle {
    fn record(&self, outcome: Outcome) {
        let grant = self.grant.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(grant) = grant {
            self.breaker.record(grant, outcome, None);
        }
    }
}

impl Drop for PermitHandle {
    fn drop(&mut self) {
        self.record(Outcome::Dropped);
    }
}
