//! The rows of a table at the moment of a snapshot.
//!
//! ```text
//!   server ─rows─▶ task on a stream of the snapshot ─queue of 1─▶ the thread of the partition
//! ```
//!
//! A snapshot lives as long as its connections, so none may be lost to rows that nobody wants any more: the task
//! ends the query on the server, throws away what was under way, and leaves the connection as it found it.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Executor};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};

use crate::clock::Clock;
use crate::database::fed::{BATCHES_AHEAD, Fed, nobody_takes};
use crate::database::mysql::bound::bind;
use crate::database::mysql::catalog;
use crate::database::mysql::connection::{Lease, Pool, session_of, text};
use crate::database::mysql::error::{from_sqlx, of_scanning};
use crate::database::mysql::result::RowParts;
use crate::database::server::State;
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Cancellation, Partition};
use crate::value::{Batch, OwnedValue, ValueType};

/// By how much the sequences of two partitions are apart.
const SEQUENCE_STRIDE: u64 = 1 << 40;

/// A connection of a snapshot, in a transaction that sees its moment.
pub(crate) type Stream = Arc<Mutex<Lease>>;

/// What is read.
#[derive(Clone, Debug)]
pub(crate) struct Scanned {
    pub(crate) sql: String,
    /// The values of its parameters.
    pub(crate) values: Vec<OwnedValue>,
    /// The types of its columns, if the catalog told them.
    pub(crate) types: Option<Vec<ValueType>>,
    pub(crate) refuses_warnings: bool,
    pub(crate) doing: String,
    /// The how manieth of all partitions it is.
    pub(crate) position: u64,
}

/// Where it is read.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) stream: Stream,
    pub(crate) readers: Arc<Pool>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The partition that is read at `place`. It begins with the first rows that are asked for.
pub(crate) fn start(
    place: Place,
    scanned: Scanned,
    cancellation: Cancellation,
) -> Box<dyn Partition> {
    let clock = Arc::clone(&place.clock);
    Box::new(ScanPartition { waiting: Some((place, scanned)), running: None, cancellation, clock })
}

struct ScanPartition {
    waiting: Option<(Place, Scanned)>,
    /// The task is not stopped: it stops when nobody takes its rows.
    running: Option<Fed<Batch, ()>>,
    cancellation: Cancellation,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Partition for ScanPartition {
    async fn next(&mut self) -> Result<Option<Batch>> {
        self.cancellation.check()?;
        if let Some((place, scanned)) = self.waiting.take() {
            let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
            let task = tokio::spawn(read(place, scanned, sender));
            self.running = Some(Fed::new(batches, task, ()));
        }
        let Some(running) = &mut self.running else { return Ok(None) };
        let taken = running.take_unless(&self.cancellation, &*self.clock).await;
        if taken.is_err() {
            self.running = None;
        }
        taken
    }
}

/// The task's part.
async fn read(place: Place, scanned: Scanned, batches: mpsc::Sender<Batch>) -> Result<()> {
    let mut lease = lock(&place, &scanned.doing).await?;
    let result = read_on(&mut lease, &place, &scanned, &batches).await;
    lease.count(&result);
    // Before the queue closes: whoever has seen the end finds the connection free.
    drop((lease, place));
    drop(batches);
    result
}

/// Waits for the stream, which others may be reading.
pub(crate) async fn lock(place: &Place, doing: &str) -> Result<OwnedMutexGuard<Lease>> {
    let locked = Arc::clone(&place.stream).lock_owned();
    place.readers.in_time(locked).await.ok_or_else(|| {
        let reason = "the connection of the snapshot was not free in time";
        Error::new(ErrorKind::Timeout, format!("cannot {doing}: {reason}"))
    })
}

async fn read_on(
    lease: &mut Lease,
    place: &Place,
    scanned: &Scanned,
    batches: &mpsc::Sender<Batch>,
) -> Result<()> {
    let session = session_of(lease)?;
    let mut rows = RowParts::new(None).numbered_from(scanned.position * SEQUENCE_STRIDE);
    // A query was prepared before. What is prepared for once is closed by a message without an answer, behind which
    // the next message waits for some time.
    let query = sqlx::query(AssertSqlSafe(scanned.sql.clone())).persistent(scanned.types.is_none());
    let query = scanned.values.iter().fold(query, bind);
    let connection = lease.start()?;
    let ended = {
        let mut received = (&mut *connection).fetch(query);
        loop {
            let part = tokio::select! {
                biased;
                () = batches.closed() => break Ended::Unwanted(nobody_takes(&scanned.doing)),
                part = rows.fill(&mut received) => part,
            };
            let batch = match part {
                Ok(Ok(Some(batch))) => batch,
                Ok(Ok(None)) => break Ended::Whole,
                Ok(Err(error)) => break Ended::Failed(error),
                Err(error) => break Ended::Unwanted(error),
            };
            if let Err(error) = scanned.check(&rows) {
                break Ended::Unwanted(error);
            }
            if batches.send(scanned.shaped(batch)).await.is_err() {
                break Ended::Unwanted(nobody_takes(&scanned.doing));
            }
        }
    };
    match ended {
        Ended::Whole => {
            lease.settle(&Ok(()), State::Open);
            if scanned.refuses_warnings {
                without_warnings(lease, &scanned.doing).await
            } else {
                Ok(())
            }
        }
        Ended::Failed(error) => {
            let failed = match scanned.types {
                Some(_) => of_scanning(&scanned.doing, &error),
                None => from_sqlx(&scanned.doing, &error),
            };
            lease.settle(&Err::<(), _>(error), State::Open);
            Err(failed)
        }
        Ended::Unwanted(error) => {
            let cut = place.readers.connector().cut(connection, &session).await;
            lease.settle(&cut, State::Open);
            Err(error)
        }
    }
}

/// Whether the statement before went without a warning. What it is about may be a value of a row, and is not told.
async fn without_warnings(lease: &mut Lease, doing: &str) -> Result<()> {
    let found = catalog::rows(lease, "SHOW WARNINGS LIMIT 1", doing).await?;
    let Some(warning) = found.first() else { return Ok(()) };
    let number = text(warning, 1).map_err(|it| from_sqlx(doing, &it))?;
    let message = format!("cannot {doing}: the server warns of its answer ({number})");
    Err(Error::new(ErrorKind::Unsupported, message))
}

/// How reading ended.
enum Ended {
    Whole,
    Failed(sqlx::Error),
    /// With rows that may still come.
    Unwanted(Error),
}

impl Scanned {
    /// Whether the rows are what the catalog said.
    fn check(&self, rows: &RowParts) -> Result<()> {
        let found = rows.forms.iter().map(|it| it.value_type());
        let said = self.types.iter().flatten();
        if said.zip(found).all(|(said, found)| *said == found || found == ValueType::Any) {
            return Ok(());
        }
        let message = format!("cannot {}: it was changed during the run", self.doing);
        Err(Error::new(ErrorKind::SourceChanged, message))
    }

    /// The batch, without the column that stands for none.
    fn shaped(&self, batch: Batch) -> Batch {
        if self.types.as_ref().is_some_and(Vec::is_empty) {
            return Batch::new(batch.sequence(), batch.rows(), Vec::new());
        }
        batch
    }
}
