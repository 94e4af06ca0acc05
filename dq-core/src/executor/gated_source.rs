//! A source behind a gate: its snapshots have a place and a deadline.
//!
//! A snapshot is one call from its opening to its end, however many tables are scanned through it and by
//! however many threads. What is scanned passes batch by batch; no row is touched here.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::task::JoinHandle;

use crate::error::{ErrorKind, Result};
use crate::executor::call::Call;
use crate::executor::fair_limit::Place;
use crate::executor::gate::Gate;
use crate::executor::passage::{Allowed, Doing, Passage};
use crate::source::{
    Cancellation, Dialect, Partition, Query, QueryRows, Reach, Scan, Snapshot, Source, SqlTable,
    Usage, Version,
};
use crate::value::{Batch, TableSchema};

/// A source behind a [`Gate`]: each snapshot takes a place at the database until it is finished or
/// dropped, and what is read through it ends with `Timeout` when the deadline of the call is over. What
/// blocks its thread then, such as a pipe that stays silent, ends when it goes on.
///
/// So a validation passes the same as a query does. Its figures are under the name of the call; those of each
/// rule under that name and the id of the rule, as in `nightly/npi`: the rows that were judged for it, how many
/// queries of its own there were, and how long both took.
#[derive(Clone, Debug)]
pub struct GatedSource {
    source: Arc<dyn Source>,
    gate: Arc<Gate>,
    call: Call,
}

impl GatedSource {
    /// Puts `source` behind `gate`. Each snapshot is a call as `call` says.
    pub fn new(source: Arc<dyn Source>, gate: Arc<Gate>, call: Call) -> Self {
        Self { source, gate, call }
    }

    /// What is passed, which keeps the figures.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }
}

#[async_trait]
impl Source for GatedSource {
    fn name(&self) -> &str {
        self.source.name()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        open(&*self.source, &self.gate, &self.call).await
    }

    async fn version(&self, table: &str) -> Result<Option<Version>> {
        self.source.version(table).await
    }
}

/// Opens a snapshot behind `gate`.
pub(crate) async fn open(
    source: &dyn Source,
    gate: &Arc<Gate>,
    call: &Call,
) -> Result<Box<dyn Snapshot>> {
    let mut passage = gate.begin(call, Doing::Scan);
    let opened = gate.pass(&mut passage, call, || source.snapshot()).await;
    match opened {
        Ok((snapshot, place)) => {
            Ok(Box::new(GatedSnapshot::new(snapshot, Held { place, passage }, (gate, &call.name))))
        }
        Err(error) => {
            let failed = Err(error);
            passage.end(&failed);
            failed
        }
    }
}

/// A snapshot with a place and a deadline.
struct GatedSnapshot {
    snapshot: Box<dyn Snapshot>,
    visit: Arc<Visit>,
    /// Ends what is read when the deadline is over.
    timer: JoinHandle<()>,
}

/// What a snapshot and what is read through it share.
#[derive(Debug)]
struct Visit {
    allowed: Allowed,
    is_over: AtomicBool,
    /// What stops each scan and query.
    stops: Mutex<Vec<Cancellation>>,
    rows: AtomicU64,
    bytes: AtomicU64,
    /// `None` once the snapshot has ended.
    held: Mutex<Option<Held>>,
    gate: Arc<Gate>,
    /// That of the call.
    name: Arc<str>,
    has_failed: AtomicBool,
}

/// What a snapshot gives back when it ends.
#[derive(Debug)]
struct Held {
    place: Place,
    passage: Passage,
}

impl GatedSnapshot {
    fn new(snapshot: Box<dyn Snapshot>, held: Held, (gate, name): (&Arc<Gate>, &Arc<str>)) -> Self {
        let (clock, left) = (held.passage.clock(), held.passage.left());
        let visit = Arc::new(Visit {
            allowed: held.passage.allowed.clone(),
            is_over: AtomicBool::new(false),
            stops: Mutex::default(),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            held: Mutex::new(Some(held)),
            gate: Arc::clone(gate),
            name: Arc::clone(name),
            has_failed: AtomicBool::new(false),
        });
        let timed = Arc::clone(&visit);
        let timer = tokio::spawn(async move {
            clock.sleep(left).await;
            timed.interrupt();
        });
        Self { snapshot, visit, timer }
    }
}

#[async_trait]
impl Snapshot for GatedSnapshot {
    fn tables(&self) -> &[TableSchema] {
        self.snapshot.tables()
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let cancellation = self.visit.stop_with(&scan.cancellation)?;
        let partitions = self.snapshot.scan(&Scan { cancellation, ..scan.clone() }).await?;
        Ok(partitions.into_iter().map(|it| self.visit.watch(it)).collect())
    }

    async fn query(&self, query: &Query) -> Result<QueryRows> {
        let cancellation = self.visit.stop_with(&query.cancellation)?;
        let result = self.snapshot.query(&Query { cancellation, ..query.clone() }).await?;
        Ok(QueryRows { columns: result.columns, rows: self.visit.watch(result.rows) })
    }

    fn dialect(&self) -> Option<Dialect> {
        self.snapshot.dialect()
    }

    fn sql_table(&self, table: &str) -> Option<SqlTable> {
        self.snapshot.sql_table(table)
    }

    async fn reach(&self, query: &Query) -> Result<Option<Reach>> {
        let cancellation = self.visit.stop_with(&query.cancellation)?;
        self.snapshot.reach(&Query { cancellation, ..query.clone() }).await
    }

    async fn finish(&self) -> Result<()> {
        let result = match self.snapshot.finish().await {
            Ok(()) => self.visit.check(),
            failed => failed,
        };
        self.visit.report(&result);
        if let Some(Held { place, passage }) = self.visit.leave() {
            passage.end(&result);
            drop(place);
        }
        result
    }

    /// Keeps figures of it, under the name of the call and its own.
    fn note_usage(&self, usage: &Usage) {
        self.visit.gate.note(&self.visit.name, usage);
        self.snapshot.note_usage(usage);
    }

    fn notes(&self) -> Vec<String> {
        self.snapshot.notes()
    }
}

impl Drop for GatedSnapshot {
    fn drop(&mut self) {
        self.timer.abort();
        drop(self.visit.leave());
    }
}

impl Visit {
    /// What stops a reading: who asked for it, or the deadline.
    fn stop_with(&self, asked: &Cancellation) -> Result<Cancellation> {
        let stop = asked.child();
        locked(&self.stops).push(stop.clone());
        // After it is known, so that it cannot be overlooked.
        self.check()?;
        Ok(stop)
    }

    fn watch(self: &Arc<Self>, rows: Box<dyn Partition>) -> Box<dyn Partition> {
        Box::new(GatedPartition { rows, visit: Arc::clone(self) })
    }

    fn interrupt(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        locked(&self.stops).iter().for_each(Cancellation::cancel);
    }

    fn check(&self) -> Result<()> {
        if self.is_over.load(Ordering::SeqCst) { Err(self.allowed.interrupted()) } else { Ok(()) }
    }

    /// Tells the breaker of the first thing that went wrong.
    fn report<T>(&self, result: &Result<T>) {
        if result.is_err() && self.check().is_ok() && !self.has_failed.swap(true, Ordering::Relaxed)
        {
            self.gate.report(result);
        }
    }

    /// Gives the place and the meter up, the first time.
    fn leave(&self) -> Option<Held> {
        let mut held = locked(&self.held).take()?;
        let passage = &mut held.passage;
        passage.meter.figures.rows = self.rows.load(Ordering::Relaxed);
        passage.meter.figures.bytes = self.bytes.load(Ordering::Relaxed);
        passage.meter.figures.ran =
            passage.since_begun().saturating_sub(passage.meter.figures.waited);
        Some(held)
    }
}

/// A partition that ends when the deadline is over.
struct GatedPartition {
    rows: Box<dyn Partition>,
    visit: Arc<Visit>,
}

#[async_trait]
impl Partition for GatedPartition {
    async fn next(&mut self) -> Result<Option<Batch>> {
        self.visit.check()?;
        match self.rows.next().await {
            Ok(Some(batch)) => {
                self.visit.rows.fetch_add(batch.rows() as u64, Ordering::Relaxed);
                self.visit.bytes.fetch_add(batch.bytes() as u64, Ordering::Relaxed);
                Ok(Some(batch))
            }
            // Whoever stops because the time is over only knows that it was told to.
            Err(error) if error.kind() == ErrorKind::Cancelled => {
                self.visit.check()?;
                Err(error)
            }
            other => {
                self.visit.report(&other);
                other
            }
        }
    }
}

impl fmt::Debug for GatedSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatedSnapshot").field("snapshot", &self.snapshot).finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
