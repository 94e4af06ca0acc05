//! The runtime that calls from Python run on: one for each process, so that a fork gets its own.
//!
//! Threads of the runtime enter Python only through [`with_python`], which counts them: at the end of the
//! process [`shutdown`] lets those that are inside come out, and none in, before the interpreter goes away.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{process, thread};

use dq_core::{Error, ErrorKind};
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::error;

/// How many threads drive futures. What works, or blocks, has threads of its own.
const WORKERS: usize = 2;

/// How long work in flight may take to stop when the process ends.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long a thread may stay inside of Python then.
const PATIENCE_INSIDE: Duration = Duration::from_secs(2);

/// The runtime of each process from the first to this one. What was started before a fork belongs to the
/// parent: its threads do not exist here, so that it must not even be dropped.
///
/// Locked only by who is attached to Python, and so never while another thread forks.
static RUNTIMES: Mutex<Vec<Running>> = Mutex::new(Vec::new());

static IS_CLOSING: AtomicBool = AtomicBool::new(false);

static INSIDE: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug)]
struct Running {
    process: u32,
    handle: Handle,
    /// None once the process is ending.
    runtime: Option<Runtime>,
}

fn runtimes(_: Python<'_>) -> MutexGuard<'static, Vec<Running>> {
    RUNTIMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The runtime of this process.
pub(crate) fn handle(py: Python<'_>) -> PyResult<Handle> {
    let process = process::id();
    let mut runtimes = runtimes(py);
    if let Some(running) = runtimes.last().filter(|it| it.process == process) {
        return Ok(running.handle.clone());
    }
    INSIDE.store(0, Ordering::SeqCst);
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name("dq")
        .enable_all()
        .build()
        .map_err(|it| error::to_python(py, &Error::from_io("start", "the threads of dq", it)))?;
    let handle = runtime.handle().clone();
    runtimes.push(Running { process, handle: handle.clone(), runtime: Some(runtime) });
    Ok(handle)
}

/// Attaches a thread of the runtime to Python; none if the interpreter is going away.
pub(crate) fn with_python<R>(work: impl FnOnce(Python<'_>) -> R) -> Option<R> {
    let _inside = Inside::new();
    if IS_CLOSING.load(Ordering::SeqCst) {
        return None;
    }
    Python::try_attach(work)
}

struct Inside;

impl Inside {
    fn new() -> Self {
        INSIDE.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Stops all work in flight; Python calls it at the end of the process.
#[pyfunction]
pub(crate) fn shutdown(py: Python<'_>) {
    let process = process::id();
    let runtime =
        runtimes(py).last_mut().filter(|it| it.process == process).map(|it| it.runtime.take());
    let Some(Some(runtime)) = runtime else { return };
    IS_CLOSING.store(true, Ordering::SeqCst);
    py.detach(|| {
        runtime.shutdown_timeout(PATIENCE);
        let step = Duration::from_millis(1);
        for _ in 0..PATIENCE_INSIDE.as_millis() {
            if INSIDE.load(Ordering::SeqCst) == 0 {
                return;
            }
            thread::sleep(step);
        }
    });
}

/// Something that lives on the runtime: used only in the process that made it, dropped only there, and
/// dropped where a runtime is at hand.
#[derive(Debug)]
pub(crate) struct Held<T: 'static> {
    value: Option<T>,
    what: &'static str,
    process: u32,
    handle: Handle,
}

impl<T> Held<T> {
    pub(crate) fn new(what: &'static str, value: T, handle: Handle) -> Self {
        Self { value: Some(value), what, process: process::id(), handle }
    }

    /// The value, if this is the process that made it.
    pub(crate) fn get(&self, py: Python<'_>) -> PyResult<&T> {
        if let Some(value) = self.value.as_ref().filter(|_| self.process == process::id()) {
            return Ok(value);
        }
        Err(forked(py, self.what))
    }
}

/// The error of who uses after a fork what was made before it.
pub(crate) fn forked(py: Python<'_>, what: &str) -> PyErr {
    let message = format!("cannot use {what} after a fork: make it in the process that uses it");
    error::to_python(py, &Error::new(ErrorKind::UsageInvalid, message))
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        let Some(value) = self.value.take() else { return };
        if self.process == process::id() {
            let _entered = self.handle.enter();
            drop(value);
        } else {
            // Closing a connection that the parent still uses would break its locks.
            Box::leak(Box::new(value));
        }
    }
}
