//! The database file as numbered pages.

use rusqlite::{CachedStatement, Connection, Row, params_from_iter};

use crate::database::sqlite::error::from_sqlite;
use crate::error::{Error, ErrorKind, Result};

/// The shape of a database file, and the way to its pages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct PageFile {
    /// The size of a page in bytes.
    pub(crate) page_bytes: usize,
    /// How many of them hold data; extensions may reserve the rest.
    pub(crate) usable_bytes: usize,
    /// How many pages there are.
    pub(crate) pages: u32,
}

/// The offset of the page size in the header of the file.
const PAGE_BYTES_AT: usize = 16;
/// The offset of the number of reserved bytes at the end of each page.
const RESERVED_BYTES_AT: usize = 20;
/// The offset of the encoding of text.
const ENCODING_AT: usize = 56;
/// The file format promises at least so many usable bytes.
const USABLE_BYTES_MIN: usize = 480;

impl PageFile {
    /// The file behind `connection`, which is in a read transaction; or why pages cannot be read here:
    /// SQLite was compiled without `sqlite_dbpage`, the text is UTF-16, or page numbers do not fit into
    /// its 31 bits.
    pub(crate) fn probe(connection: &Connection) -> Result<Result<Self, &'static str>> {
        if connection.prepare(SQL).is_err() {
            return Ok(Err("SQLite was compiled without `sqlite_dbpage`"));
        }
        let pages = connection
            .query_row("PRAGMA main.page_count", [], |row| row.get::<_, i64>(0))
            .map_err(|it| from_sqlite("count the pages", it))?;
        let header = connection
            .query_row(SQL, [1], |row| row.get::<_, Vec<u8>>(0))
            .map_err(|it| from_sqlite("read the header of the database", it))?;
        if i32::try_from(pages).is_err() {
            return Ok(Err("the database has too many pages"));
        }
        Ok(Self::from_header(&header, pages as u32).ok_or(if is_utf_16(&header) {
            "the database stores text in UTF-16"
        } else {
            "the header of the database is unusual"
        }))
    }

    fn from_header(header: &[u8], pages: u32) -> Option<Self> {
        let page_bytes = match u16::from_be_bytes(*header.get(PAGE_BYTES_AT..)?.first_chunk()?) {
            1 => 65_536,
            bytes => usize::from(bytes),
        };
        let reserved = usize::from(*header.get(RESERVED_BYTES_AT)?);
        let usable_bytes = page_bytes.checked_sub(reserved)?;
        let readable =
            !is_utf_16(header) && usable_bytes >= USABLE_BYTES_MIN && header.len() == page_bytes;
        readable.then_some(Self { page_bytes, usable_bytes, pages })
    }

    /// Prepares to read pages through `connection`.
    pub(crate) fn reader<'a>(&self, connection: &'a Connection) -> Result<PageReader<'a>> {
        let statement = connection.prepare_cached(SQL).map_err(failed)?;
        Ok(PageReader { connection, statement, page_bytes: self.page_bytes })
    }

    /// The longest payload that a leaf of a table holds whole.
    pub(crate) fn local_bytes_max(&self) -> usize {
        self.usable_bytes - 35
    }

    /// How many bytes of a payload that is longer than that lie in the leaf.
    pub(crate) fn local_bytes(&self, payload_bytes: usize) -> usize {
        let least = (self.usable_bytes - 12) * 32 / 255 - 23;
        let local = least + (payload_bytes - least) % (self.usable_bytes - 4);
        if local <= self.local_bytes_max() { local } else { least }
    }
}

/// Whether the file with this header stores text in another encoding than UTF-8.
fn is_utf_16(header: &[u8]) -> bool {
    let encoding = header.get(ENCODING_AT..).and_then(|it| it.first_chunk());
    encoding.is_some_and(|it| u32::from_be_bytes(*it) > 1)
}

const SQL: &str = "SELECT data FROM sqlite_dbpage WHERE pgno = ?1";

/// How many pages one statement reads at once: to begin and to end a statement costs half as much as
/// what SQLite does for a page.
const PAGES_AT_ONCE: usize = 32;

/// The statement that reads so many pages at once, in the order of its parameters: `CROSS JOIN` has the
/// list of their numbers as its outer loop.
fn sql_of_many(pages: usize) -> String {
    let numbers: Vec<_> = (1..=pages).map(|it| format!("(?{it})")).collect();
    let numbers = numbers.join(", ");
    format!(
        "SELECT data, pgno FROM (VALUES {numbers}) CROSS JOIN sqlite_dbpage WHERE pgno = column1"
    )
}

/// Reads pages through one connection.
pub(crate) struct PageReader<'a> {
    connection: &'a Connection,
    statement: CachedStatement<'a>,
    page_bytes: usize,
}

impl PageReader<'_> {
    /// Appends the pages with these numbers to `bytes`.
    pub(crate) fn append_all(&mut self, pages: &[u32], bytes: &mut Vec<u8>) -> Result<()> {
        let (many, rest) = pages.as_chunks::<PAGES_AT_ONCE>();
        if !many.is_empty() {
            let sql = sql_of_many(PAGES_AT_ONCE);
            let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
            many.iter().try_for_each(|it| take_all(&mut statement, it, self.page_bytes, bytes))?;
        }
        rest.iter().try_for_each(|it| self.append(*it, bytes))
    }

    /// Appends the page numbered `page` to `bytes`.
    fn append(&mut self, page: u32, bytes: &mut Vec<u8>) -> Result<()> {
        let page_bytes = self.page_bytes;
        let mut rows = self.statement.query([page]).map_err(failed)?;
        take(page, page_bytes, rows.next().map_err(failed)?, bytes)
    }

    /// The page numbered `page`.
    pub(crate) fn read(&mut self, page: u32) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.page_bytes);
        self.append(page, &mut bytes)?;
        Ok(bytes)
    }
}

/// Appends the pages with these numbers, which `statement` reads at once, to `bytes`.
fn take_all(
    statement: &mut CachedStatement<'_>,
    pages: &[u32],
    page_bytes: usize,
    bytes: &mut Vec<u8>,
) -> Result<()> {
    let mut rows = statement.query(params_from_iter(pages)).map_err(failed)?;
    for page in pages {
        let row = rows.next().map_err(failed)?;
        let row = row.filter(|it| it.get(1).is_ok_and(|it: u32| it == *page));
        take(*page, page_bytes, row, bytes)?;
    }
    Ok(())
}

/// Appends the page numbered `page`, which is in `row`, to `bytes`.
fn take(page: u32, page_bytes: usize, row: Option<&Row<'_>>, bytes: &mut Vec<u8>) -> Result<()> {
    let Some(row) = row else {
        return Err(corrupt(page, "it lies beyond the end of the file"));
    };
    let data = row.get_ref(0).map_err(failed)?.as_blob().unwrap_or_default();
    if data.len() != page_bytes {
        return Err(corrupt(page, "it is truncated"));
    }
    bytes.extend_from_slice(data);
    Ok(())
}

fn failed(error: rusqlite::Error) -> Error {
    from_sqlite("read a page of the database", error)
}

/// The error about a page that is not what it should be. [`PageScan`](crate::database::sqlite::pages::scan::PageScan) adds
/// which table of which database it is of.
pub(crate) fn corrupt(page: u32, reason: &str) -> Error {
    Error::new(ErrorKind::SourceInvalid, format!("page {page} is corrupt: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(page_bytes: u16, reserved: u8, encoding: u32, length: usize) -> Vec<u8> {
        let mut header = vec![0; length];
        header[16..18].copy_from_slice(&page_bytes.to_be_bytes());
        header[20] = reserved;
        header[56..60].copy_from_slice(&encoding.to_be_bytes());
        header
    }

    #[test]
    fn a_page_size_of_1_means_65536() {
        let file = PageFile::from_header(&header(1, 0, 1, 65_536), 9).unwrap();
        assert_eq!(file, PageFile { page_bytes: 65_536, usable_bytes: 65_536, pages: 9 });
    }

    #[test]
    fn reserved_bytes_are_not_usable() {
        assert_eq!(PageFile::from_header(&header(512, 32, 1, 512), 9).unwrap().usable_bytes, 480);
        assert_eq!(PageFile::from_header(&header(512, 33, 1, 512), 9), None);
    }

    #[test]
    fn utf_16_is_left_to_sqlite() {
        assert_eq!(PageFile::from_header(&header(4096, 0, 2, 4096), 9), None);
        assert_eq!(PageFile::from_header(&header(4096, 0, 3, 4096), 9), None);
    }

    #[test]
    fn a_long_payload_lies_partly_in_its_leaf() {
        let file = PageFile { page_bytes: 512, usable_bytes: 512, pages: 9 };
        assert_eq!(file.local_bytes_max(), 477);
        assert_eq!(file.local_bytes(478), 39);
        assert_eq!(file.local_bytes(39 + 508), 39);
        assert_eq!(file.local_bytes(39 + 508 + 400), 439);
    }
}
