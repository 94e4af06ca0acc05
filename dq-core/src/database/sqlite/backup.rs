//! A copy of a database file, made while others use it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::database::sqlite::error::from_sqlite;
use crate::database::sqlite::open::beside;
use crate::database::{BackupListener, BackupProgress};
use crate::error::{Error, ErrorKind, Result};
use crate::source::Cancellation;

/// How many pages are copied between two looks at the request to stop: some milliseconds.
const PAGES_PER_STEP: i32 = 1_024;

/// Copies the database of `connection` to `path`, as of one moment. Blocks.
pub(crate) fn backup(
    connection: &Connection,
    path: &Path,
    listener: Option<&BackupListener>,
    stop: &Cancellation,
) -> Result<()> {
    let doing = format!("back up to `{}`", path.display());
    refuse_existing(path, &doing)?;
    let part = Part::create(path)?;
    copy(connection, &part.0, listener, stop, &doing)?;
    let io = |it| Error::from_io("write", path.display(), it);
    refuse_existing(path, &doing)?;
    stop.check()?;
    fs::rename(&part.0, path).map_err(io)?;
    sync_folder(path).map_err(io)
}

/// A file is never replaced; nor is one written where a journal lies that SQLite would apply to it.
fn refuse_existing(path: &Path, doing: &str) -> Result<()> {
    let names = [path.to_owned(), beside(path, "-wal"), beside(path, "-journal")];
    match names.iter().find(|it| it.symlink_metadata().is_ok()) {
        None => Ok(()),
        Some(existing) => {
            let message = format!("cannot {doing}: `{}` exists", existing.display());
            Err(Error::new(ErrorKind::Conflict, message))
        }
    }
}

fn copy(
    from: &Connection,
    part: &Path,
    listener: Option<&BackupListener>,
    stop: &Cancellation,
    doing: &str,
) -> Result<()> {
    let failed = |it| from_sqlite(doing, it);
    let page_size: u32 =
        from.query_row("PRAGMA main.page_size", [], |row| row.get(0)).map_err(failed)?;
    // Without a transaction, a commit by another connection would make the copy start over, and under
    // steady writing never end.
    from.execute_batch("BEGIN; SELECT count(*) FROM main.sqlite_schema").map_err(failed)?;
    let mut to =
        Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    // The copy appears only when it is complete: it needs no journal, and is written to disk once.
    to.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").map_err(failed)?;
    let copying = Backup::new(from, &mut to).map_err(failed)?;
    loop {
        stop.check()?;
        let step = copying.step(PAGES_PER_STEP).map_err(failed)?;
        let pages = copying.progress();
        if let Some(listener) = listener {
            let bytes = |pages: i32| u64::try_from(pages).unwrap_or(0) * u64::from(page_size);
            listener(BackupProgress {
                bytes_done: bytes(pages.pagecount - pages.remaining),
                bytes_total: bytes(pages.pagecount),
            });
        }
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            _ => {
                return Err(Error::new(
                    ErrorKind::Busy,
                    format!("cannot {doing}: the database is locked"),
                ));
            }
        }
    }
    drop(copying);
    to.close().map_err(|(_, it)| failed(it))?;
    from.execute_batch("COMMIT").map_err(failed)?;
    fs::File::open(part)
        .and_then(|it| it.sync_all())
        .map_err(|it| Error::from_io("write", part.display(), it))
}

/// The unfinished copy; what is left of it goes away.
struct Part(PathBuf);

impl Part {
    fn create(path: &Path) -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let part = beside(path, &format!(".part-{}-{count}", std::process::id()));
        fs::File::create_new(&part).map_err(|it| Error::from_io("write", part.display(), it))?;
        Ok(Self(part))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Once renamed it is not there, and who could not write it can do no more about it.
        drop(fs::remove_file(&self.0));
    }
}

/// Makes the new name of a file as lasting as its content.
#[cfg(unix)]
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> std::io::Result<()> {
    Ok(())
}
