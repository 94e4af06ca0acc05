//! Scans by pages: the leaves of a table's b-tree, copied through SQLite and decoded here.
//!
//! ```text
//!   walk ─▶ page numbers of leaves ─▶ copies of some leaves ─▶ cells ─▶ records ─▶ columns
//!           └── with the connection, in its read transaction ──┘   └── without it, in parallel ──┘
//! ```
//!
//! Pages come from the virtual table `sqlite_dbpage`, so that they are those of the transaction,
//! whether they lie in the file or in its write-ahead log. SQLite's share of the work is copying bytes;
//! the format of the pages is documented at <https://www.sqlite.org/fileformat2.html>.
//!
//! Only ordinary tables are read in this way. Tables `WITHOUT ROWID`, tables with generated columns,
//! views, virtual tables and databases in UTF-16 are read by statements.

mod chunk;
mod decoder;
mod file;
mod overflow;
mod record;
mod scan;
mod varint;
mod walk;

pub(crate) use file::PageFile;
pub(crate) use scan::start;
