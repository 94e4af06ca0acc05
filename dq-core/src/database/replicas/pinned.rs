//! What is read from one server until its end.

use std::fmt;

use async_trait::async_trait;

use crate::database::RowStream;
use crate::database::replicas::member::Routed;
use crate::error::Result;
use crate::source::{Dialect, Partition, Query, QueryRows, Reach, Scan, Snapshot, SqlTable, Usage};
use crate::value::{Batch, TableSchema};

/// A snapshot of one server, which counts as busy with it meanwhile.
pub(crate) struct PinnedSnapshot {
    pub(crate) inner: Box<dyn Snapshot>,
    pub(crate) _routed: Routed,
}

/// Rows of one server, which counts as busy with them until they end, however long they are kept.
pub(crate) struct PinnedRows {
    pub(crate) rows: RowStream,
    pub(crate) routed: Option<Routed>,
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Snapshot for PinnedSnapshot {
    fn tables(&self) -> &[TableSchema] {
        self.inner.tables()
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        self.inner.scan(scan).await
    }

    async fn query(&self, query: &Query) -> Result<QueryRows> {
        self.inner.query(query).await
    }

    fn dialect(&self) -> Option<Dialect> {
        self.inner.dialect()
    }

    fn sql_table(&self, table: &str) -> Option<SqlTable> {
        self.inner.sql_table(table)
    }

    async fn reach(&self, query: &Query) -> Result<Option<Reach>> {
        self.inner.reach(query).await
    }

    async fn finish(&self) -> Result<()> {
        self.inner.finish().await
    }

    fn notes(&self) -> Vec<String> {
        self.inner.notes()
    }

    fn note_usage(&self, usage: &Usage) {
        self.inner.note_usage(usage);
    }
}

#[async_trait]
impl Partition for PinnedRows {
    async fn next(&mut self) -> Result<Option<Batch>> {
        let batch = self.rows.next().await;
        if !matches!(batch, Ok(Some(_))) {
            self.routed = None;
        }
        batch
    }
}

impl fmt::Debug for PinnedSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinnedSnapshot").field("inner", &self.inner).finish_non_exhaustive()
    }
}
