//! All work that one thread of Python's starts, so that another thread can stop it.

use std::cell::RefCell;
use std::sync::Arc;

use pyo3::prelude::*;
use tokio::task::AbortHandle;

use crate::waiting::Waiting;

thread_local! {
    /// The scope that this thread is in.
    static CURRENT: RefCell<Option<Arc<Waiting<AbortHandle>>>> = const { RefCell::new(None) };
}

/// A context manager: what a thread starts inside of it ends with `cancel`.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug, Default)]
pub(crate) struct Scope {
    shared: Arc<Waiting<AbortHandle>>,
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
        self.shared.cancel().iter().for_each(AbortHandle::abort);
    }
}

/// Notes work that this thread has started.
pub(crate) fn note(work: &AbortHandle) {
    let Some(shared) = CURRENT.with_borrow(Clone::clone) else { return };
    if let Some(late) = shared.add(work.clone(), |it| !it.is_finished()) {
        late.abort();
    }
}
