//! Rows are made ahead on a thread of their own, while those before them are written.
//!
//! ```text
//! thread dq-generate: Batches ─▶ channel of a few batches ─▶ caller's thread: TableWriter
//!                     Ledger ────────── when all are made ──▶ Manifest
//! ```
//!
//! Rows and ledger are functions of the recipe, so the thread changes nothing in them.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use arrow_array::RecordBatch;

use crate::error::{Error, ErrorKind, Result};
use crate::generate::batches::Batches;
use crate::generate::dataset::Dataset;
use crate::generate::manifest::Ledger;
use crate::generate::table::Table;

/// How many batches wait to be written at most: some megabytes.
const BATCHES_MAX: usize = 16;

/// The batches of all tables, one table after the other, as they are made.
#[derive(Debug)]
pub(super) struct Ahead(Receiver<Made>);

/// A batch, or nothing at the end of a table.
type Made = Option<RecordBatch>;

impl Ahead {
    /// The next rows of the table; none after the last.
    pub(super) fn next(&self) -> Result<Option<RecordBatch>> {
        // Where rows end too early, the thread that makes them says why.
        let ended = |_| Error::new(ErrorKind::Internal, "rows have ended too early");
        self.0.recv().map_err(ended)
    }
}

/// Makes the rows of `dataset`, and notes what is wrong with them in `ledger`, while `write` writes
/// them. The thread ends before this returns, also if `write` gives up.
pub(super) fn while_made(
    dataset: &Dataset,
    ledger: Ledger,
    write: impl FnOnce(Ahead) -> Result<()>,
) -> Result<Ledger> {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(BATCHES_MAX);
        let make = move || make(dataset, ledger, &sender);
        let maker = thread::Builder::new().name("dq-generate".to_owned());
        let maker = maker.spawn_scoped(scope, make).map_err(|error| {
            Error::new(ErrorKind::Internal, "cannot start a thread").with_source(error)
        })?;
        let written = write(Ahead(receiver));
        match maker.join() {
            Ok(Ok(ledger)) => written.map(|()| ledger),
            Ok(Err(error)) => Err(error),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Makes the rows of all tables. Stops early where nobody takes them any more.
fn make(dataset: &Dataset, mut ledger: Ledger, made: &SyncSender<Made>) -> Result<Ledger> {
    for table in Table::ALL {
        let mut batches = Batches::new(dataset, table);
        loop {
            let batch = batches.next(&mut ledger)?;
            let is_last = batch.is_none();
            if made.send(batch).is_err() {
                return Ok(ledger);
            }
            if is_last {
                break;
            }
        }
    }
    Ok(ledger)
}
