//! One scan of one table: what its partitions share, and the partitions.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use rusqlite::types::{Value, ValueRef};

use crate::database::sqlite::catalog::{RowidTable, quoted};
use crate::database::sqlite::connection::SharedConnection;
use crate::database::sqlite::error::from_sqlite;
use crate::database::sqlite::pages::chunk::Chunk;
use crate::database::sqlite::pages::decoder::DecoderPlan;
use crate::database::sqlite::pages::file::PageFile;
use crate::database::sqlite::pages::walk::LeafWalk;
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Cancellation, Partition, Scan};
use crate::value::{Batch, TableSchema, ValueType};

/// About how many bytes of pages are copied at once: enough that the lock is seldom asked for, little
/// enough to stay in the cache of a core.
const CHUNK_BYTES: usize = 512 << 10;

/// What the partitions of one scan share.
pub(crate) struct PageScan {
    pub(crate) connection: Arc<SharedConnection>,
    pub(crate) file: PageFile,
    pub(crate) plan: DecoderPlan,
    pub(crate) table: String,
    rowid: String,
    columns: Vec<String>,
    walk: Mutex<Walk>,
    /// What old records have in place of the columns that they lack, once known.
    defaults: Vec<OnceLock<Value>>,
    pub(crate) cancellation: Cancellation,
}

struct Walk {
    leaves: LeafWalk,
    /// How many leaves have been handed out.
    taken: u64,
}

/// Starts a scan of a table.
pub(crate) fn start(
    connection: &Arc<SharedConnection>,
    file: PageFile,
    (table, layout): (&TableSchema, &RowidTable),
    scan: &Scan,
) -> Vec<Box<dyn Partition>> {
    let types: Vec<ValueType> = table.columns.iter().map(|it| it.value_type).collect();
    let shared = Arc::new(PageScan {
        connection: Arc::clone(connection),
        file,
        plan: DecoderPlan::new(&types, layout.alias, &scan.columns),
        table: table.name.clone(),
        rowid: layout.rowid.clone(),
        columns: table.columns.iter().map(|it| it.name.clone()).collect(),
        walk: Mutex::new(Walk { leaves: LeafWalk::new(layout.root, file), taken: 0 }),
        defaults: table.columns.iter().map(|_| OnceLock::new()).collect(),
        cancellation: scan.cancellation.clone(),
    });
    let partition = |_| -> Box<dyn Partition> {
        Box::new(PagePartition { scan: Arc::clone(&shared), chunk: None })
    };
    (0..scan.partitions.get()).map(partition).collect()
}

struct PagePartition {
    scan: Arc<PageScan>,
    /// Leaves that are copied and not yet decoded.
    chunk: Option<Chunk>,
}

#[async_trait]
impl Partition for PagePartition {
    async fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            self.scan.cancellation.check()?;
            let chunk = match self.chunk.take() {
                Some(chunk) => Some(chunk),
                None => self.scan.copy().map_err(|it| self.scan.told(it))?,
            };
            let Some(chunk) = chunk else {
                return Ok(None);
            };
            let (batch, rest) = chunk.decode(&self.scan).map_err(|it| self.scan.told(it))?;
            self.chunk = rest;
            if batch.rows() > 0 {
                return Ok(Some(batch));
            }
        }
    }
}

impl PageScan {
    /// Copies the next leaves; `None` after the last.
    fn copy(&self) -> Result<Option<Chunk>> {
        self.connection.with(|connection| {
            let mut walk = self.walk.lock().unwrap_or_else(PoisonError::into_inner);
            let mut reader = self.file.reader(connection)?;
            let leaves =
                walk.leaves.next((CHUNK_BYTES / self.file.page_bytes).max(1), &mut reader)?;
            let mut bytes = Vec::with_capacity(leaves.len() * self.file.page_bytes);
            reader.append_all(&leaves, &mut bytes)?;
            let sequence = walk.taken;
            walk.taken += leaves.len() as u64;
            Ok((!leaves.is_empty()).then_some(Chunk { sequence, leaves, bytes }))
        })
    }

    /// An error of reading pages, with what they are of.
    fn told(&self, error: Error) -> Error {
        if error.kind() != ErrorKind::SourceInvalid {
            return error;
        }
        let (table, source) = (&self.table, self.connection.name());
        let message = format!("cannot read the table `{table}` of `{source}`: {error}");
        Error::new(error.kind(), message).with_source(error)
    }

    /// What SQLite itself reads from the column at `position` of a record that ends before it, such as
    /// that of the row `rowid`: the default of the column. It is the same for all such records.
    pub(crate) fn default(&self, position: usize, rowid: i64) -> Result<Value> {
        let slot = self.defaults.get(position);
        if let Some(known) = slot.and_then(OnceLock::get) {
            return Ok(known.clone());
        }
        let column = quoted(self.columns.get(position).map_or("", String::as_str));
        let (table, name) = (quoted(&self.table), &self.rowid);
        let sql = format!("SELECT {column} FROM main.{table} WHERE {name} = ?1");
        let value = self.connection.with(|connection| {
            connection
                .query_row(&sql, [rowid], |row| row.get_ref(0).map(owned))
                .map_err(|it| from_sqlite(format!("read the default of {column} of {table}"), it))
        })?;
        Ok(slot.map_or_else(|| value.clone(), |it| it.get_or_init(|| value.clone()).clone()))
    }
}

/// A copy of `value`; text that is not valid UTF-8 becomes bytes.
fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(it) => Value::Integer(it),
        ValueRef::Real(it) => Value::Real(it),
        ValueRef::Text(it) => match str::from_utf8(it) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(it.to_vec()),
        },
        ValueRef::Blob(it) => Value::Blob(it.to_vec()),
    }
}
