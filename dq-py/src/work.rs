//! What runs while Python waits, blocking or in an event loop: the one way from a future to Python.
//!
//! ```text
//!  Work.start(future) ──▶ task of the runtime ──▶ outcome ──▶ wait() returns, callbacks are called
//!        │ cancel(), or Work is dropped
//!        └──▶ the future is dropped, which stops what it does
//! ```

use std::fmt;
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dq_core::Result;
use pyo3::prelude::*;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::error;
use crate::runtime;
use crate::scope;

/// How often who waits looks whether Python has something to tell: Ctrl-C, mostly.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long interrupted work may take to stop before its caller goes on.
const FAREWELL: Duration = Duration::from_millis(50);

/// Makes an object of Python of what the work gave.
type Give = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// Work that goes on while Python does something else, or waits.
#[pyclass(frozen, module = "dq._dq")]
pub(crate) struct Work {
    shared: Arc<Shared>,
    abort: AbortHandle,
    process: u32,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

enum State {
    Running(Vec<Py<PyAny>>),
    Ended(Give),
    Taken,
}

impl Default for State {
    fn default() -> Self {
        Self::Running(Vec::new())
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("process", &self.process).finish_non_exhaustive()
    }
}

impl Work {
    /// Starts `future` on the runtime of this process; `give` makes an object of what it gives.
    pub(crate) fn start<T: Send + 'static>(
        py: Python<'_>,
        future: impl Future<Output = Result<T>> + Send + 'static,
        give: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> PyResult<Self> {
        Ok(Self::start_on(&runtime::handle(py)?, future, give))
    }

    /// Starts what may block, on a thread of its own.
    pub(crate) fn start_blocking<T: Send + 'static>(
        py: Python<'_>,
        work: impl FnOnce() -> Result<T> + Send + 'static,
        give: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> PyResult<Self> {
        let handle = runtime::handle(py)?;
        let blocking = handle.clone();
        let future = async move {
            blocking.spawn_blocking(work).await.unwrap_or_else(|it| Err(error::lost(it)))
        };
        Ok(Self::start_on(&handle, future, give))
    }

    fn start_on<T: Send + 'static>(
        handle: &Handle,
        future: impl Future<Output = Result<T>> + Send + 'static,
        give: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> Self {
        let task = handle.spawn(future);
        let (shared, abort) = (Arc::new(Shared::default()), task.abort_handle());
        scope::note(&abort);
        let told = Arc::clone(&shared);
        handle.spawn(async move {
            let result = task.await.unwrap_or_else(|it| Err(error::lost(it)));
            told.end(Box::new(move |py| match result {
                Ok(value) => give(py, value),
                Err(error) => Err(error::to_python(py, &error)),
            }));
        });
        Self { shared, abort, process: process::id() }
    }

    fn check_process(&self, py: Python<'_>) -> PyResult<()> {
        if self.process == process::id() { Ok(()) } else { Err(runtime::forked(py, "work")) }
    }
}

#[pymethods]
impl Work {
    /// Waits for the end, without the GIL. Ctrl-C stops the work.
    pub(crate) fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.check_process(py)?;
        while !py.detach(|| self.shared.has_ended(LOOK_EVERY)) {
            if let Err(interrupt) = py.check_signals() {
                self.abort.abort();
                py.detach(|| self.shared.has_ended(FAREWELL));
                return Err(interrupt);
            }
        }
        self.result(py)
    }

    /// What the work gave, once it has ended; can be taken once.
    fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let mut state = self.shared.lock();
        let reason = match *state {
            State::Ended(_) => None,
            State::Running(_) => Some("has not ended yet"),
            State::Taken => Some("was taken already"),
        };
        if let Some(reason) = reason {
            drop(state);
            let message = format!("cannot take the result of work: it {reason}");
            return Err(error::usage(py, message));
        }
        let ended = std::mem::replace(&mut *state, State::Taken);
        drop(state);
        match ended {
            State::Ended(give) => give(py),
            _ => Ok(py.None()),
        }
    }

    /// Calls `callback` from some thread when the work has ended; at once if it has.
    fn when_ended(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<()> {
        self.check_process(py)?;
        if let State::Running(callbacks) = &mut *self.shared.lock() {
            callbacks.push(callback);
            return Ok(());
        }
        callback.call0(py).map(|_| ())
    }

    /// Stops the work.
    fn cancel(&self) {
        self.abort.abort();
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if self.process == process::id() {
            self.abort.abort();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end, no longer than `patience`.
    fn has_ended(&self, patience: Duration) -> bool {
        let running = |state: &mut State| matches!(state, State::Running(_));
        let waited = self.ended.wait_timeout_while(self.lock(), patience, running);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !running(&mut state)
    }

    fn end(&self, give: Give) {
        let state = std::mem::replace(&mut *self.lock(), State::Ended(give));
        self.ended.notify_all();
        let State::Running(callbacks) = state else { return };
        if callbacks.is_empty() {
            return;
        }
        runtime::with_python(|py| {
            for callback in callbacks {
                // A loop that is closed has nobody who waits.
                drop(callback.call0(py));
            }
        });
    }
}
