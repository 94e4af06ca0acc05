//! Connections that are lent out, each to one caller at a time.
//!
//! They are opened when they are first needed, and kept. Whoever holds a [`Lease`] may use one.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::clock::Clock;
use crate::database::places::Places;
use crate::database::sqlite::config::SqliteConfig;
use crate::database::sqlite::lease::{Lease, Opened};
use crate::database::sqlite::open;
use crate::database::sqlite::task::blocking;
use crate::error::Result;
use crate::source::Cancellation;

/// Opens one connection.
pub(crate) type Open = Box<dyn Fn() -> Result<Connection> + Send + Sync>;

/// At most so many connections.
pub(crate) struct Pool {
    places: Places<Opened>,
    path: PathBuf,
    open: Open,
}

impl Pool {
    /// A pool of at most `size` connections to the database that `config` names. `role` is how messages
    /// call one of them.
    pub(crate) fn new(
        role: &str,
        size: usize,
        config: &SqliteConfig,
        clock: Arc<dyn Clock>,
        open: Open,
    ) -> Arc<Self> {
        let name = format!("{role} of `{}`", open::name(&config.path));
        Arc::new(Self {
            places: Places::new(name, size, config.acquire_timeout(), clock),
            path: config.path.clone(),
            open,
        })
    }

    /// Runs `work` on a connection, off the threads that must not block. If the future is dropped,
    /// the running statement is interrupted.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection, &Cancellation) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut lease = self.lease().await?;
        blocking(move |stop| {
            let result = lease.run(stop, work);
            lease.give_back();
            result
        })
        .await
    }

    /// Waits for the right to a connection.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease> {
        let place = self.places.take().await?;
        Ok(Lease::new(Arc::clone(self), self.places.pop()?, place))
    }

    /// Who may have a connection, and what is counted.
    pub(crate) fn places(&self) -> &Places<Opened> {
        &self.places
    }

    /// Closes the connections that waited for work when the pool was shut, and returns when all others are
    /// closed too.
    pub(crate) async fn drain(&self, idle: Vec<Opened>) {
        let closed = spawn_blocking(move || drop(idle)).await;
        debug_assert!(closed.is_ok(), "closing a connection does not panic");
        self.places.all().await;
    }

    /// The file that the connections of this pool open.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a connection.
    pub(crate) fn connect(&self) -> Result<Connection> {
        (self.open)()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let idle = self.places.shut();
        // The last connection to close moves the log into the database, which takes a while, and this
        // may be a thread that must not block.
        match Handle::try_current() {
            Ok(runtime) if !idle.is_empty() => drop(runtime.spawn_blocking(move || drop(idle))),
            _ => drop(idle),
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("places", &self.places).finish_non_exhaustive()
    }
}
