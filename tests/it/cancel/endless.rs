//! A source with a table that never ends.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use arrow_array::Int64Array;
use async_trait::async_trait;
use dq_core::source::{Cancellation, Partition, Scan, Snapshot, Source};
use dq_core::value::{Batch, Column, ColumnSchema, TableSchema, ValueType};
use dq_core::{Error, ErrorKind, Result};

/// How the first partition behaves; the others never end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum First {
    NeverEnds,
    Fails,
    Panics,
    /// Ends after so many batches.
    Ends(u64),
}

/// A source with the table `data`, whose only column is `a`, and which nobody tells to stop but dq.
pub(crate) struct Endless {
    first: First,
    schema: TableSchema,
    /// How many batches have been read.
    pub(crate) batches: Arc<AtomicU64>,
    /// How many partitions a scan has at most.
    pub(crate) partitions_max: NonZeroUsize,
    ended: Sender<()>,
    /// Tells of each partition that is gone.
    pub(crate) gone: std::sync::Mutex<Receiver<()>>,
}

impl Endless {
    pub(crate) fn new(first: First) -> Self {
        let (ended, gone) = channel();
        let column = ColumnSchema::new("a", ValueType::Integer);
        let schema = TableSchema {
            name: "data".to_owned(),
            columns: vec![column],
            primary_key: Vec::new(),
            rows_estimate: None,
        };
        let batches = Arc::new(AtomicU64::new(0));
        let partitions_max = NonZeroUsize::new(100).unwrap();
        Self { first, schema, batches, partitions_max, ended, gone: gone.into() }
    }

    /// The same with one partition.
    pub(crate) fn single(first: First) -> Self {
        Self { partitions_max: NonZeroUsize::MIN, ..Self::new(first) }
    }
}

impl fmt::Debug for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endless")
    }
}

#[async_trait]
impl Source for Endless {
    fn name(&self) -> &'static str {
        "endless"
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(EndlessSnapshot {
            first: self.first,
            tables: vec![self.schema.clone()],
            batches: Arc::clone(&self.batches),
            partitions_max: self.partitions_max,
            ended: self.ended.clone(),
        }))
    }
}

#[derive(Debug)]
struct EndlessSnapshot {
    first: First,
    tables: Vec<TableSchema>,
    batches: Arc<AtomicU64>,
    partitions_max: NonZeroUsize,
    ended: Sender<()>,
}

#[async_trait]
impl Snapshot for EndlessSnapshot {
    fn tables(&self) -> &[TableSchema] {
        &self.tables
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let partition = |number| -> Box<dyn Partition> {
            Box::new(EndlessPartition {
                behaves: if number == 0 { self.first } else { First::NeverEnds },
                batches: Arc::clone(&self.batches),
                cancellation: scan.cancellation.clone(),
                ended: self.ended.clone(),
            })
        };
        Ok((0..scan.partitions.min(self.partitions_max).get()).map(partition).collect())
    }

    async fn finish(&self) -> Result<()> {
        Ok(())
    }
}

struct EndlessPartition {
    behaves: First,
    batches: Arc<AtomicU64>,
    cancellation: Cancellation,
    ended: Sender<()>,
}

#[async_trait]
impl Partition for EndlessPartition {
    async fn next(&mut self) -> Result<Option<Batch>> {
        self.cancellation.check()?;
        let sequence = self.batches.fetch_add(1, Ordering::Relaxed);
        match self.behaves {
            First::Fails => {
                return Err(Error::new(ErrorKind::SourceInvalid, "the disk is on fire"));
            }
            First::Panics => panic!("the disk is on fire"),
            First::Ends(after) if sequence >= after => return Ok(None),
            First::NeverEnds | First::Ends(_) => {}
        }
        let numbers = Int64Array::from_iter_values(0..10);
        Ok(Some(Batch::new(sequence, 10, vec![Column::Integer(numbers)])))
    }
}

impl Drop for EndlessPartition {
    fn drop(&mut self) {
        // Nobody listens where a test is not about this.
        let _ = self.ended.send(());
    }
}
