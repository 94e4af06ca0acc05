//! Tables in memory, as Arrow record batches.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::RecordBatch;
use arrow_schema::{FieldRef, Fields};
use async_trait::async_trait;

use crate::error::{Error, ErrorKind, Result};
use crate::source::{Cancellation, Partition, Scan, Snapshot, Source};
use crate::value::{Batch, Column, ColumnSchema, TableSchema, ValueType};

/// Longer record batches are cut, so that partitions have equal shares, and what is made of a batch stays in
/// the cache and is taken from the same memory again.
const BATCH_ROWS_MAX: usize = 8_192;

/// Tables that are in memory already.
///
/// [`Column::from_arrow`] says how the values of each type are read. A column of a type that cannot be
/// read has the type [`ValueType::Any`], and is an error only for those who scan it.
#[derive(Clone, Debug)]
pub struct MemorySource {
    name: String,
    tables: Tables,
}

#[derive(Clone, Debug, Default)]
struct Tables {
    schemas: Vec<TableSchema>,
    /// The batches of each table, none longer than `BATCH_ROWS_MAX`.
    batches: Vec<Arc<[RecordBatch]>>,
}

impl MemorySource {
    /// A source without tables that reports call `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), tables: Tables::default() }
    }

    /// Adds a table without a primary key. Without any batch it has no columns, so give an empty
    /// table as one empty batch.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if there is a table called `name`, or if the batches differ in their schema;
    /// `SourceInvalid` if two columns have the same name.
    pub fn table(self, name: impl Into<String>, batches: Vec<RecordBatch>) -> Result<Self> {
        self.keyed_table(name, batches, &[])
    }

    /// Adds a table whose primary key are the columns called `primary_key`.
    ///
    /// # Errors
    ///
    /// As [`table`](Self::table), and `UsageInvalid` if a column of the key does not exist.
    pub fn keyed_table(
        mut self,
        name: impl Into<String>,
        batches: Vec<RecordBatch>,
        primary_key: &[&str],
    ) -> Result<Self> {
        let schema = schema(name.into(), &batches, primary_key)?;
        if self.tables.schemas.iter().any(|it| it.name == schema.name) {
            return Err(unusable(&schema.name, "there is one of that name already"));
        }
        self.tables.schemas.push(schema);
        self.tables.batches.push(batches.into_iter().flat_map(cut).collect());
        Ok(self)
    }
}

#[async_trait]
impl Source for MemorySource {
    fn name(&self) -> &str {
        &self.name
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(self.tables.clone()))
    }
}

#[async_trait]
impl Snapshot for Tables {
    fn tables(&self) -> &[TableSchema] {
        &self.schemas
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let (schema, batches) = scan.table_of(&self.schemas, &self.batches)?;
        let shared = Arc::new(MemoryScan {
            table: schema.name.clone(),
            batches: Arc::clone(batches),
            columns: scan.columns.clone(),
            next: AtomicUsize::new(0),
        });
        let partition = || {
            let cancellation = scan.cancellation.clone();
            Box::new(MemoryPartition { scan: Arc::clone(&shared), cancellation })
                as Box<dyn Partition>
        };
        let partitions = scan.partitions.get().min(batches.len()).max(1);
        Ok(std::iter::repeat_with(partition).take(partitions).collect())
    }

    async fn finish(&self) -> Result<()> {
        Ok(())
    }
}

/// What the partitions of one scan share: each takes the next batch that nobody has.
struct MemoryScan {
    table: String,
    batches: Arc<[RecordBatch]>,
    columns: Vec<usize>,
    next: AtomicUsize,
}

struct MemoryPartition {
    scan: Arc<MemoryScan>,
    cancellation: Cancellation,
}

#[async_trait]
impl Partition for MemoryPartition {
    async fn next(&mut self) -> Result<Option<Batch>> {
        self.cancellation.check()?;
        let sequence = self.scan.next.fetch_add(1, Ordering::Relaxed);
        let Some(batch) = self.scan.batches.get(sequence) else { return Ok(None) };
        let columns = self.scan.columns.iter().map(|it| self.scan.column(batch, *it));
        Ok(Some(Batch::new(sequence as u64, batch.num_rows(), columns.collect::<Result<_>>()?)))
    }
}

impl MemoryScan {
    fn column(&self, batch: &RecordBatch, position: usize) -> Result<Column> {
        let Some(array) = batch.columns().get(position) else {
            return Ok(Column::Null(batch.num_rows()));
        };
        Column::from_arrow(array).map(Column::lasting).map_err(|error| {
            let schema = batch.schema_ref();
            let name = schema.fields().get(position).map_or("", |it| it.name());
            let message = format!("cannot read the column `{name}` of `{}`: {error}", self.table);
            Error::new(error.kind(), message)
        })
    }
}

fn schema(name: String, batches: &[RecordBatch], primary_key: &[&str]) -> Result<TableSchema> {
    let fields = batches.first().map(|it| it.schema_ref().fields().clone()).unwrap_or_default();
    if batches.iter().any(|it| !is_alike(it.schema_ref().fields(), &fields)) {
        return Err(unusable(&name, "its batches differ in their schema"));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = fields.iter().find(|it| !seen.insert(it.name())) {
        let message = format!("cannot read `{name}`: it has two columns called `{}`", twice.name());
        return Err(Error::new(ErrorKind::SourceInvalid, message));
    }
    if let Some(missing) = primary_key.iter().find(|key| fields.find(key).is_none()) {
        return Err(unusable(&name, &format!("its key `{missing}` is not one of its columns")));
    }
    let column = |(position, field): (usize, &FieldRef)| ColumnSchema {
        name: field.name().clone(),
        value_type: ValueType::of_arrow(field.data_type()).unwrap_or(ValueType::Any),
        nullable: batches.iter().any(|it| it.schema_ref().field(position).is_nullable()),
    };
    Ok(TableSchema {
        columns: fields.iter().enumerate().map(column).collect(),
        primary_key: primary_key.iter().map(|it| (*it).to_owned()).collect(),
        rows_estimate: Some(batches.iter().map(|it| it.num_rows() as u64).sum()),
        name,
    })
}

/// Whether columns have the same names and types. One batch may have no NULL, and say so, where
/// another has some.
fn is_alike(fields: &Fields, others: &Fields) -> bool {
    let same = |(one, other): (&FieldRef, &FieldRef)| {
        one.name() == other.name() && one.data_type() == other.data_type()
    };
    fields.len() == others.len() && fields.iter().zip(others).all(same)
}

/// `batch` in pieces that are not too long, without copying.
fn cut(batch: RecordBatch) -> impl Iterator<Item = RecordBatch> {
    let rows = batch.num_rows();
    (0..rows)
        .step_by(BATCH_ROWS_MAX)
        .map(move |start| batch.slice(start, BATCH_ROWS_MAX.min(rows - start)))
}

fn unusable(table: &str, reason: &str) -> Error {
    Error::new(ErrorKind::UsageInvalid, format!("cannot add the table `{table}`: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    use arrow_array::types::Int32Type;
    use arrow_array::{ArrayRef, Int64Array, ListArray, StringArray, UInt8Array};

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn numbers(range: std::ops::Range<i64>) -> RecordBatch {
        let id = Int64Array::from_iter_values(range.clone());
        let text = StringArray::from_iter_values(range.map(|it| format!("row {it}")));
        batch(vec![("id", Arc::new(id)), ("text", Arc::new(text))])
    }

    fn wait<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn scan(source: &MemorySource, columns: &[usize], partitions: usize) -> Result<Vec<Batch>> {
        let snapshot = wait(source.snapshot())?;
        let partitions = wait(snapshot.scan(&Scan {
            table: "data".to_owned(),
            columns: columns.to_vec(),
            partitions: NonZeroUsize::new(partitions).unwrap(),
            cancellation: Cancellation::new(),
        }))?;
        let mut batches = Vec::new();
        for mut partition in partitions {
            while let Some(batch) = wait(partition.next())? {
                batches.push(batch);
            }
        }
        wait(snapshot.finish())?;
        batches.sort_by_key(Batch::sequence);
        Ok(batches)
    }

    #[test]
    fn long_batches_are_cut_and_every_row_is_delivered_once() {
        let batches = vec![numbers(0..100_000), numbers(100_000..100_001), numbers(0..0)];
        let source = MemorySource::new("frame").table("data", batches).unwrap();
        for partitions in [1, 2, 7] {
            let batches = scan(&source, &[1, 0], partitions).unwrap();
            let rows: Vec<_> = batches.iter().map(Batch::rows).collect();
            assert_eq!((rows.len(), rows[0], rows[12], rows[13]), (14, 8_192, 1_696, 1));
            let mut expected = 0_i64..;
            for (batch, row) in
                batches.iter().flat_map(|it| (0..it.rows()).map(move |row| (it, row)))
            {
                let id = expected.next().unwrap();
                assert_eq!(batch.column(1).value(row).to_string(), id.to_string());
                assert_eq!(batch.column(0).value(row).to_string(), format!("row {id}"));
            }
            assert_eq!(expected.next(), Some(100_001));
        }
    }

    #[test]
    fn a_scan_without_columns_counts_rows() {
        let source = MemorySource::new("frame").table("data", vec![numbers(0..3)]).unwrap();
        let batches = scan(&source, &[], 2).unwrap();
        assert_eq!(batches.iter().map(Batch::rows).sum::<usize>(), 3);
    }

    #[test]
    fn the_schema_tells_types_and_the_key() {
        let empty = batch(vec![("id", Arc::new(UInt8Array::from(Vec::<u8>::new())) as ArrayRef)]);
        let source = MemorySource::new("frame").keyed_table("data", vec![empty], &["id"]).unwrap();
        assert_eq!(source.name(), "frame");
        let snapshot = wait(source.snapshot()).unwrap();
        let [table] = snapshot.tables() else { panic!("one table") };
        assert_eq!(
            (table.rows_estimate, table.primary_key.as_slice()),
            (Some(0), &["id".to_owned()][..])
        );
        assert_eq!(table.columns[0].value_type, ValueType::Integer);
        assert!(scan(&source, &[0], 4).unwrap().is_empty());
    }

    #[test]
    fn a_column_that_cannot_be_read_is_an_error_only_where_it_is_wanted() {
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
        let columns: Vec<(_, ArrayRef)> =
            vec![("id", Arc::new(Int64Array::from(vec![1]))), ("tags", Arc::new(lists))];
        let source = MemorySource::new("frame").table("data", vec![batch(columns)]).unwrap();
        assert!(scan(&source, &[0], 1).is_ok());
        let error = scan(&source, &[0, 1], 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let message = error.message();
        assert!(
            message.contains("the column `tags` of `data`") && message.contains("List"),
            "{message}"
        );
    }

    #[test]
    fn tables_that_make_no_sense_are_refused() {
        let source = || MemorySource::new("frame").table("data", vec![numbers(0..1)]).unwrap();
        let other = batch(vec![("id", Arc::new(UInt8Array::from(vec![1])) as ArrayRef)]);
        let twice = || Arc::new(UInt8Array::from(vec![1])) as ArrayRef;
        let errors = [
            source().table("data", vec![]),
            source().table("more", vec![numbers(0..1), other.clone()]),
            source().keyed_table("more", vec![other], &["nowhere"]),
            source().table("more", vec![batch(vec![("x", twice()), ("x", twice())])]),
        ]
        .map(|it| it.unwrap_err().message().to_owned());
        assert_eq!(
            errors,
            [
                "cannot add the table `data`: there is one of that name already",
                "cannot add the table `more`: its batches differ in their schema",
                "cannot add the table `more`: its key `nowhere` is not one of its columns",
                "cannot read `more`: it has two columns called `x`",
            ]
        );
    }
}
