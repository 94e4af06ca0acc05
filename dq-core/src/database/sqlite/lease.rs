//! The right to one connection of a pool.
//!
//! Whoever drops it, on whatever thread and for whatever reason, gives back a connection without an
//! open transaction, or none where the connection is in doubt.

use std::sync::Arc;
use std::thread;

use rusqlite::Connection;
use tokio::runtime::Handle;

use crate::database::places::Place;
use crate::database::sqlite::file::Identity;
use crate::database::sqlite::pool::Pool;
use crate::error::{Error, ErrorKind, Result};
use crate::source::Cancellation;

/// How many instructions of SQLite's machine run between two looks at the request to stop: some
/// hundred microseconds, and no measurable cost.
const OPERATIONS_PER_LOOK: i32 = 10_000;

/// The right to one connection of a pool.
#[derive(Debug)]
pub(crate) struct Lease {
    pool: Arc<Pool>,
    /// `None` once it is given back.
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    /// `None` before the first use, and after an error that puts the connection in doubt.
    opened: Option<Opened>,
    place: Place,
}

/// A connection, and the file that it opened.
#[derive(Debug)]
pub(crate) struct Opened {
    connection: Connection,
    file: Option<Identity>,
}

impl Lease {
    pub(crate) fn new(pool: Arc<Pool>, opened: Option<Opened>, place: Place) -> Self {
        Self { pool, held: Some(Held { opened, place }) }
    }

    /// Runs `work` on the connection, which is opened if need be. Blocks. Ends soon after someone asks to
    /// `stop`.
    pub(crate) fn run<T>(
        &mut self,
        stop: &Cancellation,
        work: impl FnOnce(&Connection, &Cancellation) -> Result<T>,
    ) -> Result<T> {
        let Some(held) = &mut self.held else { return Err(self.pool.places().closed()) };
        let result = held.run(&self.pool, stop, work);
        self.pool.places().count(&result);
        if result.as_ref().is_err_and(is_doubtful) {
            held.opened = None;
        }
        result
    }

    /// Gives the connection back, rolling back what is open. May block.
    pub(crate) fn give_back(mut self) {
        if let Some(held) = self.held.take() {
            held.give_back(&self.pool);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(held) = self.held.take() else { return };
        let is_slow = held.is_in_transaction() || self.pool.places().check_open().is_err();
        match Handle::try_current() {
            // Rolling back and closing take a while, and this may be a thread that must not block.
            Ok(runtime) if is_slow && !thread::panicking() => {
                let pool = Arc::clone(&self.pool);
                drop(runtime.spawn_blocking(move || held.give_back(&pool)));
            }
            _ => held.give_back(&self.pool),
        }
    }
}

impl Held {
    fn run<T>(
        &mut self,
        pool: &Pool,
        stop: &Cancellation,
        work: impl FnOnce(&Connection, &Cancellation) -> Result<T>,
    ) -> Result<T> {
        stop.check()?;
        let file = Identity::of(pool.path());
        // Where another file has taken the name, the connection still reads the old one.
        let connection = match &mut self.opened {
            Some(opened) if opened.file == file => &opened.connection,
            none => &none.insert(Opened { connection: pool.connect()?, file }).connection,
        };
        let watched = stop.clone();
        watch(connection, Some(move || watched.is_cancelled()))?;
        let result = work(connection, stop);
        watch(connection, None::<fn() -> bool>)?;
        result
    }

    fn is_in_transaction(&self) -> bool {
        self.opened.as_ref().is_some_and(|it| !it.connection.is_autocommit())
    }

    fn give_back(self, pool: &Pool) {
        let Self { opened, place } = self;
        let clean = opened.filter(|it| {
            let connection = &it.connection;
            !thread::panicking()
                && (connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok())
        });
        drop(clean.and_then(|it| pool.places().keep(it)));
        // Last, so that who gets the place finds the connection, or finds it closed.
        drop(place);
    }
}

fn watch<F>(connection: &Connection, look: Option<F>) -> Result<()>
where
    F: FnMut() -> bool + Send + 'static,
{
    connection.progress_handler(OPERATIONS_PER_LOOK, look).map_err(|it| {
        Error::new(ErrorKind::Internal, format!("cannot watch a database connection: {it}"))
    })
}

/// Whether an error says more about the connection than about the statement.
fn is_doubtful(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Internal
            | ErrorKind::SourceInvalid
            | ErrorKind::Unavailable
            | ErrorKind::WriteFailed
    )
}
