//! JSON Lines.

use std::fs;
use std::io::Write;

use dq_core::source::Source;
use dq_core::source::json::{JsonOptions, JsonSource};
use dq_core::value::ValueType;
use dq_core::{ErrorKind, Result};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::reading::{Row, read, row, rows, tables, told, wait};

fn open(content: impl AsRef<[u8]>, options: JsonOptions) -> (tempfile::TempDir, JsonSource) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.jsonl");
    fs::write(&path, content).unwrap();
    let source = JsonSource::open(path.to_str().unwrap(), options).unwrap();
    (folder, source)
}

fn read_text(content: &str) -> Result<Vec<Row>> {
    let (_folder, source) = open(content, JsonOptions::default());
    let whole = read(&source, 1);
    for (threads, block_bytes) in [(1, 1), (2, 7), (7, 30)] {
        let options = JsonOptions { block_bytes, ..JsonOptions::default() };
        let (_folder, source) = open(content, options);
        assert_eq!(read(&source, threads).ok(), whole.as_ref().ok().cloned());
    }
    whole
}

fn types(content: &str) -> Vec<(String, ValueType)> {
    tables(&open(content, JsonOptions::default()).1).remove(0).1
}

fn error_of(content: impl AsRef<[u8]>) -> (ErrorKind, String) {
    let (folder, source) = open(content, JsonOptions::default());
    told(&folder, read(&source, 2))
}

fn invalid(reason: &str) -> (ErrorKind, String) {
    (ErrorKind::SourceInvalid, format!("cannot read `DIR/data.jsonl`: {reason}"))
}

#[test]
fn a_key_that_is_missing_is_null_and_so_is_null() {
    let text = "{\"a\":1,\"b\":\"x\"}\n{\"b\":null}\n\n  {\"c\": true, \"a\": 2} \r\n{}";
    let expected =
        [row(["1", "x", "-"]), row(["-", "-", "-"]), row(["2", "-", "true"]), row(["-", "-", "-"])];
    assert_eq!(read_text(text).unwrap(), expected);
}

#[test]
fn columns_come_in_the_order_in_which_keys_first_appear() {
    let names: Vec<_> = types("{\"b\":1}\n{\"a\":1,\"b\":2}\n{\"c\":0,\"a\":1}\n");
    assert_eq!(names.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), ["b", "a", "c"]);
}

#[test]
fn numbers_lose_nothing() {
    let text = "{\"n\":9223372036854775807}\n{\"n\":-9223372036854775808}\n{\"n\":9223372036854775808}\n\
                {\"n\":123456789012345678901234567890}\n{\"n\":0.1}\n{\"n\":1e999}\n{\"n\":-0}\n{\"n\":1.0}\n";
    let expected = [
        row(["9223372036854775807"]),
        row(["-9223372036854775808"]),
        row(["9223372036854775808"]),
        row(["123456789012345678901234567890"]),
        row(["0.1"]),
        row(["1e999"]),
        row(["0"]),
        row(["1.0"]),
    ];
    assert_eq!(read_text(text).unwrap(), expected);
}

#[test]
fn strings_are_what_their_escapes_say() {
    let text = r#"{"s":"plain"}
{"s":"a\tb\\\"\/\n"}
{"s":"\u00e9\ud83d\ude00"}
{"s":""}
{"s":"é😀"}
{"\u0073":"the key, escaped"}
"#;
    let expected = [
        row(["plain"]),
        row(["a\tb\\\"/\n"]),
        row(["é😀"]),
        row([""]),
        row(["é😀"]),
        row(["the key, escaped"]),
    ];
    assert_eq!(read_text(text).unwrap(), expected);
}

#[test]
fn objects_and_arrays_are_text_as_they_stand_there() {
    let text = "{\"a\": [1, {\"b\":\"x]\"}],\"o\": { \"k\" : null } }\n{\"a\":[],\"o\":{}}\n";
    let expected = [row(["[1, {\"b\":\"x]\"}]", "{ \"k\" : null }"]), row(["[]", "{}"])];
    assert_eq!(read_text(text).unwrap(), expected);
}

#[test]
fn types_are_those_of_all_values() {
    let text = "{\"i\":1,\"f\":0.5,\"t\":\"x\",\"b\":true,\"n\":null,\"m\":1,\"o\":{},\"l\":1}\n\
                {\"i\":2,\"f\":1.0,\"t\":null,\"b\":false,\"n\":null,\"m\":\"x\",\"o\":[],\"l\":99999999999999999999}\n";
    let expected = [
        ("i", ValueType::Integer),
        ("f", ValueType::Float),
        ("t", ValueType::Text),
        ("b", ValueType::Boolean),
        ("n", ValueType::Any),
        ("m", ValueType::Any),
        ("o", ValueType::Text),
        ("l", ValueType::Any),
    ];
    assert_eq!(types(text), expected.map(|(name, it)| (name.to_owned(), it)));
    let rows = read_text("{\"m\":1}\n{\"m\":true}\n{\"m\":\"x\"}\n{\"m\":0.5}\n").unwrap();
    assert_eq!(rows, [row(["1"]), row(["true"]), row(["x"]), row(["0.5"])]);
}

#[test]
fn only_the_wanted_columns_are_read_in_the_wanted_order() {
    let (_folder, source) = open("{\"a\":1,\"b\":\"\\ud800\",\"c\":3}\n", JsonOptions::default());
    let snapshot = wait(source.snapshot()).unwrap();
    assert_eq!(rows(&*snapshot, "data", &[2, 0, 2], 2).unwrap(), [row(["3", "1", "3"])]);
    assert_eq!(rows(&*snapshot, "data", &[], 2).unwrap().len(), 1);
    assert_eq!(snapshot.tables()[0].rows_estimate, Some(1));
    let error = rows(&*snapshot, "data", &[1], 1).unwrap_err();
    assert!(error.message().contains("line 1, column 19: a string has an escape"), "{error}");
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_column() {
    for (text, reason) in [
        ("{\"a\":1}\n[1]\n", "line 2, column 1: expected an object"),
        ("\n  \"secret\"\n", "line 2, column 3: expected an object"),
        ("{\"a\":1,}\n", "line 1, column 8: trailing comma"),
        ("{\"é\":1 2}\n", "line 1, column 8: expected `,` or `}`"),
        ("{\"a\":1}\n{\"a\":1} x\n", "line 2, column 9: expected nothing behind the object"),
        ("{\"a\":1}{\"a\":2}\n", "line 1, column 8: expected nothing behind the object"),
        ("{\"a\":\n1}\n", "line 1, column 5: the line ends within the object"),
        ("{\"a\":\"x\n", "line 1, column 7: the line ends within a string"),
        ("{\"a\":1,\"b\":2,\"a\":3}\n", "line 1, column 16: the key `a` is there twice"),
        ("{\"a\":1,\"\\u0061\":3}\n", "line 1, column 15: the key `a` is there twice"),
        ("{\"a\":01}\n", "line 1, column 7: invalid number"),
        ("{\"a\":nan}\n", "line 1, column 7: expected ident"),
        ("{a:1}\n", "line 1, column 2: key must be a string"),
    ] {
        assert_eq!(error_of(text), invalid(reason), "{text}");
    }
    assert_eq!(error_of(b"{\"a\":\"\xff\"}\n"), invalid("line 1, column 7: not valid UTF-8"));
}

#[test]
fn a_first_error_is_the_same_at_every_number_of_threads() {
    let good = "{\"a\":1}\n".repeat(300);
    let text = format!("{good}{{\"a\":\"\\ud800\"}}\n{good}{{\"a\":\"\\ud800\"}}\n");
    for threads in [1, 2, 7] {
        let options = JsonOptions { block_bytes: 40, ..JsonOptions::default() };
        let (folder, source) = open(&text, options);
        let told = told(&folder, read(&source, threads));
        assert_eq!(
            told,
            invalid("line 301, column 14: a string has an escape that is no character")
        );
    }
}

#[test]
fn what_grows_without_bound_is_refused() {
    let options = JsonOptions { line_bytes_max: 20, block_bytes: 8, ..JsonOptions::default() };
    let (folder, source) = open(format!("{{\"a\":1}}\n{{\"a\":\"{}\"}}", "x".repeat(100)), options);
    let message = "cannot read `DIR/data.jsonl`: line 2: it has more than 20 bytes (`line_bytes_max`); is \
                   there an object in each line?";
    assert_eq!(told(&folder, read(&source, 1)), (ErrorKind::LimitExceeded, message.to_owned()));
    let options = JsonOptions { columns_max: 2, ..JsonOptions::default() };
    let (folder, source) = open("{\"1\":1,\"2\":2}\n{\"3\":3}\n", options);
    let message = "cannot read `DIR/data.jsonl`: line 2: there are more than 2 different keys (`columns_max`)";
    assert_eq!(told(&folder, read(&source, 1)), (ErrorKind::LimitExceeded, message.to_owned()));
    let options = JsonOptions { line_bytes_max: 0, ..JsonOptions::default() };
    let message =
        "cannot use the options of JSON Lines: `line_bytes_max` is not between 1 byte and 1 GiB";
    assert_eq!(JsonSource::open("x", options).unwrap_err().message(), message);
}

#[test]
fn a_file_without_rows_is_a_table_without_columns() {
    for text in ["", "\n\n", "\u{feff}", "  \r\n"] {
        assert!(read_text(text).unwrap().is_empty(), "{text:?}");
    }
    assert_eq!(read_text("\u{feff}{\"a\":1}").unwrap(), [row(["1"])]);
}

fn gzip(content: &str) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(content.as_bytes()).unwrap();
    packer.finish().unwrap()
}

#[test]
fn a_pattern_is_one_table_of_all_keys() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("b.ndjson.gz"), gzip("{\"b\":3}\n{\"a\":4}\n")).unwrap();
    fs::write(folder.path().join("a.jsonl"), "{\"a\":1}\n{\"a\":2}").unwrap();
    let pattern = folder.path().join("*json*");
    let source = JsonSource::open(pattern.to_str().unwrap(), JsonOptions::default()).unwrap();
    let expected = [row(["1", "-"]), row(["2", "-"]), row(["-", "3"]), row(["4", "-"])];
    for threads in [1, 2, 7] {
        assert_eq!(read(&source, threads).unwrap(), expected);
    }
    let names: Vec<_> =
        tables(&JsonSource::open(folder.path().to_str().unwrap(), JsonOptions::default()).unwrap());
    assert_eq!(names.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    fs::write(folder.path().join("c.jsonl.gz"), &gzip("{\"b\":3}\n")[..20]).unwrap();
    let told = told(&folder, read(&source, 1));
    assert_eq!(
        told,
        (
            ErrorKind::SourceInvalid,
            "cannot read `DIR/c.jsonl.gz`: line 2: the gzip data end too early".to_owned()
        )
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_is_kept_so_that_it_can_be_read_twice() {
    use std::os::fd::AsRawFd;
    for content in [b"{\"a\":1}\n{\"b\":2}\n".to_vec(), gzip("{\"a\":1}\n{\"b\":2}\n")] {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(&content).unwrap();
        drop(writer);
        let spec = format!("/dev/fd/{}", reader.as_raw_fd());
        let source = JsonSource::open(&spec, JsonOptions::default()).unwrap();
        let snapshot = wait(source.snapshot()).unwrap();
        for threads in [1, 2] {
            let rows = rows(&*snapshot, "data", &[0, 1], threads).unwrap();
            assert_eq!(rows, [row(["1", "-"]), row(["-", "2"])]);
        }
        let error = wait(source.snapshot()).unwrap_err();
        assert_eq!(error.message(), format!("cannot read `{spec}` twice: it is a stream"));
    }
}

#[test]
fn a_file_that_changes_during_a_run_is_noticed() {
    let (folder, source) = open("{\"a\":1}\n", JsonOptions::default());
    let path = folder.path().join("data.jsonl");
    let changed = (
        ErrorKind::SourceChanged,
        "cannot read `DIR/data.jsonl`: the file changed during the run".to_owned(),
    );
    let (before, after) = (wait(source.snapshot()).unwrap(), wait(source.snapshot()).unwrap());
    rows(&*after, "data", &[0], 1).unwrap();
    fs::write(&path, "{\"a\":1}\n{\"a\":2}\n").unwrap();
    assert_eq!(told(&folder, rows(&*before, "data", &[0], 2)), changed);
    assert_eq!(told(&folder, wait(after.finish())), changed);
}
