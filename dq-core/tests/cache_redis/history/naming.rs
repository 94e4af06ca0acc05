//! Watches which server the sentinels name, from beginning to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::history::record::now_micros;
use crate::servers::sentinel::Naming;

const EVERY: Duration = Duration::from_millis(20);

/// Watches until it is asked what it has seen.
pub(crate) struct Watch {
    is_over: Arc<AtomicBool>,
    watching: JoinHandle<Vec<(u64, u64)>>,
}

impl Watch {
    pub(crate) fn begin(naming: Naming) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let watching = thread::spawn(move || watch(&naming, &ends));
        Self { is_over, watching }
    }

    /// From when to when they went over from one server to another, each time.
    pub(crate) fn end(self) -> Vec<(u64, u64)> {
        self.is_over.store(true, Ordering::Relaxed);
        self.watching.join().expect("it does not panic")
    }
}

fn watch(naming: &Naming, is_over: &AtomicBool) -> Vec<(u64, u64)> {
    let mut changes = Vec::new();
    let mut last: Option<(u64, u16)> = None;
    while !is_over.load(Ordering::Relaxed) {
        let asked = now_micros();
        if let Some(port) = naming.port() {
            // All named the other one when they were last asked.
            changes.extend(last.filter(|it| it.1 != port).map(|it| (it.0, now_micros())));
            last = Some((asked, port));
        }
        thread::sleep(EVERY);
    }
    changes
}
