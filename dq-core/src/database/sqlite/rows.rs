//! Turns the rows of a statement into the columns of a batch.

use arrow_buffer::Buffer;
use rusqlite::Rows;
use rusqlite::ffi;
use rusqlite::types::ValueRef;

use crate::database::sqlite::catalog::quoted;
use crate::database::sqlite::columns::ColumnBuilder;
use crate::source::Scan;
use crate::value::{Column, Span, TableSchema, ValueType};

/// How many rows a batch holds at most.
pub(crate) const ROWS_MAX: usize = 8_192;

/// A batch ends with the row that brings its text to this size.
const TEXT_BYTES_MAX: usize = 32 << 20;

/// Some rows of a statement.
pub(crate) struct RowBatch {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: usize,
    /// The rowid of the last row, where the statement begins with the rowid.
    pub(crate) last_rowid: Option<i64>,
    /// Whether each rowid is greater than the one before, as it is in a sound table.
    pub(crate) ascending: bool,
    /// Whether the statement has no more rows.
    pub(crate) ended: bool,
}

/// Reads batches from a statement whose result columns are a rowid, if `rowid`, and then one column
/// for each of `types`.
#[derive(Clone, Debug)]
pub(crate) struct RowReader {
    types: Vec<ValueType>,
    rowid: bool,
}

/// The statement that selects what `scan` wants of `table`, after the rowid if it has a name, and
/// what reads its rows. Some `clauses` may follow.
pub(crate) fn select(
    table: &TableSchema,
    scan: &Scan,
    rowid: Option<&str>,
    clauses: &str,
) -> (String, RowReader) {
    let columns: Vec<_> = scan.columns.iter().filter_map(|it| table.columns.get(*it)).collect();
    let names = columns.iter().map(|it| quoted(&it.name));
    let mut selected: Vec<_> = rowid.map(str::to_owned).into_iter().chain(names).collect();
    if selected.is_empty() {
        selected.push("NULL".to_owned());
    }
    let types = columns.iter().map(|it| it.value_type).collect();
    let sql = format!("SELECT {} FROM main.{} {clauses}", selected.join(", "), quoted(&table.name));
    (sql, RowReader { types, rowid: rowid.is_some() })
}

impl RowReader {
    /// Reads statements without a rowid.
    pub(crate) fn of(types: Vec<ValueType>) -> Self {
        Self { types, rowid: false }
    }

    /// Reads the next rows: at most `ROWS_MAX`.
    pub(crate) fn read(&self, rows: &mut Rows<'_>) -> rusqlite::Result<RowBatch> {
        let mut builders: Vec<_> =
            self.types.iter().map(|it| ColumnBuilder::new(*it, 1024)).collect();
        let mut text = Vec::new();
        let mut batch = RowBatch {
            columns: Vec::new(),
            rows: 0,
            last_rowid: None,
            ascending: true,
            ended: false,
        };
        while batch.rows < ROWS_MAX && text.len() < TEXT_BYTES_MAX {
            let Some(row) = rows.next()? else {
                batch.ended = true;
                break;
            };
            if self.rowid {
                let rowid = Some(row.get(0)?);
                batch.ascending &= batch.last_rowid < rowid;
                batch.last_rowid = rowid;
            }
            for (position, builder) in (usize::from(self.rowid)..).zip(&mut builders) {
                push(builder, row.get_ref(position)?, &mut text)?;
            }
            batch.rows += 1;
        }
        let buffer = Buffer::from_vec(text);
        batch.columns = builders.into_iter().map(|it| it.finish(&buffer)).collect();
        Ok(batch)
    }
}

/// Appends `value` to a column whose text lies in `text`. SQLite's error about what is too big if the
/// text exceeds 4 GiB.
pub(crate) fn push(
    builder: &mut ColumnBuilder,
    value: ValueRef<'_>,
    text: &mut Vec<u8>,
) -> rusqlite::Result<()> {
    match value {
        ValueRef::Null => builder.push_null(),
        ValueRef::Integer(it) => builder.push_integer(it),
        ValueRef::Real(it) => builder.push_float(it),
        ValueRef::Text(it) if str::from_utf8(it).is_ok() => builder.push_text(copy(it, text)?),
        ValueRef::Text(it) | ValueRef::Blob(it) => builder.push_bytes(copy(it, text)?),
    }
    Ok(())
}

fn copy(bytes: &[u8], text: &mut Vec<u8>) -> rusqlite::Result<Span> {
    if u32::try_from(text.len() + bytes.len()).is_err() {
        return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_TOOBIG), None));
    }
    let span = Span::new(text.len() as u32, bytes.len() as u32);
    text.extend_from_slice(bytes);
    Ok(span)
}
