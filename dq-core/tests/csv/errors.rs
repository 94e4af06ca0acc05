//! What is said of files that cannot be read. No message shows what is in a cell.

use std::fs::{self, File};
use std::io::Write;

use dq_core::ErrorKind;
use dq_core::source::csv::{CsvOptions, CsvSource};
use dq_core::source::{Snapshot, Source};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::reading::{error_of, file, read, read_parallel, rows, wait};

const DEFAULT: fn() -> CsvOptions = CsvOptions::default;

/// The message about a malformed file, which is the same for every block size and number of threads.
fn malformed(content: impl AsRef<[u8]>) -> String {
    let (error, message) = error_of(&content, DEFAULT());
    assert_eq!(error.kind(), ErrorKind::SourceInvalid, "{message}");
    for block_bytes in [1, 7, 64] {
        let options = CsvOptions { block_bytes, ..DEFAULT() };
        assert_eq!(error_of(&content, options).1, message, "{block_bytes} bytes at once");
    }
    message
}

#[test]
fn a_missing_file() {
    let error = CsvSource::open("nowhere/data.csv", DEFAULT()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().starts_with("cannot open `nowhere/data.csv`: "), "{error}");
}

#[cfg(unix)]
#[test]
fn an_unreadable_file() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, path) = file("a\n1\n");
    fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
    if File::open(&path).is_ok() {
        return; // the superuser reads everything
    }
    let error = read(&path, DEFAULT()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.message().starts_with("cannot open `"), "{error}");
}

#[test]
fn an_empty_file() {
    for content in ["", "\n", "\r\n\n", "\u{feff}"] {
        assert_eq!(malformed(content), "cannot read `FILE`: it is empty: expected a header");
    }
    let (_, message) = error_of("", CsvOptions { header: false, ..DEFAULT() });
    assert_eq!(message, "cannot read `FILE`: it is empty: expected at least one record");
}

#[test]
fn ragged_rows() {
    assert_eq!(
        malformed("a,b,c\n1,2,3\n\"x\ny\",2,3\n\n1,2\n"),
        "cannot read `FILE`: line 6: 2 cells where the header has 3"
    );
    assert_eq!(
        malformed("a,b\n1,2\n1\n"),
        "cannot read `FILE`: line 3: 1 cell where the header has 2"
    );
    assert_eq!(
        malformed("a,b\n1,2,3"),
        "cannot read `FILE`: line 2: 3 cells where the header has 2"
    );
    assert_eq!(
        malformed("a\n1\n\n,\n"),
        "cannot read `FILE`: line 4: 2 cells where the header has 1"
    );
    let (_, message) = error_of("1,2\n\n1,2,3\n", CsvOptions { header: false, ..DEFAULT() });
    assert_eq!(message, "cannot read `FILE`: line 3: 3 cells where the first record has 2");
}

#[test]
fn a_quote_that_is_never_closed() {
    let message = "cannot read `FILE`: line 3: the quote that opens column `b` is never closed";
    assert_eq!(malformed("a,b\n1,2\n3,\"4\n5,6\n7,8\n"), message);
    assert_eq!(malformed("a,b\n1,2\n3,\""), message);
    assert_eq!(malformed("a,b\n1,2\n3,\"\"\"\n"), message);
    assert_eq!(
        malformed("a,\"b\n1,2\n"),
        "cannot read `FILE`: line 1: the quote that opens column 2 is never closed"
    );
}

#[test]
fn text_after_a_closing_quote() {
    assert_eq!(
        malformed("a,b\n\"1\n\"x,2\n"),
        "cannot read `FILE`: line 3: text after the closing quote of column `a`"
    );
    assert_eq!(
        malformed("a,b\n1,\"2\" \n3,4\n"),
        "cannot read `FILE`: line 2: text after the closing quote of column `b`"
    );
    assert_eq!(
        malformed("a,b\n1,\"2\"\r3,4\n"),
        "cannot read `FILE`: line 2: text after the closing quote of column `b`"
    );
}

#[test]
fn a_header_of_lines_that_end_with_cr_alone() {
    let message = |place: &str| {
        format!(
            "cannot read `FILE`: {place}: the header holds a carriage return without a line feed: \
             are its lines ended by CR alone? convert them to LF"
        )
    };
    assert_eq!(malformed("a,b\r1,2\r,4\r"), message("line 1, column 2"));
    assert_eq!(malformed("a\r1\r2"), message("line 1, column 1"));
    assert_eq!(malformed("\ra,b\n1,2\n"), message("line 1, column 1"));
    assert_eq!(malformed("a,b\r\r\n1,2\r\n"), message("line 1, column 2"));
    assert_eq!(malformed("\"a\nb\",\"c\"\"d\",e\rf,g\n"), message("line 2, column 3"));
    let (_directory, path) = file("\"a\rb\",\"\"\"\r\"\n1\r,2\n");
    assert!(read(&path, DEFAULT()).is_ok(), "a quoted name may hold anything");
    let (_directory, path) = file("a,b\r1,2\r");
    assert!(read(&path, CsvOptions { header: false, ..DEFAULT() }).is_ok(), "without a header");
}

#[test]
fn a_header_of_utf_16_without_a_mark() {
    let message = |place: &str| {
        format!(
            "cannot read `FILE`: {place}: the header holds a NUL: is the text UTF-16? then name it with \
             `encoding`, as `utf-16le` or `utf-16be`"
        )
    };
    let units = || "a,b\n1,2\n".encode_utf16();
    let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
    assert_eq!(malformed(&little), message("line 1, column 1"));
    assert_eq!(malformed(&big), message("line 1, column 1"));
    let (_directory, path) = file("\"a\0b\"\n1\n");
    assert!(read(&path, DEFAULT()).is_ok(), "a quoted name may hold anything");
}

#[test]
fn invalid_utf_8() {
    let hint = "not valid UTF-8; if the file has another encoding, name it with `encoding`";
    assert_eq!(
        malformed(b"a,b\n1,2\nM\xfcnchen,3\n"),
        format!("cannot read `FILE`: line 3, column `a`, character 2: {hint}")
    );
    assert_eq!(
        malformed(b"a,\xff\n"),
        format!("cannot read `FILE`: line 1, column 2, character 3: {hint}")
    );
    assert_eq!(
        malformed(b"a,b\n1,\xe2\x82\n"),
        format!("cannot read `FILE`: line 2, column `b`, character 3: {hint}")
    );
    for (before, place, after) in [
        ("éé,", "column `b`, character 4", "\n"),
        ("\"é\n,\"\"", "column `a`, character 4", "\",2\n"),
        ("1,\"", "column `b`, character 4", "\"\n"),
        ("\"é\",\"é", "column `b`, character 7", "\"\n"),
        ("\n\n", "column `a`, character 1", ",2\n"),
    ] {
        let bytes = [b"a,b\n", before.as_bytes(), b"\xff", after.as_bytes()].concat();
        let line = 2 + before.matches('\n').count();
        assert_eq!(malformed(bytes), format!("cannot read `FILE`: line {line}, {place}: {hint}"));
    }
    let (_directory, path) = file(b"a,b\nM\xfcnchen,3\n");
    let options = CsvOptions { encoding: "windows-1252".to_owned(), ..DEFAULT() };
    assert_eq!(read(path, options).unwrap().rows[0][0].as_deref(), Some("München"));
}

#[test]
fn the_first_of_several_errors() {
    let ragged = "cannot read `FILE`: line 2: 1 cell where the header has 2";
    assert_eq!(malformed(b"a,b\n1\n\xff,2\n\"\n"), ragged);
    let not_utf8 = malformed(b"a,b\n\xff,2\n1\n");
    assert!(
        not_utf8.starts_with("cannot read `FILE`: line 2, column `a`, character 1: "),
        "{not_utf8}"
    );
}

#[test]
fn the_first_error_whichever_thread_sees_it() {
    let good = "1,2\n".repeat(200);
    let content = format!("a,b\n{good}1\n{}", format!("{good}x\n").repeat(20));
    let (_directory, path) = file(content);
    for block_bytes in [1, 16, 64, 1000] {
        for threads in [1, 2, 7] {
            let options = CsvOptions { block_bytes, ..DEFAULT() };
            let error = read_parallel(&path, options, threads).unwrap_err();
            let message = error.message();
            assert!(message.ends_with(": line 202: 1 cell where the header has 2"), "{message}");
        }
    }
}

#[test]
fn duplicate_column_names() {
    let message = malformed("id,name,id\n1,2,3\n");
    assert_eq!(message, "cannot read `FILE`: the header names the column `id` twice");
}

#[test]
fn a_record_beyond_the_bound() {
    let content = format!("a,b\n1,2\n3,{}\n5,6\n", "x".repeat(100));
    for block_bytes in [1, 64, 1000] {
        let options = CsvOptions { record_bytes_max: 101, block_bytes, ..DEFAULT() };
        let (error, message) = error_of(&content, options);
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        let reason =
            "the record has more than 101 bytes (`record_bytes_max`); is a quote left open?";
        assert_eq!(message, format!("cannot read `FILE`: line 3: {reason}"));
        let options = CsvOptions { record_bytes_max: 102, block_bytes, ..DEFAULT() };
        let (_directory, path) = file(&content);
        assert_eq!(read(path, options).unwrap().rows.len(), 3);
    }
}

#[test]
fn broken_gzip_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.csv.gz");
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all("a,b\n1,2\n".repeat(10_000).as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    let message = |content: &[u8]| {
        fs::write(&path, content).unwrap();
        let error = read(&path, DEFAULT()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceInvalid);
        error.message().replace(path.to_str().unwrap(), "FILE")
    };
    let truncated = message(&packed[..packed.len() - 20]);
    assert!(truncated.starts_with("cannot read `FILE`: line "), "{truncated}");
    assert!(truncated.ends_with(": the gzip data end too early"), "{truncated}");
    let mut corrupt = packed.clone();
    let end = corrupt.len() - 6;
    corrupt[end] ^= 1; // the checksum
    assert!(message(&corrupt).ends_with(": the gzip data are corrupt"));
    let followed = message(&[&*packed, b"more"].concat());
    assert!(followed.ends_with(": behind the gzip data stands something else"), "{followed}");
    let followed = message(&[&*packed, &[0; 700], &packed].concat());
    assert!(followed.ends_with(": behind the gzip data stands something else"), "{followed}");
    assert_eq!(message(b"a,b\n1,2\n"), "cannot read `FILE`: it is not a gzip file");
    assert_eq!(message(b""), "cannot read `FILE`: it is not a gzip file");
}

#[test]
fn text_that_is_not_in_its_encoding() {
    let options = || CsvOptions { encoding: "utf-16le".to_owned(), ..DEFAULT() };
    let mut content: Vec<u8> = "a\nb\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    content.extend([0x00, 0xd8, b'\n', 0]);
    let (error, message) = error_of(&content, options());
    assert_eq!(error.kind(), ErrorKind::SourceInvalid);
    assert_eq!(message, "cannot read `FILE`: line 3: the text is not valid UTF-16LE");
}

#[test]
fn options_out_of_their_range() {
    let with = |change: fn(&mut CsvOptions)| {
        let mut options = DEFAULT();
        change(&mut options);
        let error = CsvSource::open("-", options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        error.message().to_owned()
    };
    let mark = "is not one ASCII character other than a line end";
    assert_eq!(
        [
            with(|it| it.delimiter = Some('–')),
            with(|it| it.quote = Some('\n')),
            with(|it| it.delimiter = Some('"')),
            with(|it| it.encoding = "klingon".to_owned()),
            with(|it| it.record_bytes_max = 0),
        ],
        [
            format!("cannot use the CSV options: `delimiter` {mark}"),
            format!("cannot use the CSV options: `quote` {mark}"),
            "cannot use the CSV options: `delimiter` and `quote` are the same character".to_owned(),
            "cannot use the CSV options: `encoding` `klingon` is not known".to_owned(),
            "cannot use the CSV options: `record_bytes_max` is not between 1 byte and 1 GiB"
                .to_owned(),
        ]
    );
}

#[test]
fn a_file_that_changes_before_the_end() {
    let (_directory, path) = file("a\n1\n");
    let changes: [fn(&str); 4] = [
        |path| fs::write(path, "a\n1\n2\n").unwrap(),
        |path| fs::write(path, "a\n").unwrap(),
        |path| fs::write(path, "a\n1,2\n").unwrap(),
        |path| fs::remove_file(path).unwrap(),
    ];
    for change in changes {
        fs::write(&path, "a\n1\n").unwrap();
        let source = CsvSource::open(&path, DEFAULT()).unwrap();
        let before_scan = wait(source.snapshot()).unwrap();
        let before_finish = wait(source.snapshot()).unwrap();
        let unread = wait(source.snapshot()).unwrap();
        assert_eq!(rows(&*before_finish, "data", &[0], 1).unwrap().len(), 1);
        change(&path);
        let unchanged = |it: &dyn Snapshot| rows(it, "data", &[0], 1).map(|_| ());
        let errors = [unchanged(&*before_scan), wait(before_finish.finish())];
        for error in errors.map(Result::unwrap_err) {
            assert_eq!(error.kind(), ErrorKind::SourceChanged);
            assert_eq!(
                error.message(),
                format!("cannot read `{path}`: the file changed during the run")
            );
        }
        wait(unread.finish()).unwrap();
    }
}
