//! Violations as rows of a Parquet file.

use std::io::{self, Write};
use std::mem;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

/// How many rows are encoded at once.
const ROWS: usize = 8192;

/// Rows of text, written in batches: all the columns but the last are never NULL.
pub(crate) struct ParquetRows<W: Write + Send> {
    schema: Arc<Schema>,
    writer: ArrowWriter<W>,
    rows: Vec<[String; 6]>,
}

impl<W: Write + Send> std::fmt::Debug for ParquetRows<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetRows").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl<W: Write + Send> ParquetRows<W> {
    pub(crate) fn new(output: W) -> io::Result<Self> {
        let names = ["table", "rule", "check", "severity", "key", "values"];
        let field = |it: &str| Field::new(it, DataType::Utf8, it == "values");
        let schema = Arc::new(Schema::new(names.map(field).to_vec()));
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = ArrowWriter::try_new(output, Arc::clone(&schema), Some(properties));
        Ok(Self { schema, writer: writer.map_err(into_io)?, rows: Vec::new() })
    }

    pub(crate) fn write(&mut self, fields: [String; 6]) -> io::Result<()> {
        self.rows.push(fields);
        if self.rows.len() < ROWS { Ok(()) } else { self.encode() }
    }

    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.encode()?;
        self.writer.into_inner().map_err(into_io)
    }

    fn encode(&mut self) -> io::Result<()> {
        let rows = mem::take(&mut self.rows);
        let column = |(index, field): (usize, &Arc<Field>)| -> ArrayRef {
            let texts = rows.iter().map(|it| it.get(index).map(String::as_str));
            let texts = texts.map(|it| it.filter(|it| !(field.is_nullable() && it.is_empty())));
            Arc::new(texts.collect::<StringArray>())
        };
        let columns = self.schema.fields().iter().enumerate().map(column).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        let written = batch.map_err(ParquetError::from).and_then(|it| self.writer.write(&it));
        written.map_err(into_io)
    }
}

fn into_io(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        other => io::Error::other(other),
    }
}
