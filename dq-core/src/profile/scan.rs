//! Scans one table, on as many threads as the caller grants.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::error::{Error, ErrorKind, Result};
use crate::profile::ProfileOptions;
use crate::profile::survey::{Scanning, Survey};
use crate::source::{Cancellation, Partition, Scan, Snapshot};
use crate::validate::Progress;
use crate::validate::run::StopOnDrop;
use crate::validate::threads::join;
use crate::value::TableSchema;

/// Reads all columns of a table, once.
pub(crate) async fn scan(
    snapshot: &dyn Snapshot,
    schema: &TableSchema,
    options: &ProfileOptions,
) -> Result<Survey> {
    let cancellation = options.cancellation.child();
    let _stop = StopOnDrop(cancellation.clone());
    let scan = Scan {
        table: schema.name.clone(),
        columns: (0..schema.columns.len()).collect(),
        partitions: options.threads,
        cancellation: cancellation.clone(),
    };
    let scanning = Arc::new(Scanning::new(schema, options.memory_bytes));
    let mut tasks = Vec::new();
    for partition in snapshot.scan(&scan).await? {
        let reader = Reader {
            scanning: Arc::clone(&scanning),
            schema: schema.clone(),
            options: options.clone(),
            cancellation: cancellation.clone(),
        };
        let handle = Handle::current();
        tasks.push(spawn_blocking(move || handle.block_on(reader.read(partition))));
    }
    join(tasks).await?;
    settle(&scanning, options.threads.get()).await?;
    let Some(scanning) = Arc::into_inner(scanning) else {
        return Err(Error::new(ErrorKind::Internal, "a thread holds on to what it has read"));
    };
    Ok(scanning.finish(schema.clone()))
}

async fn settle(scanning: &Arc<Scanning>, threads: usize) -> Result<()> {
    let spawn = |thread| {
        let scanning = Arc::clone(scanning);
        spawn_blocking(move || {
            scanning.settle(thread, threads);
            Ok(())
        })
    };
    join((0..threads).map(spawn).collect()).await.map(|_| ())
}

/// Reads one partition.
struct Reader {
    scanning: Arc<Scanning>,
    schema: TableSchema,
    options: ProfileOptions,
    cancellation: Cancellation,
}

impl Reader {
    async fn read(self, mut partition: Box<dyn Partition>) -> Result<()> {
        let others = StopOnDrop(self.cancellation.clone());
        while let Some(batch) = partition.next().await? {
            self.cancellation.check()?;
            let rows = self.scanning.take(&batch);
            if let Some(listener) = &self.options.progress {
                let rows_estimate = self.schema.rows_estimate;
                listener(&Progress { table: self.schema.name.clone(), rows, rows_estimate });
            }
        }
        others.spare();
        Ok(())
    }
}
