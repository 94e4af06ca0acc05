//! Which files a specification names, and how their bytes become text.

use std::fs::{self, File};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;

use dq_core::ErrorKind;
use dq_core::source::csv::{CsvOptions, CsvSource, EmptyCell};
use dq_core::source::{Cancellation, Scan, Source};
use dq_core::value::ValueType;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::reading::{file, read, read_parallel, row, rows, wait};

const DEFAULT: fn() -> CsvOptions = CsvOptions::default;

fn gzip(content: &str) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(content.as_bytes()).unwrap();
    packer.finish().unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The tables of `spec`: names and columns.
fn tables(spec: &Path) -> Vec<(String, Vec<String>)> {
    let source = CsvSource::open(spec.to_str().unwrap(), DEFAULT()).unwrap();
    let snapshot = wait(source.snapshot()).unwrap();
    let columns =
        |it: &dq_core::value::TableSchema| it.columns.iter().map(|it| it.name.clone()).collect();
    snapshot.tables().iter().map(|it| (it.name.clone(), columns(it))).collect()
}

#[test]
fn the_hospitals_are_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/hospitals.csv");
    for threads in [1, 2] {
        let table = read_parallel(&path, DEFAULT(), threads).unwrap();
        assert_eq!((table.rows.len(), table.names.len()), (5326, 15));
        assert_eq!(table.rows[0][2].as_deref(), Some("US HWY 191, HOSPITAL ROAD"));
        assert_eq!(table.rows.iter().filter(|it| it[14].is_none()).count(), 404);
    }
}

#[test]
fn every_column_is_text_without_a_key() {
    let (_directory, path) = file("id,name\n1,one\n2,two\n3,three\n");
    let source = CsvSource::open(&path, DEFAULT()).unwrap();
    assert_eq!(source.name(), path);
    let snapshot = wait(source.snapshot()).unwrap();
    let table = &snapshot.tables()[0];
    assert!(table.columns.iter().all(|it| it.value_type == ValueType::Text && it.nullable));
    assert!(table.primary_key.is_empty() && snapshot.notes().is_empty());
    assert!((3..=4).contains(&table.rows_estimate.unwrap()), "{table:?}");
}

#[test]
fn only_the_wanted_columns_are_read_in_the_wanted_order() {
    let (_directory, path) = file("a,b,c\n1,2,3\n4,,6\n");
    let snapshot = wait(CsvSource::open(&path, DEFAULT()).unwrap().snapshot()).unwrap();
    assert_eq!(rows(&*snapshot, "data", &[2, 0], 1).unwrap(), [row(["3", "1"]), row(["6", "4"])]);
    assert_eq!(rows(&*snapshot, "data", &[1, 1], 1).unwrap(), [row(["2", "2"]), row(["-", "-"])]);
    assert_eq!(rows(&*snapshot, "data", &[], 1).unwrap().len(), 2);
    let error = rows(&*snapshot, "else", &[], 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn tabs_separate_the_cells_of_tsv_files() {
    let directory = tempfile::tempdir().unwrap();
    let plain = directory.path().join("data.TSV");
    fs::write(&plain, "a\tb\n1,5\t2\n").unwrap();
    let packed = directory.path().join("data.tsv.gz");
    fs::write(&packed, gzip("a\tb\n1,5\t2\n")).unwrap();
    for path in [plain, packed] {
        assert_eq!(read(path, DEFAULT()).unwrap().rows, [row(["1,5", "2"])]);
    }
}

#[test]
fn gzip_files_are_decompressed_all_members_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.csv.gz");
    let filled_up = vec![0; 100_000];
    fs::write(&path, [gzip("a,b\n1,2\n3"), gzip(""), gzip(",4\n"), filled_up].concat()).unwrap();
    for threads in [1, 2, 7] {
        let table = read_parallel(&path, DEFAULT(), threads).unwrap();
        assert_eq!(table.rows, [row(["1", "2"]), row(["3", "4"])]);
    }
}

#[test]
fn a_pattern_is_one_table_of_all_files_in_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let write =
        |name: &str, content: &[u8]| fs::write(directory.path().join(name), content).unwrap();
    write("part-2.csv", b"a,b\n3,4");
    write("part-1.csv", b"\xef\xbb\xbfa,b\r\n1,2\r\n");
    write("part-3.csv.gz", &gzip("a,b\n5,6\n"));
    write("other.csv", b"x\n");
    let pattern = directory.path().join("part-*");
    for threads in [1, 2, 7] {
        let table = read_parallel(&pattern, DEFAULT(), threads).unwrap();
        assert_eq!(table.rows, [row(["1", "2"]), row(["3", "4"]), row(["5", "6"])]);
    }
    write("part-4.csv", b"b,a\n");
    let error = read(&pattern, DEFAULT()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceInvalid);
    assert!(error.message().contains("its header is not that of"), "{error}");
    write("part-4.csv", b"a,b\n7\n");
    let error = read(&pattern, DEFAULT()).unwrap_err();
    assert!(
        error.message().ends_with("part-4.csv`: line 2: 1 cell where the header has 2"),
        "{error}"
    );
}

#[test]
fn a_pattern_that_nothing_matches_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let pattern = directory.path().join("*.csv");
    let error = read(&pattern, DEFAULT()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.message(), format!("cannot find a file like `{}`", pattern.display()));
    let error = CsvSource::open("x***", DEFAULT()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UsageInvalid);
}

#[test]
fn a_file_whose_name_looks_like_a_pattern_is_that_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data [1].csv");
    fs::write(&path, "a\n1\n").unwrap();
    assert_eq!(read(&path, DEFAULT()).unwrap().rows, [row(["1"])]);
}

#[test]
fn a_directory_has_a_table_for_each_file() {
    let directory = tempfile::tempdir().unwrap();
    let write =
        |name: &str, content: &[u8]| fs::write(directory.path().join(name), content).unwrap();
    let error = read(directory.path(), DEFAULT()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().starts_with("cannot find a CSV file in `"), "{error}");
    write("providers.csv", b"id\n1\n");
    write("facilities.v2.TSV", b"id\tname\n");
    write("affiliations.csv.gz", &gzip("id,provider\n7,1\n"));
    write("README.md", b"");
    write(".hidden.csv", b"");
    fs::create_dir(directory.path().join("folder.csv")).unwrap();
    let columns = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        tables(directory.path()),
        [
            ("affiliations".to_owned(), columns(&["id", "provider"])),
            ("facilities.v2".to_owned(), columns(&["id", "name"])),
            ("providers".to_owned(), columns(&["id"])),
        ]
    );
    let source = CsvSource::open(directory.path().to_str().unwrap(), DEFAULT()).unwrap();
    let snapshot = wait(source.snapshot()).unwrap();
    assert_eq!(rows(&*snapshot, "affiliations", &[1], 2).unwrap(), [row(["1"])]);
    assert_eq!(rows(&*snapshot, "affiliations", &[0], 2).unwrap(), [row(["7"])]);
    write("facilities.v2.TSV", b"a table that nobody reads may change");
    wait(snapshot.finish()).unwrap();
    write("providers.tsv", b"id\n");
    let error = read(directory.path(), DEFAULT()).unwrap_err();
    assert!(error.message().starts_with("cannot name a table `providers`: both `"), "{error}");
}

#[test]
fn byte_order_marks_tell_the_encoding_and_are_removed() {
    let text = "näme,b\n\"ü\u{1F600}\",\n";
    let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
    let big_endian = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let contents = [
        marked(b"\xef\xbb\xbf", text.into()),
        marked(b"\xff\xfe", utf16(text)),
        marked(b"\xfe\xff", big_endian),
    ];
    for content in contents {
        let (_directory, path) = file(content);
        for encoding in ["utf-8", "windows-1252"] {
            let options = CsvOptions { encoding: encoding.to_owned(), ..DEFAULT() };
            let table = read(&path, options).unwrap();
            assert_eq!(table.names, ["näme", "b"]);
            assert_eq!(table.rows, [row(["ü\u{1F600}", "-"])]);
        }
    }
}

#[test]
fn other_encodings_are_decoded_in_pieces_of_any_size() {
    let text = "a,b\n".to_owned() + &"grün \u{1F600},\"x\ny\"\n".repeat(20_000);
    let (_directory, path) = file(utf16(&text));
    for (threads, block_bytes) in [(1, 1 << 20), (2, 1000), (7, 100_000)] {
        let options = CsvOptions { encoding: "utf-16le".to_owned(), block_bytes, ..DEFAULT() };
        let table = read_parallel(&path, options, threads).unwrap();
        assert_eq!(table.rows.len(), 20_000);
        assert!(table.rows.iter().all(|it| *it == row(["grün \u{1F600}", "x\ny"])));
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_once() {
    use std::os::fd::AsRawFd;
    for content in [b"a,b\n1,2\n".to_vec(), gzip("a,b\n1,2\n")] {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(&content).unwrap();
        drop(writer);
        let spec = format!("/dev/fd/{}", reader.as_raw_fd());
        let source = CsvSource::open(&spec, DEFAULT()).unwrap();
        let snapshot = wait(source.snapshot()).unwrap();
        assert_eq!(rows(&*snapshot, "data", &[0, 1], 2).unwrap(), [row(["1", "2"])]);
        wait(snapshot.finish()).unwrap();
        let again = rows(&*snapshot, "data", &[0, 1], 2).unwrap_err();
        let once_more = wait(source.snapshot()).unwrap_err();
        for error in [again, once_more] {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert_eq!(error.message(), format!("cannot read `{spec}` twice: it is a stream"));
        }
    }
}

#[test]
fn a_cancelled_scan_ends_with_an_error() {
    let (_directory, path) = file("a\n1\n");
    let snapshot = wait(CsvSource::open(&path, DEFAULT()).unwrap().snapshot()).unwrap();
    let scan = Scan {
        table: "data".to_owned(),
        columns: vec![0],
        partitions: NonZeroUsize::MIN,
        cancellation: Cancellation::new(),
    };
    let mut partitions = wait(snapshot.scan(&scan)).unwrap();
    scan.cancellation.cancel();
    let error = wait(partitions[0].next()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn options_are_read_from_text() {
    let text = r#"{"delimiter": ";", "quote": null, "encoding": "latin1", "header": false, "empty": "blank"}"#;
    let options: CsvOptions = serde_json::from_str(text).unwrap();
    assert_eq!((options.delimiter, options.quote, options.header), (Some(';'), None, false));
    assert_eq!((options.empty, options.block_bytes), (EmptyCell::Blank, DEFAULT().block_bytes));
    assert!(serde_json::from_str::<CsvOptions>(r#"{"separator": ";"}"#).is_err());
    assert_eq!(serde_json::from_str::<CsvOptions>("{}").unwrap(), DEFAULT());
}

#[test]
fn a_file_is_not_held_open_by_its_snapshot() {
    let directory = tempfile::tempdir().unwrap();
    for at in 0..2000 {
        File::create(directory.path().join(format!("t{at}.csv")))
            .unwrap()
            .write_all(b"a\n")
            .unwrap();
    }
    assert_eq!(tables(directory.path()).len(), 2000);
}
