//! CSV files: RFC 4180 with line feeds. NULL is an empty field, and blank text a quoted one.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;

use crate::error::Result;
use crate::generate::columns_of;
use crate::generate::table::Table;
use crate::generate::target::folder::Staging;
use crate::generate::target::{Existing, TableWriter, cannot_write};

/// Writes a CSV file for each table.
#[derive(Debug)]
pub(super) struct CsvWriter {
    staging: Staging,
    file: Option<BufWriter<File>>,
}

impl CsvWriter {
    pub(super) fn new(path: &Path, existing: Existing) -> Result<Self> {
        Ok(Self { staging: Staging::new(path, "csv", existing)?, file: None })
    }

    fn with_file(
        &mut self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<()> {
        let written = self.file.as_mut().map_or(Ok(()), write);
        written.map_err(|error| cannot_write(self.staging.path(), error))
    }
}

impl TableWriter for CsvWriter {
    fn begin(&mut self, table: Table) -> Result<()> {
        self.file = Some(self.staging.create(table)?);
        let names: Vec<_> = columns_of(table).into_iter().map(|(name, _)| name).collect();
        self.with_file(|file| writeln!(file, "{}", names.join(",")))
    }

    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        self.with_file(|file| write_rows(file, rows))
    }

    fn end(&mut self) -> Result<()> {
        self.with_file(Write::flush)?;
        self.file = None;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.staging.finish()
    }
}

fn write_rows(file: &mut impl Write, rows: &RecordBatch) -> io::Result<()> {
    for row in 0..rows.num_rows() {
        for (position, column) in rows.columns().iter().enumerate() {
            if position > 0 {
                file.write_all(b",")?;
            }
            if !column.is_null(row) {
                write_value(file, column.as_ref(), row)?;
            }
        }
        file.write_all(b"\n")?;
    }
    Ok(())
}

fn write_value(file: &mut impl Write, column: &dyn Array, row: usize) -> io::Result<()> {
    match column.data_type() {
        DataType::Int64 => write!(file, "{}", column.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => write!(file, "{:.2}", column.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => write!(file, "{}", column.as_boolean().value(row)),
        _ => write_text(file, column.as_string::<i32>().value(row)),
    }
}

fn write_text(file: &mut impl Write, text: &str) -> io::Result<()> {
    let is_plain = |byte| !matches!(byte, b',' | b'"' | b'\n' | b'\r');
    if !text.is_empty() && text.bytes().all(is_plain) {
        return file.write_all(text.as_bytes());
    }
    write!(file, "\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_misread_is_quoted() {
        let written = |text: &str| {
            let mut bytes = Vec::new();
            write_text(&mut bytes, text).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(written("Ann Lee"), "Ann Lee");
        assert_eq!(written("Lee, Ann"), "\"Lee, Ann\"");
        assert_eq!(written("the \"Lee\""), "\"the \"\"Lee\"\"\"");
        assert_eq!(written(""), "\"\"");
        assert_eq!(written("  "), "  ");
    }
}
