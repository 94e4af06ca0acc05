//! Parquet files: a row group for each half million values of a column, compressed with Snappy.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::error::{Error, ErrorKind, Result};
use crate::generate::schema_of;
use crate::generate::table::Table;
use crate::generate::target::folder::Staging;
use crate::generate::target::{Existing, TableWriter, cannot_write};

/// How many rows a row group has: what one reader takes at a time.
const ROWS_PER_GROUP: usize = 1 << 17;

/// Writes a Parquet file for each table.
pub(super) struct ParquetWriter {
    staging: Staging,
    writer: Option<ArrowWriter<BufWriter<File>>>,
}

impl ParquetWriter {
    pub(super) fn new(path: &Path, existing: Existing) -> Result<Self> {
        Ok(Self { staging: Staging::new(path, "parquet", existing)?, writer: None })
    }

    fn failed(&self, error: ParquetError) -> Error {
        let message = format!("cannot write `{}`: {error}", self.staging.path().display());
        Error::new(ErrorKind::WriteFailed, message).with_source(error)
    }
}

impl TableWriter for ParquetWriter {
    fn begin(&mut self, table: Table) -> Result<()> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
            // The same rows are the same bytes, whichever release wrote them.
            .set_created_by("dq".to_owned())
            .build();
        let file = self.staging.create(table)?;
        let writer = ArrowWriter::try_new(file, schema_of(table), Some(properties));
        self.writer = Some(writer.map_err(|error| self.failed(error))?);
        Ok(())
    }

    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let written = self.writer.as_mut().map_or(Ok(()), |it| it.write(rows));
        written.map_err(|error| self.failed(error))
    }

    fn end(&mut self) -> Result<()> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let mut file = writer.into_inner().map_err(|error| self.failed(error))?;
        file.flush().map_err(|error| cannot_write(self.staging.path(), error))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.staging.finish()
    }
}
