//! Several sources as one.

use std::fs;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use dq_core::ErrorKind;
use dq_core::engine::{OpenOptions, open, open_all, path_of};
use dq_core::source::Source;
use dq_core::source::combined::CombinedSource;
use dq_core::source::memory::MemorySource;
use tempfile::TempDir;

use crate::reading::{row, rows, tables, told, wait};

fn memory(name: &str, tables: &[&str]) -> Arc<dyn Source> {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![tables.len() as i64]));
    let rows = RecordBatch::try_from_iter([("id", numbers)]).unwrap();
    let add = |source: MemorySource, table: &&str| source.table(*table, vec![rows.clone()]);
    Arc::new(tables.iter().try_fold(MemorySource::new(name), add).unwrap())
}

fn names(source: &dyn Source) -> Vec<String> {
    tables(source).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn tables_keep_their_names_or_get_that_of_their_source() {
    let source = CombinedSource::new()
        .with(memory("one", &["a", "b"]))
        .with_named("c", memory("two", &["a"]))
        .with_named("old", memory("three", &["a", "b", "c"]));
    assert_eq!(source.name(), "one, c=two, old=three");
    assert_eq!(names(&source), ["a", "b", "c", "old.a", "old.b", "old.c"]);
    let snapshot = wait(source.snapshot()).unwrap();
    for (table, value) in [("b", "2"), ("c", "1"), ("old.c", "3")] {
        assert_eq!(rows(&*snapshot, table, &[0], 2).unwrap(), [row([value])], "{table}");
    }
    wait(snapshot.finish()).unwrap();
    let error = rows(&*snapshot, "old", &[0], 2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn one_name_for_two_tables_is_an_error() {
    let source =
        CombinedSource::new().with(memory("one", &["a", "b"])).with(memory("two", &["c", "b"]));
    let error = wait(source.snapshot()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UsageInvalid);
    assert_eq!(
        error.message(),
        "cannot tell the table `b` of `one` from that of `two`: give one of them another name, as in \
         `name=two`"
    );
}

#[test]
fn a_change_of_any_source_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, "id\n1\n").unwrap();
    let csv = open(path.to_str().unwrap(), &OpenOptions::default()).unwrap();
    for source in [
        CombinedSource::new().with(Arc::clone(&csv)).with(memory("m", &["x"])),
        CombinedSource::new().with(memory("m", &["x"])).with(Arc::clone(&csv)),
    ] {
        let snapshot = wait(source.snapshot()).unwrap();
        rows(&*snapshot, "data", &[0], 1).unwrap();
        fs::write(&path, fs::read_to_string(&path).unwrap() + "2\n").unwrap();
        assert_eq!(wait(snapshot.finish()).unwrap_err().kind(), ErrorKind::SourceChanged);
    }
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["plain.csv", "a=b.csv", "x.csv"] {
        fs::write(folder.path().join(name), "id\n1\n").unwrap();
    }
    fs::create_dir(folder.path().join("many")).unwrap();
    fs::write(folder.path().join("many/one.csv"), "id\n").unwrap();
    fs::write(folder.path().join("many/two.tsv"), "id\n").unwrap();
    fs::write(folder.path().join("many/.hidden"), "").unwrap();
    folder
}

#[test]
fn a_name_stands_before_what_it_names() {
    let folder = folder();
    let at = |it: &str| it.replace("DIR", folder.path().to_str().unwrap());
    let names = |specs: &[&str]| {
        let specs: Vec<_> = specs.iter().map(|it| at(it)).collect();
        names(&*open_all(&specs, &OpenOptions::default()).unwrap())
    };
    assert_eq!(names(&["DIR/plain.csv"]), ["data"]);
    assert_eq!(names(&["people=DIR/plain.csv"]), ["people"]);
    assert_eq!(names(&["people=csv:DIR/plain.csv", "DIR/x.csv"]), ["people", "data"]);
    assert_eq!(names(&["DIR/a=b.csv"]), ["data"]);
    assert_eq!(names(&["DIR/many", "new=DIR/many"]), ["one", "two", "new.one", "new.two"]);
    assert_eq!(names(&["DIR/*.csv"]), ["data"]);
    assert_eq!(path_of("people=csv:x.csv").to_str(), Some("x.csv"));
    assert_eq!(path_of("sqlite:a=b.db").to_str(), Some("a=b.db"));
    let empty: [&str; 0] = [];
    let error = open_all(&empty, &OpenOptions::default()).unwrap_err();
    assert_eq!(error.message(), "cannot check no source at all");
}

#[test]
fn a_folder_without_tables_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "").unwrap();
    let opened = open(folder.path().to_str().unwrap(), &OpenOptions::default());
    let (kind, message) = told(&folder, opened);
    assert_eq!(kind, ErrorKind::NotFound);
    assert_eq!(message, "cannot find a file of a known format in `DIR`");
}

#[test]
fn what_a_folder_holds_besides_is_told() {
    let folder = folder();
    let notes = |folder: &TempDir| {
        let source = open(folder.path().to_str().unwrap(), &OpenOptions::default()).unwrap();
        let notes = wait(source.snapshot()).unwrap().notes();
        notes.join("\n").replace(folder.path().to_str().unwrap(), "DIR")
    };
    assert_eq!(notes(&folder), "DIR: `many` is not of a known format and was left aside");
    for name in ["b.txt", "c.txt", "d.txt", "e.db"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    assert_eq!(
        notes(&folder),
        "DIR: `b.txt`, `c.txt`, `d.txt` and 2 more are not of a known format and were left aside"
    );
}
