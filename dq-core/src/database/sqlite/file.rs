//! What the file system says of a file, without opening it.

use std::fmt;
use std::path::Path;
use std::time::Duration;

/// What tells a file from every other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

/// What tells a file from itself at another time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileState {
    identity: Identity,
    pub(crate) size: u64,
    /// When its content changed, since 1970. Programs may set it.
    modified: Duration,
    /// When its content or its times changed, since 1970. Nobody may set it.
    changed: Duration,
}

impl Identity {
    /// The identity of the file that has this name now; `None` where there is none, or where files
    /// have no identity.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        FileState::of(path).map(|it| it.identity)
    }
}

impl FileState {
    /// The state of the file that has this name now; `None` where there is none, or where files have no
    /// identity.
    #[cfg(unix)]
    pub(crate) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let it = std::fs::metadata(path).ok()?;
        let since_1970 = |seconds: i64, nanos: i64| {
            Some(Duration::new(u64::try_from(seconds).ok()?, u32::try_from(nanos).ok()?))
        };
        Some(Self {
            identity: Identity { device: it.dev(), inode: it.ino() },
            size: it.size(),
            modified: since_1970(it.mtime(), it.mtime_nsec())?,
            changed: since_1970(it.ctime(), it.ctime_nsec())?,
        })
    }

    /// The state of the file that has this name now; `None`, since files have no identity here.
    #[cfg(not(unix))]
    pub(crate) fn of(_path: &Path) -> Option<Self> {
        None
    }

    /// The state of a write-ahead log, in which only its content counts: run by root, SQLite sets the owner of
    /// a log whenever it opens one, and that is a change of a kind, too.
    pub(crate) fn of_log(path: &Path) -> Option<Self> {
        Self::of(path).map(|it| Self { changed: it.modified, ..it })
    }

    /// When the file last changed, since 1970.
    pub(crate) fn changed(&self) -> Duration {
        self.modified.max(self.changed)
    }
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { identity: Identity { device, inode }, size, modified, changed } = self;
        let (modified, changed) = (modified.as_nanos(), changed.as_nanos());
        write!(f, "{device:x}-{inode:x}-{size:x}-{modified:x}-{changed:x}")
    }
}
