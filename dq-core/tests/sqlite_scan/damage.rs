//! Damaged files: an error or some rows, but no panic and no endless scan.

use std::fs;
use std::num::NonZeroUsize;

use dq_core::database::sqlite::{ScanMethod, SqliteConfig, SqliteSource};
use dq_core::source::{Cancellation, Scan, Source};
use dq_core::{Error, ErrorKind};

use crate::database::{Database, rows_of};

const PAGE_BYTES: usize = 512;

/// A database with some levels of pages and some overflow pages, and the page of its table's root.
fn database() -> (Database, Vec<u8>, usize) {
    let database = Database::new(&format!(
        "PRAGMA page_size = {PAGE_BYTES}; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, long TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
         INSERT INTO t SELECT i, 'row ' || i, i * 1000, iif(i % 10, NULL, printf('%.*c', i, 'x')) FROM n"
    ));
    let root: usize = database
        .connection
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 't'", [], |row| {
            row.get(0).map(|it: i64| it as usize)
        })
        .unwrap();
    let bytes = fs::read(database.path()).unwrap();
    (database, bytes, (root - 1) * PAGE_BYTES)
}

/// All rows by pages of a file that holds `bytes`.
async fn read(database: &Database, bytes: &[u8]) -> Result<Vec<String>, Error> {
    read_by(ScanMethod::Pages, database, bytes).await
}

async fn read_by(
    method: ScanMethod,
    database: &Database,
    bytes: &[u8],
) -> Result<Vec<String>, Error> {
    let path = database.folder.path().join("damaged.db");
    fs::write(&path, bytes).unwrap();
    let config = SqliteConfig { scan_method: method, ..SqliteConfig::new(&path) };
    let snapshot = SqliteSource::new(config)?.snapshot().await?;
    let rows = rows_of(&*snapshot, "t", None, 2).await?;
    snapshot.finish().await?;
    Ok(rows)
}

async fn assert_invalid(database: &Database, bytes: &[u8]) {
    let error = read(database, bytes).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceInvalid, "{error}");
}

#[tokio::test]
async fn a_truncated_file_is_invalid() {
    let (database, bytes, _) = database();
    assert_eq!(read(&database, &bytes).await.unwrap().len(), 2_000);
    let last = bytes.len() - PAGE_BYTES;
    for length in [bytes.len() - 1, last + 1, last, bytes.len() / 2, PAGE_BYTES, 100, 99] {
        assert_invalid(&database, &bytes[..length]).await;
    }
    let longer = [&*bytes, &[7; PAGE_BYTES + 100]].concat();
    assert_eq!(read(&database, &longer).await.unwrap().len(), 2_000, "as SQLite reads it");
    // A header that agrees with the shorter file hides the loss from SQLite.
    let mut shorter = bytes[..bytes.len() / 2].to_vec();
    let pages = (shorter.len() / PAGE_BYTES) as u32;
    shorter[28..32].copy_from_slice(&pages.to_be_bytes());
    shorter.truncate(pages as usize * PAGE_BYTES);
    assert_invalid(&database, &shorter).await;
}

#[tokio::test]
async fn the_table_and_its_file_are_named() {
    let (database, mut bytes, root) = database();
    let mut page = root;
    while bytes[page] == 5 {
        // Neither the first child nor the last, at which the catalog looks.
        let cell = page + usize::from(u16::from_be_bytes([bytes[page + 14], bytes[page + 15]]));
        let second = u32::from_be_bytes(bytes[cell..cell + 4].try_into().unwrap());
        page = (second as usize - 1) * PAGE_BYTES;
    }
    bytes[page] = 0x77;
    for (method, reason) in [
        (ScanMethod::Pages, "is corrupt: it should be a leaf page of a table"),
        (ScanMethod::Statements, "malformed"),
    ] {
        let error = read_by(method, &database, &bytes).await.unwrap_err().to_string();
        assert!(error.starts_with("cannot read the table `t` of `"), "{error}");
        assert!(error.contains("damaged.db`: ") && error.contains(reason), "{error}");
    }
}

#[tokio::test]
async fn a_file_of_another_format_is_invalid() {
    let (database, mut bytes, _) = database();
    bytes[47] = 9; // the format of the schema
    assert_invalid(&database, &bytes).await;
}

#[tokio::test]
async fn a_tree_that_goes_round_in_circles_is_invalid() {
    let (database, bytes, root) = database();
    assert_eq!(bytes[root], 5, "the root is an interior page");
    let own = (root / PAGE_BYTES + 1) as u32;
    for target in [own, 1, 0, u32::MAX, 2_000_000] {
        let mut damaged = bytes.clone();
        damaged[root + 8..root + 12].copy_from_slice(&target.to_be_bytes());
        assert_invalid(&database, &damaged).await;
        let first = usize::from(u16::from_be_bytes([bytes[root + 12], bytes[root + 13]]));
        let mut damaged = bytes.clone();
        damaged[root + first..root + first + 4].copy_from_slice(&target.to_be_bytes());
        assert_invalid(&database, &damaged).await;
    }
}

#[tokio::test]
async fn damage_anywhere_neither_panics_nor_hangs() {
    let (database, bytes, root) = database();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let (mut whole, mut invalid) = (0, 0);
    for round in 0..300 {
        let mut damaged = bytes.clone();
        for _ in 0..=random(8) {
            // Headers of pages are few bytes and decide much, so every other round aims at them.
            let header = random(bytes.len() / PAGE_BYTES) * PAGE_BYTES + random(20);
            let at = [random(bytes.len()), header][round % 2];
            damaged[at.max(PAGE_BYTES)] = random(256) as u8;
        }
        damaged[root] = bytes[root];
        match read(&database, &damaged).await {
            Ok(_) => whole += 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::SourceInvalid, "{error}");
                invalid += 1;
            }
        }
    }
    assert!(whole > 20 && invalid > 20, "{whole} whole, {invalid} invalid");
}

#[tokio::test]
async fn rows_out_of_order_are_an_error_and_never_missing() {
    let database = Database::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, g AS (a) VIRTUAL);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO t (id, a) SELECT i, printf('row%07d', i) FROM n",
    );
    let mut bytes = fs::read(database.path()).unwrap();
    let row = bytes.windows(10).position(|it| it == b"row0000415").unwrap();
    let rowid = bytes[..row].windows(2).rposition(|it| it == [0x83, 0x1f]).unwrap();
    bytes[rowid] = 0xff;
    let path = database.folder.path().join("damaged.db");
    fs::write(&path, &bytes).unwrap();
    let snapshot = SqliteSource::new(SqliteConfig::new(&path)).unwrap().snapshot().await.unwrap();
    for partitions in [1, 2, 7] {
        for columns in [vec![], vec![1]] {
            let error = rows_of(&*snapshot, "t", Some(columns), partitions).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SourceInvalid, "{error}");
            assert!(error.message().contains("integrity_check"), "{error}");
        }
    }
}

#[tokio::test]
async fn changed_rowids_by_statements_give_all_rows_or_an_error() {
    let (database, bytes, _) = database();
    let (mut whole, mut invalid) = (0, 0);
    for number in (1_000..2_000).step_by(37) {
        let text = format!("row {number}");
        let row = bytes.windows(8).position(|it| it == text.as_bytes()).unwrap();
        // Of two bytes, shortly before the values.
        let rowid = [0x80 | (number >> 7) as u8, (number & 0x7f) as u8];
        let at = bytes[..row].windows(2).rposition(|it| it == rowid).unwrap();
        assert!(row - at < 12);
        for (offset, byte) in [(0, 0xff), (0, 0x81), (1, 0x00), (1, 0x7f)] {
            let mut damaged = bytes.clone();
            damaged[at + offset] = byte;
            let rows = read_by(ScanMethod::Statements, &database, &damaged).await;
            whole += usize::from(rows.as_ref().is_ok_and(|it| it.len() == 2_000));
            invalid += usize::from(rows.is_err_and(|it| it.kind() == ErrorKind::SourceInvalid));
        }
    }
    assert_eq!(whole + invalid, 28 * 4);
    assert!(invalid > 20, "{whole} whole, {invalid} invalid");
}

#[tokio::test]
async fn a_partition_that_is_dropped_early_is_no_damage() {
    let (database, ..) = database();
    let snapshot = database.source(ScanMethod::Statements).snapshot().await.unwrap();
    let scan = Scan {
        table: "t".to_owned(),
        columns: vec![1],
        partitions: NonZeroUsize::new(2).unwrap(),
        cancellation: Cancellation::new(),
    };
    let mut partitions = snapshot.scan(&scan).await.unwrap();
    assert!(partitions.pop().unwrap().next().await.unwrap().is_some());
    let mut last = partitions.pop().unwrap();
    while last.next().await.unwrap().is_some() {}
    assert!(last.next().await.unwrap().is_none());
}
