//! What a profile says of one column.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch};
use dq_core::profile::{Figure, Kind, ProfileOptions, profile};
use dq_core::source::memory::MemorySource;
use dq_core::{ErrorKind, source::Cancellation};
use serde_json::json;

use crate::tables::{column, one_column, options, source, table, wait};

fn kinds(column: &dq_core::profile::ColumnProfile) -> Vec<(Kind, u64)> {
    column.kinds.iter().map(|it| (it.kind, it.count)).collect()
}

#[test]
fn rows_are_null_blank_or_of_one_kind() {
    let values = [Some("7"), Some("12.5"), Some("x"), Some(""), Some(" \t"), None, Some("7")];
    let it = column(&values);
    assert_eq!((it.nulls, it.blanks, it.distinct), (1, 2, Figure::exact(5)));
    assert_eq!(kinds(&it), [(Kind::Integer, 2), (Kind::Decimal, 1), (Kind::Text, 1)]);
    assert_eq!((it.min, it.max), (Some(json!(7)), Some(json!(12.5))));
    let mean = 26.5 / 3.0;
    assert!((it.mean.unwrap() - mean).abs() < 1e-12);
    let length = it.length.unwrap();
    assert_eq!((length.min, length.max), (0, 4));
    let values = it.values.unwrap();
    assert_eq!(values.len(), 1);
    assert_eq!((values[0].value.as_str(), values[0].count), ("7", Figure::exact(2)));
}

#[test]
fn text_and_days_have_bounds_of_their_own() {
    let it = column(&[Some("Zürich"), Some("Aarau"), Some("é")]);
    assert_eq!((it.min, it.max), (Some(json!("Aarau")), Some(json!("é"))));
    assert_eq!(it.length.map(|it| (it.min, it.max)), Some((1, 6)));
    let it = column(&[Some("2026-11-23"), Some("2025-02-28"), Some("unknown")]);
    assert_eq!((it.min, it.max), (Some(json!("2025-02-28")), Some(json!("2026-11-23"))));
    let it = column(&[Some("2026-11-23 10:30"), Some("2026-11-23")]);
    assert_eq!(it.max, Some(json!("2026-11-23 10:30:00")));
}

#[test]
fn shapes_are_counted_and_too_many_are_told_by_runs() {
    let it = column(&[Some("PRV-01"), Some("PRV-02"), Some("x")]);
    let shapes: Vec<_> = it.shapes.iter().map(|it| (it.shape.as_str(), it.count)).collect();
    assert_eq!(shapes, [("AAA-99", 2), ("a", 1)]);
    assert_eq!(it.shapes_distinct, Some(2));
    let many: Vec<_> = (0..5000)
        .map(|it| {
            Some((0..13).map(|bit| if it >> bit & 1 == 0 { 'a' } else { '1' }).collect::<String>())
        })
        .collect();
    let it = column(&many);
    assert!(it.shapes.iter().all(|it| it.shape.contains("+")), "{:?}", it.shapes);
}

#[test]
fn typed_columns_read_as_what_they_hold() {
    let columns: Vec<(_, ArrayRef)> = vec![
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("whole", Arc::new(Int64Array::from(vec![Some(-3), Some(i64::MAX), Some(-3)]))),
        ("float", Arc::new(Float64Array::from(vec![Some(7.0), Some(7.5), Some(f64::NAN)]))),
        ("day", Arc::new(Date32Array::from(vec![Some(0), Some(1), None]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let it = table(&MemorySource::new("a test").table("data", vec![batch]).unwrap());
    let column = |name: &str| it.column(name).unwrap();
    assert_eq!(kinds(column("flag")), [(Kind::Boolean, 2)]);
    assert_eq!(column("whole").max, Some(json!(i64::MAX)));
    assert_eq!(column("whole").distinct, Figure::exact(2));
    assert_eq!(kinds(column("float")), [(Kind::Integer, 1), (Kind::Decimal, 1), (Kind::Text, 1)]);
    assert_eq!(column("day").max, Some(json!("1970-01-02")));
}

#[test]
fn a_column_of_nulls_has_nothing_else() {
    let it = column::<&str>(&[None, None]);
    assert_eq!((it.nulls, it.distinct), (2, Figure::exact(0)));
    assert!(it.kinds.is_empty() && it.shapes.is_empty());
    assert_eq!((it.min, it.mean), (None, None));
    assert!(it.length.is_none());
}

#[test]
fn a_table_without_rows_or_without_columns_is_profiled() {
    let it = table(&source::<&str>(&["a", "b"], &[]));
    assert_eq!((it.rows, it.columns.len()), (0, 2));
    assert!(it.keys.is_empty() && it.dependencies.is_empty());
    let empty = MemorySource::new("a test").table("data", vec![]).unwrap();
    assert_eq!(table(&empty).columns.len(), 0);
}

#[test]
fn very_long_values_are_told_apart_and_cut() {
    let long = "é".repeat(500_000);
    let (one, other) = (format!("{long}1"), format!("{long}2"));
    let it = column(&[Some(one.clone()), Some(other), Some(one)]);
    assert_eq!(it.distinct, Figure::exact(2));
    assert_eq!(it.length.map(|it| it.max), Some(500_001));
    let values = it.values.unwrap();
    assert_eq!((values.len(), values[0].count), (1, Figure::exact(2)));
    assert!(values[0].value.ends_with('…') && values[0].value.len() < 300);
    assert!(it.max.unwrap().as_str().unwrap().len() < 300);
}

#[test]
fn a_table_of_three_hundred_columns_is_profiled() {
    let names: Vec<_> = (0..300).map(|it| format!("column {it}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let row = |row: usize| (0..300).map(|it| Some((row % (it + 2)).to_string())).collect();
    let rows: Vec<Vec<_>> = (0..120).map(row).collect();
    let it = table(&source(&names, &rows));
    assert_eq!(it.columns.len(), 300);
    assert_eq!(it.columns[299].distinct, Figure::exact(120));
}

#[test]
fn values_are_left_out_if_nobody_is_to_see_them() {
    let row = |it: usize| {
        let word = if it % 2 == 0 { "secret" } else { "other" };
        vec![Some(word.to_owned()), Some(format!("secret-{it:03}"))]
    };
    let rows: Vec<_> = (0..100).map(row).collect();
    let options = ProfileOptions { show_values: false, suggest: true, ..options(1) };
    let found = wait(profile(&source(&["word", "code"], &rows), &options)).unwrap();
    let text = serde_json::to_string(&found).unwrap() + &found.rule_set();
    assert!(!text.contains("secret") && !text.contains("other"), "{text}");
    assert!(text.contains("[a-z]{6}-[0-9]{3}"), "{text}");
}

#[test]
fn only_the_wanted_tables_are_profiled_and_unknown_ones_are_named() {
    let source = one_column("it", &[Some("x")]);
    let wanted = |name: &str| ProfileOptions { tables: vec![name.to_owned()], ..options(1) };
    assert_eq!(wait(profile(&source, &wanted("data"))).unwrap().tables.len(), 1);
    let error = wait(profile(&source, &wanted("dat"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.message(), "cannot profile the table `dat`: there is `data`");
}

#[test]
fn a_profile_can_be_cancelled_and_tells_how_far_it_is() {
    let source = one_column("it", &[Some("x"); 10]);
    let cancellation = Cancellation::new();
    let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (token, log) = (cancellation.clone(), Arc::clone(&heard));
    let options = ProfileOptions {
        cancellation,
        progress: Some(Arc::new(move |it: &dq_core::validate::Progress| {
            log.lock().unwrap().push((it.table.clone(), it.rows, it.rows_estimate));
            token.cancel();
        })),
        ..options(1)
    };
    let error = wait(profile(&source, &options)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(*heard.lock().unwrap(), [("data".to_owned(), 10, Some(10))]);
}
