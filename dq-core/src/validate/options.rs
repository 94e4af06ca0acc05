//! How a run is made.

use std::env;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::{Clock, SystemClock};
use crate::source::Cancellation;
use crate::validate::Engine;
use crate::validate::violations::ViolationListener;
use crate::value::Date;

/// How a run is made.
#[derive(Clone)]
pub struct ValidateOptions {
    /// Which engine answers the checks. Default: [`Engine::Auto`].
    pub engine: Engine,
    /// How many threads read and check at once. Default: 1; a program passes the parallelism that it
    /// grants. The threads are those of the caller's tokio runtime that may block.
    pub threads: NonZeroUsize,
    /// How many keys of failing rows each check shows at most. Default: 10.
    pub sample_limit: usize,
    /// Whether samples show the values of the checked columns beside the keys. Default: no, since
    /// reports travel further than the data may.
    pub show_values: bool,
    /// "Today" for rules about dates. Default: the day on which the run starts, in UTC.
    pub as_of: Option<Date>,
    /// How much memory the keys of the rows and the values of quantiles may take, in bytes; beyond it
    /// they go to temporary files.
    /// The batches that are being read come on top, some megabytes for each thread. Default: 2 GiB.
    pub memory_bytes_max: u64,
    /// Where temporary files are made. Default: the folder that the system has for them.
    pub temp_dir: PathBuf,
    /// Stops the run.
    pub cancellation: Cancellation,
    /// Hears how far the run is. Called from several threads.
    pub progress: Option<ProgressListener>,
    /// Hears of every failing row, where a sample is not enough: after the last table was read, from one
    /// thread, table by table and row by row. Its error ends the run. Default: nobody.
    pub violations: Option<ViolationListener>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How many bits of the hash of a key differ. For tests, which make nearly all keys collide.
    #[doc(hidden)]
    pub hash_bits: u32,
}

/// A function that hears of progress.
pub type ProgressListener = Arc<dyn Fn(&Progress) + Send + Sync>;

/// How far a run is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The table that is being read.
    pub table: String,
    /// How many of its rows have been read.
    pub rows: u64,
    /// About how many rows it has.
    pub rows_estimate: Option<u64>,
}

impl Default for ValidateOptions {
    fn default() -> Self {
        Self {
            engine: Engine::default(),
            threads: NonZeroUsize::MIN,
            sample_limit: 10,
            show_values: false,
            as_of: None,
            memory_bytes_max: 2 << 30,
            temp_dir: env::temp_dir(),
            cancellation: Cancellation::new(),
            progress: None,
            violations: None,
            clock: Arc::new(SystemClock),
            hash_bits: u64::BITS,
        }
    }
}

impl fmt::Debug for ValidateOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValidateOptions")
            .field("engine", &self.engine)
            .field("threads", &self.threads)
            .field("sample_limit", &self.sample_limit)
            .field("show_values", &self.show_values)
            .field("as_of", &self.as_of)
            .field("memory_bytes_max", &self.memory_bytes_max)
            .field("temp_dir", &self.temp_dir)
            .finish_non_exhaustive()
    }
}
