//! How far a backup is.

use std::sync::Arc;

/// How far a backup is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
pub struct BackupProgress {
    /// How many bytes have been copied.
    pub bytes_done: u64,
    /// How many bytes there are.
    pub bytes_total: u64,
}

/// A function that hears how far a backup is. Called from a thread that may block.
pub type BackupListener = Arc<dyn Fn(BackupProgress) + Send + Sync>;
