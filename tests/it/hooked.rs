//! A source that lets a test act while it is read.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use dq_core::Result;
use dq_core::source::{Partition, Query, QueryRows, Scan, Snapshot, Source};
use dq_core::value::{Batch, TableSchema};

/// What a test does after each batch of a table, on the thread that reads it.
pub(crate) type Hook = Arc<dyn Fn(&str) + Send + Sync>;

/// A source, and what happens after each of its batches.
pub(crate) struct Hooked {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) after_batch: Hook,
}

impl fmt::Debug for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

#[async_trait]
impl Source for Hooked {
    fn name(&self) -> &str {
        self.source.name()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let snapshot = self.source.snapshot().await?;
        Ok(Box::new(HookedSnapshot { snapshot, after_batch: Arc::clone(&self.after_batch) }))
    }
}

struct HookedSnapshot {
    snapshot: Box<dyn Snapshot>,
    after_batch: Hook,
}

impl fmt::Debug for HookedSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot.fmt(f)
    }
}

#[async_trait]
impl Snapshot for HookedSnapshot {
    fn tables(&self) -> &[TableSchema] {
        self.snapshot.tables()
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let hooked = |partition| -> Box<dyn Partition> {
            let (table, after_batch) = (scan.table.clone(), Arc::clone(&self.after_batch));
            Box::new(HookedPartition { partition, table, after_batch })
        };
        Ok(self.snapshot.scan(scan).await?.into_iter().map(hooked).collect())
    }

    async fn query(&self, query: &Query) -> Result<QueryRows> {
        self.snapshot.query(query).await
    }

    async fn finish(&self) -> Result<()> {
        self.snapshot.finish().await
    }

    fn notes(&self) -> Vec<String> {
        self.snapshot.notes()
    }
}

struct HookedPartition {
    partition: Box<dyn Partition>,
    table: String,
    after_batch: Hook,
}

#[async_trait]
impl Partition for HookedPartition {
    async fn next(&mut self) -> Result<Option<Batch>> {
        let batch = self.partition.next().await?;
        if batch.is_some() {
            (self.after_batch)(&self.table);
        }
        Ok(batch)
    }
}
