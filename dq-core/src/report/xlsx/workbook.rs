//! Tables of any size as sheets of a workbook.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rust_xlsxwriter::DocProperties;
use rust_xlsxwriter::ExcelDateTime;
use rust_xlsxwriter::Worksheet;
use rust_xlsxwriter::XlsxError;

use crate::error::{Error, ErrorKind, Result};
use crate::report::destination::Destination;
use crate::report::xlsx::cell;
use crate::report::xlsx::cell::{Cell, Styles};
use crate::report::xlsx::names::SheetNames;
use crate::value::{Date, Value};

/// How many rows a sheet of Excel has.
const ROWS_MAX: u32 = 1_048_576;
/// Low, of 0 to 9: the cells of reports repeat themselves so much that they shrink well at any level.
const COMPRESSION_LEVEL: u8 = 2;

/// How many columns a sheet of Excel has.
const COLUMNS_MAX: usize = 16_384;

/// How many sheets there may be: each has a temporary file open until the workbook is saved.
pub(crate) const SHEETS_MAX: usize = 250;

/// By so many rows it is decided how wide the columns are.
const MEASURED_ROWS: u32 = 100;

/// How narrow and how wide columns are, in characters.
const WIDTHS: (usize, usize) = (8, 60);

/// Above so many bytes of text in a sheet the file must be of the form for large files.
const LARGE_BYTES: u64 = 1 << 30;

/// Tables as sheets of a workbook of Excel.
///
/// Rows go to temporary files as they come, so that memory is bounded. A table that has more rows than a
/// sheet (1,048,576 with the line of names) goes on in a further one: `name (2)`. Text is never a formula. Text
/// that is longer than a cell may be (32,767 characters) is cut, says so, and is [counted](Self::texts_cut).
/// Whole numbers of more than fifteen digits, days before March 1900 and what Excel has no type for are text.
/// The same rows make the same bytes.
///
/// ```
/// use dq_core::report::Workbook;
/// use dq_core::value::Date;
///
/// let folder = tempfile::tempdir()?;
/// let mut workbook = Workbook::new(folder.path(), Date::from_days(20_000))?;
/// let sheet = workbook.sheet("towns", &["town", "people"])?;
/// workbook.row(sheet, &["Zürich".into(), 443_037.into()])?;
/// workbook.save(&folder.path().join("towns.xlsx"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Workbook {
    book: rust_xlsxwriter::Workbook,
    styles: Styles,
    names: SheetNames,
    sheets: Vec<Table>,
    parts: usize,
    texts_cut: u64,
    pub(crate) rows_max: u32,
}

/// A table of a [`Workbook`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sheet(usize);

/// What is written of a table.
struct Table {
    columns: Vec<String>,
    parts: Vec<Part>,
}

/// One sheet of a table.
struct Part {
    name: String,
    worksheet: Worksheet,
    rows: u32,
    widths: Vec<usize>,
    bytes: u64,
}

impl fmt::Debug for Workbook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workbook").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Workbook {
    /// A workbook without sheets, which says that it was created on the day `created`. Temporary files are in
    /// `temp_dir`.
    ///
    /// # Errors
    ///
    /// `WriteFailed` if `temp_dir` is no folder.
    pub fn new(temp_dir: &Path, created: Date) -> Result<Self> {
        let mut book = rust_xlsxwriter::Workbook::new();
        guarded(|| book.set_tempdir(temp_dir).map(|_| ()))?;
        book.set_zip_compression_level(COMPRESSION_LEVEL);
        let (year, month, day) = created.civil();
        let year = u16::try_from(year).unwrap_or_default();
        let created = ExcelDateTime::from_ymd(year, month as u8, day as u8)
            .or_else(|_| ExcelDateTime::from_timestamp(0))
            .map_err(failed)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&created));
        let names = SheetNames::default();
        Ok(Self {
            book,
            styles: Styles::new(),
            names,
            sheets: Vec::new(),
            parts: 0,
            texts_cut: 0,
            rows_max: ROWS_MAX,
        })
    }

    /// Begins a table whose columns have these names. Its sheet is called `name`, as far as Excel lets it: at most
    /// 31 characters, none of `[]:*?/\`, and as no other sheet.
    ///
    /// # Errors
    ///
    /// `LimitExceeded` above 250 sheets or 16,384 columns; `WriteFailed` if there is no room for a temporary file.
    pub fn sheet(&mut self, name: &str, columns: &[&str]) -> Result<Sheet> {
        if columns.len() > COLUMNS_MAX {
            let message = format!(
                "cannot write sheet `{name}`: it has {} columns, and Excel {COLUMNS_MAX}",
                columns.len()
            );
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        let part = self.part(name, columns)?;
        let columns = columns.iter().map(|it| (*it).to_owned()).collect();
        self.sheets.push(Table { columns, parts: vec![part] });
        Ok(Sheet(self.sheets.len() - 1))
    }

    /// Adds a row to a table; columns without a value stay empty.
    ///
    /// # Errors
    ///
    /// As those of [`sheet`](Self::sheet); `WriteFailed` if the temporary file cannot be written.
    pub fn row(&mut self, sheet: Sheet, values: &[Value<'_>]) -> Result<()> {
        let Some(table) = self.sheets.get_mut(sheet.0) else { return Err(foreign()) };
        let is_full = table.parts.last().is_none_or(|it| it.rows >= self.rows_max);
        if is_full {
            self.go_on(sheet)?;
        }
        let part = self.sheets.get_mut(sheet.0).and_then(|it| it.parts.last_mut());
        let part = part.ok_or_else(foreign)?;
        let cells: Vec<_> = values.iter().map(|it| Cell::of(*it)).collect();
        self.texts_cut += cells.iter().filter(|it| matches!(it, Cell::Cut(_))).count() as u64;
        part.write(&cells, &self.styles)
    }

    /// The names of the sheets of a table.
    pub fn names(&self, sheet: Sheet) -> Vec<&str> {
        let parts = self.sheets.get(sheet.0).map(|it| it.parts.as_slice()).unwrap_or_default();
        parts.iter().map(|it| it.name.as_str()).collect()
    }

    /// How many texts were too long for a cell.
    pub fn texts_cut(&self) -> u64 {
        self.texts_cut
    }

    /// Writes the workbook to the file at `path`, whole or not at all. Devices and pipes are written directly.
    ///
    /// # Errors
    ///
    /// `WriteFailed`, which names the path.
    pub fn save(self, path: &Path) -> Result<()> {
        let failed = |error: io::Error| {
            let message = format!("cannot write `{}`: {error}", path.display());
            Error::new(ErrorKind::WriteFailed, message).with_source(error)
        };
        let mut output = BufWriter::new(Destination::of(path).map_err(failed)?);
        self.write(&mut output)?.map_err(failed)?;
        let whole = output.into_inner().map_err(io::IntoInnerError::into_error);
        whole.and_then(|it| it.put_in_place(path)).map_err(failed)
    }

    /// Writes the workbook to `out`; the inner error is that of `out`.
    pub(crate) fn write(mut self, out: impl Write + Send) -> Result<io::Result<()>> {
        let mut bytes = 0;
        for part in self.sheets.into_iter().flat_map(|it| it.parts) {
            bytes = part.bytes.max(bytes);
            let worksheet = guarded(|| part.finish())?;
            self.book.push_worksheet(worksheet);
        }
        self.book.use_zip_large_file(bytes > LARGE_BYTES);
        let mut out = Unfailing { out, failed: None };
        guarded(|| self.book.save_to_writer(&mut out))?;
        Ok(out.failed.map_or(Ok(()), Err))
    }

    fn go_on(&mut self, sheet: Sheet) -> Result<()> {
        let table = self.sheets.get(sheet.0).ok_or_else(foreign)?;
        let name = table.parts.first().map(|it| it.name.clone()).unwrap_or_default();
        let columns = table.columns.clone();
        let columns: Vec<_> = columns.iter().map(String::as_str).collect();
        let part = self.part(&name, &columns)?;
        let table = self.sheets.get_mut(sheet.0).ok_or_else(foreign)?;
        table.parts.push(part);
        Ok(())
    }

    fn part(&mut self, name: &str, columns: &[&str]) -> Result<Part> {
        if self.parts >= SHEETS_MAX {
            let message = format!("cannot write sheet `{name}`: there are {SHEETS_MAX} already");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        self.parts += 1;
        let name = self.names.take(name);
        let styles = &self.styles;
        let worksheet = guarded(|| {
            let mut worksheet = self.book.new_worksheet_with_constant_memory()?;
            worksheet.set_name(&name)?.set_freeze_panes(1, 0)?;
            for (column, text) in (0..).zip(columns) {
                cell::write_name(&mut worksheet, column, text, styles)?;
            }
            Ok(worksheet)
        })?;
        let widths = columns.iter().map(|it| it.chars().count() + 2).collect();
        Ok(Part { name, worksheet, rows: 1, widths, bytes: 0 })
    }
}

impl Part {
    fn write(&mut self, cells: &[Cell<'_>], styles: &Styles) -> Result<()> {
        for (cell, width) in cells.iter().zip(&mut self.widths) {
            if self.rows <= MEASURED_ROWS {
                *width = cell.width().max(*width);
            }
            if let Cell::Text(text) = cell {
                self.bytes += text.len() as u64;
            }
            // Around each cell there are some bytes of markup.
            self.bytes += 64;
        }
        let row = self.rows;
        guarded(|| {
            let cells = (0..).zip(cells);
            cells
                .into_iter()
                .try_for_each(|(column, it)| it.write(&mut self.worksheet, (row, column), styles))
        })?;
        self.rows += 1;
        Ok(())
    }

    fn finish(mut self) -> std::result::Result<Worksheet, XlsxError> {
        for (column, width) in (0..).zip(&self.widths) {
            let width = (*width).clamp(WIDTHS.0, WIDTHS.1) as u16;
            self.worksheet.set_column_width(column, width)?;
        }
        let last = self.widths.len().saturating_sub(1) as u16;
        if self.rows > 1 && !self.widths.is_empty() {
            self.worksheet.autofilter(0, 0, self.rows - 1, last)?;
        }
        Ok(self.worksheet)
    }
}

/// Gives bytes on until that fails, and then keeps why: the library panics where a writer fails.
struct Unfailing<W> {
    out: W,
    failed: Option<io::Error>,
}

impl<W: Write> Write for Unfailing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failed.is_none() {
            self.failed = self.out.write_all(bytes).err();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.failed.is_none() {
            self.failed = self.out.flush().err();
        }
        Ok(())
    }
}

/// What the library does. It panics where one of its temporary files cannot be written.
fn guarded<T>(work: impl FnOnce() -> std::result::Result<T, XlsxError>) -> Result<T> {
    // Whoever gets the error drops the workbook, which nobody sees half done.
    let done = catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        let message = "cannot write a workbook: a temporary file cannot be written";
        Error::new(ErrorKind::WriteFailed, message)
    })?;
    done.map_err(failed)
}

fn failed(error: XlsxError) -> Error {
    Error::new(ErrorKind::WriteFailed, format!("cannot write a workbook: {error}"))
        .with_source(error)
}

fn foreign() -> Error {
    Error::new(ErrorKind::UsageInvalid, "a sheet is of another workbook")
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::{Reader, Xlsx, open_workbook};

    #[test]
    fn a_table_that_is_full_goes_on_in_a_further_sheet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.xlsx");
        let mut book = Workbook::new(folder.path(), Date::from_days(0)).unwrap();
        book.rows_max = 4;
        let (long, other) = (book.sheet("rows", &["n"]).unwrap(), book.sheet("other", &["n"]));
        for row in 0..7 {
            book.row(long, &[Value::Integer(row)]).unwrap();
        }
        book.row(other.unwrap(), &[Value::Integer(0)]).unwrap();
        assert_eq!(book.names(long), ["rows", "rows (2)", "rows (3)"]);
        book.save(&path).unwrap();
        let mut read: Xlsx<_> = open_workbook(&path).unwrap();
        assert_eq!(read.sheet_names(), ["rows", "rows (2)", "rows (3)", "other"]);
        let numbers = ["rows", "rows (2)", "rows (3)"].map(|it| {
            let rows = read.worksheet_range(it).unwrap();
            rows.rows().map(|it| it[0].to_string()).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(numbers, ["n 0 1 2", "n 3 4 5", "n 6"]);
    }
}
