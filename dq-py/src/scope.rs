//! All work that one thread of Python's starts, so that another thread can stop it.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use tokio::task::AbortHandle;

thread_local! {
    /// The scope that this thread is in.
    static CURRENT: RefCell<Option<Arc<Shared>>> = const { RefCell::new(None) };
}

/// A context manager: what a thread starts inside of it ends with `cancel`.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug, Default)]
pub(crate) struct Scope {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_cancelled: bool,
    running: Vec<AbortHandle>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Scope {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn __enter__(&self) {
        CURRENT.replace(Some(Arc::clone(&self.shared)));
    }

    #[pyo3(signature = (*_error))]
    fn __exit__(&self, _error: &Bound<'_, PyAny>) {
        CURRENT.with_borrow_mut(|it| it.take_if(|it| Arc::ptr_eq(it, &self.shared)));
    }

    /// Stops what runs, and whatever is started later.
    fn cancel(&self) {
        let mut state = self.shared.lock();
        state.is_cancelled = true;
        state.running.drain(..).for_each(|it| it.abort());
    }
}

/// Notes work that this thread has started.
pub(crate) fn note(work: &AbortHandle) {
    let Some(shared) = CURRENT.with_borrow(Clone::clone) else { return };
    let mut state = shared.lock();
    if state.is_cancelled {
        work.abort();
        return;
    }
    state.running.retain(|it| !it.is_finished());
    state.running.push(work.clone());
}
