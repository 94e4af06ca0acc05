//! What dq logs goes to Python's `logging`, under the name `dq`.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::prelude::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::runtime;

/// Gives events to the logger `dq`. Events of libraries below dq are left out.
#[derive(Debug, Default)]
struct PythonLog {
    spans: AtomicU64,
}

/// Makes Python's `logging` hear of what dq logs. Others that use `tracing` in this process are other
/// libraries, with a copy of it each.
pub(crate) fn install() {
    // Only the first module of a process gets here first; a second one logs the same way.
    drop(tracing::subscriber::set_global_default(PythonLog::default()));
}

impl Subscriber for PythonLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && metadata.target().starts_with("dq")
            && *metadata.level() <= Level::DEBUG
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed).saturating_add(1).max(1))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let level = match *event.metadata().level() {
            Level::ERROR => 40,
            Level::WARN => 30,
            Level::INFO => 20,
            _ => 10,
        };
        runtime::with_python(|py| {
            // There is nobody to tell that a log cannot be written.
            drop(log(py, level, &text.message));
        });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Logs a line at a level of Python's.
pub(crate) fn log(py: Python<'_>, level: u8, message: &str) -> PyResult<()> {
    let logger = py.import("logging")?.call_method1("getLogger", ("dq",))?;
    if logger.call_method1("isEnabledFor", (level,))?.is_truthy()? {
        logger.call_method1("log", (level, "%s", message))?;
    }
    Ok(())
}

/// The message of an event, with its fields behind it.
#[derive(Default)]
struct Text {
    message: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = if field.name() == "message" {
            let fields = std::mem::take(&mut self.message);
            write!(self.message, "{value:?}{fields}")
        } else {
            write!(self.message, " {}={value:?}", field.name())
        };
    }
}
