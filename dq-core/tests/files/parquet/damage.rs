//! Files that are no Parquet files, or no whole ones.

use std::fs;

use dq_core::ErrorKind;
use dq_core::source::Source;
use parquet::basic::Compression;

use crate::parquet::{expected, numbers, open, usual, write};
use crate::reading::{read, row, rows, told, wait};

fn told_of(content: &[u8]) -> (ErrorKind, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.parquet");
    fs::write(&path, content).unwrap();
    told(&folder, open(&path).and_then(|it| read(&it, 2)))
}

fn invalid(reason: &str) -> (ErrorKind, String) {
    (ErrorKind::SourceInvalid, format!("cannot read `DIR/data.parquet`: {reason}"))
}

fn whole() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    fs::read(write(&folder, "data.parquet", &[numbers(0..200)], usual())).unwrap()
}

#[test]
fn what_is_no_parquet_file() {
    assert_eq!(told_of(b""), invalid("it is empty"));
    assert_eq!(told_of(b"id,name\n"), invalid("it is no Parquet file"));
    assert_eq!(told_of(b"id,name\n1,a text of some length\n"), invalid("it is no Parquet file"));
    let missing = told(&tempfile::tempdir().unwrap(), open("/nowhere/data.parquet".as_ref()));
    let message = "cannot open `/nowhere/data.parquet`: No such file or directory (os error 2)";
    assert_eq!(missing, (ErrorKind::NotFound, message.to_owned()));
}

#[test]
fn a_file_that_is_cut_off() {
    let whole = whole();
    let cut_off = invalid("it is cut off: the end of a Parquet file is missing");
    for kept in [12, 13, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        assert_eq!(told_of(&whole[..kept]), cut_off, "{kept} of {}", whole.len());
    }
    // Without its middle, what the footer says lies before the start of the file or elsewhere.
    let without_middle = [&whole[..100], &whole[whole.len() / 2..]].concat();
    assert_eq!(told_of(&without_middle).0, ErrorKind::SourceInvalid);
}

#[test]
fn an_encrypted_file() {
    let mut encrypted = whole();
    encrypted[..4].copy_from_slice(b"PARE");
    let end = encrypted.len() - 4;
    encrypted[end..].copy_from_slice(b"PARE");
    assert_eq!(told_of(&encrypted), invalid("it is encrypted; decrypt it first"));
}

#[test]
fn damaged_bytes_are_an_error_or_harmless_and_never_fewer_rows() {
    let whole = whole();
    let mut errors = 0;
    for at in (0..whole.len()).step_by(3) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.parquet");
        fs::write(&path, damaged).unwrap();
        match open(&path).and_then(|it| read(&it, 1)) {
            Ok(rows) => assert_eq!(rows.len(), expected(0..200).len(), "byte {at}"),
            Err(error) => {
                assert!(
                    matches!(error.kind(), ErrorKind::SourceInvalid | ErrorKind::Unsupported),
                    "byte {at}: {error}"
                );
                errors += 1;
            }
        }
    }
    assert!(errors > 100, "{errors}");
}

#[test]
fn a_pipe_is_no_parquet_file() {
    let folder = tempfile::tempdir().unwrap();
    let stream = told(&folder, wait(open("/dev/null".as_ref()).unwrap().snapshot()));
    let message = "cannot read `/dev/null`: a Parquet file is not read from its start to its end, so it cannot be a stream";
    assert_eq!(stream, (ErrorKind::SourceInvalid, message.to_owned()));
}

/// The file was written by Apache Arrow for C++: the column `name` is encrypted, and the footer is not.
const ENCRYPTED_COLUMNS: &[u8] = include_bytes!("encrypted_columns.parquet");

#[test]
fn an_encrypted_column_is_an_error_only_where_it_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.parquet");
    fs::write(&path, ENCRYPTED_COLUMNS).unwrap();
    let snapshot = wait(open(&path).unwrap().snapshot()).unwrap();
    let read = rows(&*snapshot, "data", &[0], 1).unwrap();
    assert_eq!(read, [row(["1"]), row(["2"]), row(["3"])]);
    let encrypted = invalid("some of its columns are encrypted; decrypt it first");
    assert_eq!(told(&folder, rows(&*snapshot, "data", &[0, 1], 1)), encrypted);
}

#[test]
fn a_codec_that_is_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let properties = usual().set_compression(Compression::SNAPPY);
    let whole = fs::read(write(&folder, "data.parquet", &[numbers(0..200)], properties)).unwrap();
    // The path of the column `few`, and behind it its codec: field 4, a number in zigzag.
    let place = b"\x19\x18\x03few\x15\x02";
    let at = whole.windows(place.len()).position(|it| it == place).unwrap() + place.len() - 1;
    let with_codec = |codec: u8| {
        let mut whole = whole.clone();
        whole[at] = codec * 2;
        fs::write(folder.path().join("data.parquet"), whole).unwrap();
        let source = open(&folder.path().join("data.parquet"));
        source.and_then(|it| {
            let snapshot = wait(it.snapshot())?;
            rows(&*snapshot, "data", &[0], 1)?; // the other columns can be read
            rows(&*snapshot, "data", &[1], 1)
        })
    };
    assert_eq!(with_codec(1).unwrap().len(), 200);
    let message =
        "cannot read the column `few` of `DIR/data.parquet`: the codec LZO is not supported";
    assert_eq!(told(&folder, with_codec(3)), (ErrorKind::Unsupported, message.to_owned()));
    let message = "cannot read `DIR/data.parquet`: it is compressed with a codec that is not known, number 42";
    assert_eq!(told(&folder, with_codec(42)), (ErrorKind::Unsupported, message.to_owned()));
}
