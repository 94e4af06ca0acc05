//! Files without a name, as Linux has them.

use std::fs;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat};

use crate::report::draft;

/// A file without a name in `folder`; none where there can be none.
pub(crate) fn open(folder: &Path) -> Option<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, folder, flags, Mode::from_raw_mode(0o666)).ok()?);
    // By this it gets its name, in the end.
    fs::metadata(of_open(&file)).is_ok().then_some(file)
}

/// Gives the file the name `path`; what is there is replaced.
pub(crate) fn put_in_place(file: &File, path: &Path) -> io::Result<()> {
    let source = of_open(file);
    let link = |at: &Path| {
        let linked = linkat(CWD, source.as_str(), CWD, at, AtFlags::SYMLINK_FOLLOW);
        linked.map_err(io::Error::from)
    };
    match link(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        done => return done,
    }
    // Only a file that has a name can take the place of another. It has that one for a moment.
    let beside = draft::name().make_in(draft::folder_of(path), link)?;
    beside.into_temp_path().persist(path).map_err(io::Error::from)
}

/// What the system calls an open file.
fn of_open(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}
