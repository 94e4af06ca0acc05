//! What tells whether a file is still the one that was opened.

use std::fs::Metadata;
use std::time::SystemTime;

/// Device, inode, size and time of the last change, as far as the system knows them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Identity {
    place: (u64, u64),
    pub(crate) size: u64,
    modified: Option<SystemTime>,
}

impl Identity {
    /// The identity that `metadata` shows.
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { place: place(metadata), size: metadata.len(), modified: metadata.modified().ok() }
    }
}

#[cfg(unix)]
fn place(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn place(_: &Metadata) -> (u64, u64) {
    (0, 0)
}
