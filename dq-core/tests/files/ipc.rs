//! Arrow IPC: the file format and the stream format.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int64Array, ListArray, RecordBatch, StringArray};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use dq_core::ErrorKind;
use dq_core::source::Source;
use dq_core::source::ipc::IpcSource;
use dq_core::value::ValueType;

use crate::reading::{Row, read, row, rows, tables, told, wait};

fn numbers(range: std::ops::Range<i64>) -> RecordBatch {
    let few = range.clone().map(|it| ["one", "two"].get((it % 3) as usize).copied());
    let text = range.clone().map(|it| format!("row {it}"));
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(Int64Array::from_iter_values(range))),
        ("few", Arc::new(few.collect::<DictionaryArray<Int32Type>>())),
        ("text", Arc::new(StringArray::from_iter_values(text))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, it)| (name, it, true))).unwrap()
}

fn expected(range: std::ops::Range<i64>) -> Vec<Row> {
    let row = |it: i64| {
        let few = ["one", "two"].get((it % 3) as usize).map(|it| (*it).to_owned());
        vec![Some(it.to_string()), few, Some(format!("row {it}"))]
    };
    range.map(row).collect()
}

fn options(compression: Option<CompressionType>) -> IpcWriteOptions {
    IpcWriteOptions::default().try_with_compression(compression).unwrap()
}

fn as_file(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let mut writer =
        FileWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn as_stream(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let mut writer =
        StreamWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn open(path: &Path) -> IpcSource {
    IpcSource::open(path.to_str().unwrap()).unwrap()
}

/// The batches share one dictionary, as the file format wants it.
fn batches() -> Vec<RecordBatch> {
    let whole = numbers(0..40_000);
    vec![whole.slice(0, 10), whole.slice(10, 0), whole.slice(10, 39_990)]
}

#[test]
fn every_row_is_read_once_in_either_format_and_by_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let compressions = [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)];
    for (number, compression) in compressions.into_iter().enumerate() {
        for (name, content) in [
            ("file.arrow", as_file(&batches(), options(compression))),
            ("stream.arrows", as_stream(&batches(), options(compression))),
        ] {
            let path = folder.path().join(format!("{number}-{name}"));
            fs::write(&path, content).unwrap();
            for threads in [1, 2, 7] {
                assert_eq!(read(&open(&path), threads).unwrap(), expected(0..40_000), "{path:?}");
            }
        }
    }
}

#[test]
fn only_the_wanted_columns_are_read_in_the_wanted_order() {
    let folder = tempfile::tempdir().unwrap();
    for content in
        [as_file(&[numbers(4..6)], options(None)), as_stream(&[numbers(4..6)], options(None))]
    {
        let path = folder.path().join("data.arrow");
        fs::write(&path, content).unwrap();
        let snapshot = wait(open(&path).snapshot()).unwrap();
        let read = |columns: &[usize]| rows(&*snapshot, "data", columns, 2).unwrap();
        assert_eq!(read(&[2, 0, 2]), [row(["row 4", "4", "row 4"]), row(["row 5", "5", "row 5"])]);
        assert_eq!(read(&[]).len(), 2);
        assert_eq!(rows(&*snapshot, "else", &[], 1).unwrap_err().kind(), ErrorKind::NotFound);
    }
}

#[test]
fn a_pattern_is_one_table_and_a_folder_has_several() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("b.arrow"), as_file(&[numbers(5..9)], options(None))).unwrap();
    fs::write(folder.path().join("a.feather"), as_stream(&[numbers(0..5)], options(None))).unwrap();
    let pattern = folder.path().join("*");
    assert_eq!(read(&open(&pattern), 2).unwrap(), expected(0..9));
    let column = |name: &str, value_type| (name.to_owned(), value_type);
    let columns = vec![
        column("id", ValueType::Integer),
        column("few", ValueType::Text),
        column("text", ValueType::Text),
    ];
    assert_eq!(
        tables(&open(folder.path())),
        [("a".to_owned(), columns.clone()), ("b".to_owned(), columns)]
    );
    let other = numbers(0..1).project(&[0]).unwrap();
    fs::write(folder.path().join("c.ipc"), as_file(&[other], options(None))).unwrap();
    let message = "cannot read `DIR/c.ipc`: its columns are not those of `DIR/a.feather`";
    let told = told(&folder, read(&open(&pattern), 1));
    assert_eq!(told, (ErrorKind::SourceInvalid, message.to_owned()));
}

#[test]
fn a_nested_column_is_an_error_only_where_it_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let tags = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
    let columns: [(&str, ArrayRef); 2] =
        [("tags", Arc::new(tags)), ("id", Arc::new(Int64Array::from(vec![7])))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = folder.path().join("data.arrow");
    fs::write(&path, as_file(&[batch], options(None))).unwrap();
    let snapshot = wait(open(&path).snapshot()).unwrap();
    assert_eq!(rows(&*snapshot, "data", &[1], 1).unwrap(), [row(["7"])]);
    let message = "cannot read the column `tags` of `DIR/data.arrow`: it is nested (`List(Int32)`)";
    let told = told(&folder, rows(&*snapshot, "data", &[0], 1));
    assert_eq!(told, (ErrorKind::Unsupported, message.to_owned()));
}

fn told_of(content: &[u8]) -> (ErrorKind, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.arrow");
    fs::write(&path, content).unwrap();
    told(&folder, read(&open(&path), 2))
}

#[test]
fn a_file_that_is_damaged_or_cut_off() {
    let invalid = |reason: &str| {
        (ErrorKind::SourceInvalid, format!("cannot read `DIR/data.arrow`: {reason}"))
    };
    assert_eq!(told_of(b""), invalid("it is empty"));
    let (kind, message) = told_of(b"id,name\n1,one\n2,two\n");
    assert_eq!(kind, ErrorKind::SourceInvalid);
    assert!(message.starts_with("cannot read `DIR/data.arrow`: it is "), "{message}");
    let file = as_file(&[numbers(0..100)], options(None));
    for kept in [6, 10, file.len() / 2, file.len() - 1] {
        assert_eq!(told_of(&file[..kept]).0, ErrorKind::SourceInvalid, "{kept} of {}", file.len());
    }
    let stream = as_stream(&[numbers(0..100), numbers(0..100)], options(None));
    for kept in 1..stream.len() {
        assert_eq!(
            told_of(&stream[..kept]).0,
            ErrorKind::SourceInvalid,
            "{kept} of {}",
            stream.len()
        );
    }
    let without_end = &stream[..stream.len() - 8];
    assert_eq!(
        told_of(without_end),
        invalid("the mark of its end is missing, so that it may be cut off")
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_once_and_holds_a_stream() {
    use std::io::Write;
    use std::os::fd::AsRawFd;
    let piped = |content: &[u8]| {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(content).unwrap();
        drop(writer);
        let source = IpcSource::open(&format!("/dev/fd/{}", reader.as_raw_fd())).unwrap();
        (reader, source)
    };
    let (_reader, source) = piped(&as_stream(&[numbers(0..9)], options(None)));
    let snapshot = wait(source.snapshot()).unwrap();
    assert_eq!(rows(&*snapshot, "data", &[0, 1, 2], 2).unwrap(), expected(0..9));
    for again in
        [rows(&*snapshot, "data", &[0], 1).unwrap_err(), wait(source.snapshot()).unwrap_err()]
    {
        assert_eq!(again.kind(), ErrorKind::Unsupported);
        assert!(again.message().ends_with("twice: it is a stream"), "{again}");
    }
    let (_reader, source) = piped(&as_file(&[numbers(0..9)], options(None)));
    let error = wait(source.snapshot()).unwrap_err();
    assert!(
        error.message().contains("it holds the file format, which cannot be read from a stream"),
        "{error}"
    );
}

#[test]
fn a_file_that_changes_during_a_run_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.arrow");
    fs::write(&path, as_file(&[numbers(0..9)], options(None))).unwrap();
    let (before, after) =
        (wait(open(&path).snapshot()).unwrap(), wait(open(&path).snapshot()).unwrap());
    rows(&*after, "data", &[0], 1).unwrap();
    fs::write(&path, as_file(&[numbers(0..10)], options(None))).unwrap();
    let changed = (
        ErrorKind::SourceChanged,
        "cannot read `DIR/data.arrow`: the file changed during the run".to_owned(),
    );
    assert_eq!(told(&folder, rows(&*before, "data", &[0], 2)), changed);
    assert_eq!(told(&folder, wait(after.finish())), changed);
}
