//! Which files make which tables, and how their rows are shared between threads.

use std::fs;

use dq_core::ErrorKind;
use dq_core::source::{Cancellation, Scan, Source};
use dq_core::value::{Column, ValueType};
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterVersion};
use std::num::NonZeroUsize;

use crate::parquet::{expected, numbers, open, open_in_pieces, usual, write};
use crate::reading::{batches, read, row, rows, tables, told, wait};

#[test]
fn every_row_is_read_once_however_rows_are_grouped_and_shared() {
    let folder = tempfile::tempdir().unwrap();
    for (group, page) in [(1000, 7), (1000, 1000), (90, 20), (1, 1)] {
        let properties = usual()
            .set_max_row_group_row_count(Some(group))
            .set_data_page_row_count_limit(page)
            .set_write_batch_size(page);
        let path = write(&folder, "data.parquet", &[numbers(0..1000)], properties);
        for (threads, batch_rows, piece_rows) in
            [(1, 8192, 8192), (1, 10, 1), (2, 8192, 8192), (2, 13, 1), (7, 64, 100), (7, 3, 1)]
        {
            let source = open_in_pieces(&path, batch_rows, piece_rows);
            let context = format!("{group} {page} {threads} {batch_rows} {piece_rows}");
            assert_eq!(read(&source, threads).unwrap(), expected(0..1000), "{context}");
        }
    }
}

#[test]
fn one_big_row_group_is_shared_between_threads() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "data.parquet", &[numbers(0..1000)], usual());
    let snapshot = wait(open_in_pieces(&path, 100, 10).snapshot()).unwrap();
    let scan = Scan {
        table: "data".to_owned(),
        columns: vec![0],
        partitions: NonZeroUsize::new(7).unwrap(),
        cancellation: Cancellation::new(),
    };
    let partitions = wait(snapshot.scan(&scan)).unwrap();
    assert_eq!(partitions.len(), 7);
    for mut partition in partitions {
        assert!((35..=36).contains(&wait(partition.next()).unwrap().unwrap().rows()));
    }
}

#[test]
fn only_the_wanted_columns_are_read_in_the_wanted_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "data.parquet", &[numbers(4..6)], usual());
    let snapshot = wait(open(&path).unwrap().snapshot()).unwrap();
    let read = |columns: &[usize]| rows(&*snapshot, "data", columns, 2).unwrap();
    assert_eq!(read(&[2, 0]), [row(["row number 4", "4"]), row(["row number 5", "5"])]);
    assert_eq!(read(&[1, 1]), [row(["few 1", "few 1"]), row(["-", "-"])]);
    assert_eq!(read(&[]).len(), 2);
    let error = rows(&*snapshot, "else", &[], 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn every_codec_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for codec in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ] {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let properties = usual().set_compression(codec).set_writer_version(version);
            let path = write(&folder, "data.parquet", &[numbers(0..500)], properties);
            let read = read(&open(&path).unwrap(), 1).unwrap();
            assert_eq!(read, expected(0..500), "{codec} {version:?}");
        }
    }
}

#[test]
fn text_that_fits_no_dictionary_is_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let properties = usual().set_dictionary_page_size_limit(200).set_write_batch_size(10);
    let path = write(&folder, "data.parquet", &[numbers(0..1000)], properties);
    for threads in [1, 2, 7] {
        assert_eq!(read(&open_in_pieces(&path, 30, 1), threads).unwrap(), expected(0..1000));
    }
    let properties =
        usual().set_dictionary_enabled(false).set_statistics_enabled(EnabledStatistics::None);
    let path = write(&folder, "data.parquet", &[numbers(0..1000)], properties);
    assert_eq!(read(&open(&path).unwrap(), 2).unwrap(), expected(0..1000));
}

#[test]
fn a_pattern_is_one_table_of_all_files_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "part-2.parquet", &[numbers(10..30)], usual());
    write(&folder, "part-1.parquet", &[numbers(0..10)], usual());
    write(&folder, "part-3.pq", &[numbers(30..30)], usual());
    let pattern = folder.path().join("part-*");
    for threads in [1, 2, 7] {
        let source = open_in_pieces(&pattern, 3, 1);
        assert_eq!(read(&source, threads).unwrap(), expected(0..30));
    }
    let other = numbers(0..1).project(&[0, 1]).unwrap();
    write(&folder, "part-4.parquet", &[other], usual());
    assert_eq!(
        told(&folder, read(&open(&pattern).unwrap(), 1)),
        (
            ErrorKind::SourceInvalid,
            "cannot read `DIR/part-4.parquet`: its columns are not those of `DIR/part-1.parquet`"
                .to_owned()
        )
    );
}

#[test]
fn a_directory_has_a_table_for_each_file() {
    let folder = tempfile::tempdir().unwrap();
    let none = told(&folder, open(folder.path()));
    assert_eq!(none, (ErrorKind::NotFound, "cannot find a Parquet file in `DIR`".to_owned()));
    write(&folder, "providers.parquet", &[numbers(0..2)], usual());
    write(&folder, "facilities.PQ", &[numbers(0..1).project(&[2]).unwrap()], usual());
    fs::write(folder.path().join("README.md"), "").unwrap();
    let column = |name: &str, value_type| (name.to_owned(), value_type);
    assert_eq!(
        tables(&open(folder.path()).unwrap()),
        [
            ("facilities".to_owned(), vec![column("many", ValueType::Text)]),
            (
                "providers".to_owned(),
                vec![
                    column("id", ValueType::Integer),
                    column("few", ValueType::Text),
                    column("many", ValueType::Text)
                ]
            ),
        ]
    );
}

#[test]
fn a_table_without_rows_or_without_row_groups_is_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "data.parquet", &[numbers(0..0)], usual());
    let source = open(&path).unwrap();
    assert_eq!(tables(&source)[0].1.len(), 3);
    for threads in [1, 2, 7] {
        assert!(read(&source, threads).unwrap().is_empty());
    }
    let snapshot = wait(source.snapshot()).unwrap();
    assert_eq!(snapshot.tables()[0].rows_estimate, Some(0));
}

#[test]
fn text_of_a_dictionary_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "data.parquet", &[numbers(0..1000)], usual());
    let snapshot = wait(open_in_pieces(&path, 100, 1000).snapshot()).unwrap();
    let batches = batches(&*snapshot, "data", &[1], 1).unwrap();
    let place = |batch: usize, row: usize| {
        let Column::Text(column) = batches[batch].column(0) else { panic!("text") };
        column.get(row).unwrap().as_ptr()
    };
    assert_eq!(place(0, 1), place(0, 4));
    assert_eq!(place(0, 1), place(9, 1));
}

#[test]
fn long_rows_come_in_small_batches() {
    let folder = tempfile::tempdir().unwrap();
    let long = arrow_array::StringArray::from_iter_values(
        (0..100).map(|it| format!("{it:0>30000}").repeat(10)),
    );
    let batch = arrow_array::RecordBatch::try_from_iter([(
        "text",
        std::sync::Arc::new(long) as arrow_array::ArrayRef,
    )])
    .unwrap();
    let properties = usual().set_dictionary_enabled(false);
    let path = write(&folder, "data.parquet", &[batch], properties);
    let snapshot = wait(open(&path).unwrap().snapshot()).unwrap();
    let batches = batches(&*snapshot, "data", &[0], 1).unwrap();
    assert!(batches.iter().all(|it| it.rows() <= 14), "{}", batches[0].rows());
    assert_eq!(batches.iter().map(dq_core::value::Batch::rows).sum::<usize>(), 100);
}

#[test]
fn a_file_that_changes_during_a_run_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "data.parquet", &[numbers(0..1000)], usual());
    let changed = (
        ErrorKind::SourceChanged,
        "cannot read `DIR/data.parquet`: the file changed during the run".to_owned(),
    );
    let source = open(&path).unwrap();
    let before = wait(source.snapshot()).unwrap();
    let after = wait(source.snapshot()).unwrap();
    let removed = wait(source.snapshot()).unwrap();
    rows(&*after, "data", &[0], 1).unwrap();
    write(&folder, "data.parquet", &[numbers(0..999)], usual());
    assert_eq!(told(&folder, rows(&*before, "data", &[0], 2)), changed);
    assert_eq!(told(&folder, wait(after.finish())), changed);
    fs::remove_file(&path).unwrap();
    assert_eq!(told(&folder, rows(&*removed, "data", &[0], 1)), changed);
}

#[test]
fn a_cancelled_scan_ends_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "data.parquet", &[numbers(0..10)], usual());
    let snapshot = wait(open(&path).unwrap().snapshot()).unwrap();
    let scan = Scan {
        table: "data".to_owned(),
        columns: vec![0],
        partitions: NonZeroUsize::MIN,
        cancellation: Cancellation::new(),
    };
    let mut partitions = wait(snapshot.scan(&scan)).unwrap();
    scan.cancellation.cancel();
    assert_eq!(wait(partitions[0].next()).unwrap_err().kind(), ErrorKind::Cancelled);
}
