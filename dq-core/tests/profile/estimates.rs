//! What does not fit into memory is estimated, says so, and does not depend on how rows were split.

use dq_core::profile::{Profile, ProfileOptions, profile};
use dq_core::source::memory::MemorySource;

use crate::tables::{batch, options, source_in_batches, wait};

const ROWS: usize = 20_000;

const NAMES: [&str; 4] = ["id", "group", "name", "value"];

/// An id, a group of a thousand rows, a name of the group, and a common value; in an order that changes
/// nothing.
fn table(batch_rows: usize, order: impl Fn(usize) -> usize) -> MemorySource {
    let row = |it: usize| {
        let group = it / 1000;
        let name = if it % 500 == 7 { 0 } else { group };
        let value = if it.is_multiple_of(3) { format!("rare {it}") } else { "common".to_owned() };
        [format!("ID-{it:06}"), format!("G{group}"), format!("the name of {name}"), value]
    };
    let rows: Vec<_> = (0..ROWS).map(order).map(row).map(|it| it.map(Some).to_vec()).collect();
    source_in_batches(&NAMES, &rows, batch_rows)
}

/// Too little memory for what is in the table.
fn small(threads: usize) -> ProfileOptions {
    ProfileOptions { memory_bytes_max: 1 << 20, ..options(threads) }
}

/// Everything but the time.
fn comparable(profile: &Profile) -> serde_json::Value {
    let mut json = serde_json::to_value(profile).unwrap();
    json["seconds"] = serde_json::Value::Null;
    json
}

#[test]
fn the_answer_is_the_same_however_rows_are_split_and_ordered() {
    let one = wait(profile(&table(10_000, |it| it), &small(1))).unwrap();
    let expected = comparable(&one);
    let others = [
        (table(777, |it| it), 2),
        (table(5_000, |it| ROWS - 1 - it), 1),
        (table(1_000, |it| it * 7919 % ROWS), 5),
    ];
    for (source, threads) in others {
        let found = comparable(&wait(profile(&source, &small(threads))).unwrap());
        assert_eq!(found, expected);
    }
}

#[test]
fn estimates_say_so_and_are_near_the_truth() {
    let found = wait(profile(&table(10_000, |it| it), &small(2))).unwrap();
    let table = &found.tables[0];
    let distinct = table.column("id").unwrap().distinct;
    assert!(distinct.estimate);
    // Three times the error of 95 percent: once in a hundred million times by chance.
    let off = (distinct.value as f64 / ROWS as f64 - 1.0).abs();
    assert!(off < 3.0 * distinct.error.unwrap(), "{distinct:?}");

    let value = table.column("value").unwrap();
    let frequent = &value.values.as_ref().unwrap()[0];
    assert_eq!(frequent.value, "common");
    assert!(frequent.count.estimate);
    let off = (frequent.count.value as f64 / (ROWS as f64 * 2.0 / 3.0) - 1.0).abs();
    assert!(off < 3.0 * frequent.count.error.unwrap(), "{frequent:?}");
    // Facts that need no memory are exact.
    assert_eq!(value.length.unwrap().min, 6);
    let shapes: u64 = table.column("id").unwrap().shapes.iter().map(|it| it.count).sum();
    assert_eq!(shapes, ROWS as u64);
}

#[test]
fn keys_and_dependencies_of_a_sample_are_counted_exactly_in_the_end() {
    let found = wait(profile(&table(10_000, |it| it), &small(2))).unwrap();
    let table = &found.tables[0];
    let keys: Vec<_> = table.keys.iter().map(|it| (it.columns.as_slice(), it.estimate)).collect();
    assert_eq!(keys, [(&["id".to_owned()][..], false)]);
    let mut dependencies = table.dependencies.iter();
    let name = dependencies.find(|it| it.from == "group" && it.to == "name").unwrap();
    assert!(!name.estimate);
    // Every 500th row has the name of the first group, which is right for two of them.
    assert_eq!((name.rows, name.violations), (ROWS as u64, (ROWS / 500) as u64 - 2));
}

#[test]
fn a_key_of_the_sample_that_is_none_is_dropped() {
    // One pair in the table, which the sample does not show.
    let source = table(9_999, |it| if it == 1 { 0 } else { it });
    let found = wait(profile(&source, &small(2))).unwrap();
    let table = &found.tables[0];
    assert!(table.column("id").unwrap().distinct.estimate);
    assert!(table.keys.is_empty(), "{:?}", table.keys);
}

#[test]
fn references_between_many_values_are_counted_exactly_in_the_end() {
    let text = |it: usize| Some(format!("K-{it:06}"));
    let parents: Vec<_> = (0..5000).map(|it| vec![text(it), text(it)]).collect();
    // Both tables come twice among what is to be counted, and columns whose names have the same letters.
    let children: Vec<_> = (0..9000).map(|it| vec![text(it % 5010), text(it / 2)]).collect();
    let source = MemorySource::new("a test")
        .table("parents", vec![batch(&["key", "Key 2"], &parents)])
        .and_then(|it| it.table("children", vec![batch(&["the key", "the-key"], &children)]))
        .unwrap();
    let options = ProfileOptions { memory_bytes_max: 256 << 10, ..options(2) };
    let found = wait(profile(&source, &options)).unwrap();
    assert_eq!(found.notes, [""; 0]);
    assert!(found.tables[0].keys.iter().all(|it| !it.estimate));
    let counted = found.references.iter();
    let counted: Vec<_> =
        counted.map(|it| (it.column.as_str(), it.rows, it.violations, it.estimate)).collect();
    assert_eq!(counted, [("the key", 9000, 10, false), ("the-key", 9000, 0, false)]);
}
