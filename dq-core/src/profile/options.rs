//! How a profile is made.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::clock::{Clock, SystemClock};
use crate::source::Cancellation;
use crate::validate::ProgressListener;

/// How a profile is made.
#[derive(Clone)]
pub struct ProfileOptions {
    /// The tables to look at, as the source spells them. Default: empty, which means all.
    pub tables: Vec<String>,
    /// How many threads read at once. Default: 1; a program passes the parallelism that it grants.
    pub threads: NonZeroUsize,
    /// About how many bytes of memory the distinct values and the sample of rows of one table may take.
    /// What does not fit is estimated, and says so. Default: 2 GiB, enough for a million different
    /// values in each of twenty columns. To count with the engine takes memory of its own.
    pub memory_bytes: usize,
    /// How many frequent values and shapes of each column are shown at most. Default: 10.
    pub top: usize,
    /// Whether values of rows are shown: frequent values, minima, maxima. Default: yes, since they are
    /// what a profile is for.
    pub show_values: bool,
    /// Whether rules are suggested. Default: no; it takes a second scan.
    pub suggest: bool,
    /// Stops the run.
    pub cancellation: Cancellation,
    /// Hears how far the run is. Called from several threads.
    pub progress: Option<ProgressListener>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Default for ProfileOptions {
    fn default() -> Self {
        Self {
            tables: Vec::new(),
            threads: NonZeroUsize::MIN,
            memory_bytes: 2 << 30,
            top: 10,
            show_values: true,
            suggest: false,
            cancellation: Cancellation::new(),
            progress: None,
            clock: Arc::new(SystemClock),
        }
    }
}

impl fmt::Debug for ProfileOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileOptions")
            .field("tables", &self.tables)
            .field("threads", &self.threads)
            .field("memory_bytes", &self.memory_bytes)
            .field("top", &self.top)
            .field("show_values", &self.show_values)
            .field("suggest", &self.suggest)
            .finish_non_exhaustive()
    }
}
