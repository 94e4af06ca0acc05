//! More rows than fit into any of the buffers that keys pass through: counts stay exact, and the rows
//! that a report shows are still the first.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use dq_core::source::memory::MemorySource;
use dq_core::validate::{CheckReport, ValidateOptions, validate};

use crate::run::{Counts, rules_of, threads, wait};

const ROWS: usize = 120_000;
const PARENTS: usize = 30_000;
const SHOWN: usize = 10;

/// A row of the table `child`; texts of up to 15 bytes are kept in another way than longer ones.
struct Row {
    short: String,
    long: String,
    number: i64,
    city: String,
}

/// Scattered, so that equal keys are far apart and meet in other partitions.
fn row(row: usize) -> Row {
    let scattered = row * 7919 % 104_729;
    let city = if row.is_multiple_of(997) { scattered % 5 } else { scattered % 1000 };
    Row {
        short: format!("key {}", scattered % 70_000),
        long: format!("a key that is rather long, number {}", scattered % 90_000),
        number: scattered as i64 % 31_000,
        city: format!("city {city}"),
    }
}

fn source(rows: &[Row]) -> MemorySource {
    let texts = |text: fn(&Row) -> &String| {
        Arc::new(rows.iter().map(|it| Some(text(it))).collect::<StringArray>()) as ArrayRef
    };
    let numbers = Arc::new(Int64Array::from_iter_values(rows.iter().map(|it| it.number)));
    let child = RecordBatch::try_from_iter([
        ("short", texts(|it| &it.short)),
        ("long", texts(|it| &it.long)),
        ("number", numbers as ArrayRef),
        ("city", texts(|it| &it.city)),
    ]);
    let child = child.unwrap();
    let batches = (0..ROWS).step_by(1000).map(|it| child.slice(it, 1000.min(ROWS - it)));
    let keys = Arc::new(Int64Array::from_iter_values(0..PARENTS as i64)) as ArrayRef;
    let parent = RecordBatch::try_from_iter([("number", keys)]).unwrap();
    let parents = (0..PARENTS).step_by(1000).map(|it| parent.slice(it, 1000));
    let source = MemorySource::new("memory").table("child", batches.collect()).unwrap();
    source.table("parent", parents.collect()).unwrap()
}

/// The rows of each key.
fn groups<'a>(rows: &'a [Row], key: impl Fn(&'a Row) -> &'a str) -> HashMap<&'a str, Vec<usize>> {
    let mut groups: HashMap<_, Vec<_>> = HashMap::new();
    for (number, row) in rows.iter().enumerate() {
        groups.entry(key(row)).or_default().push(number);
    }
    groups
}

/// What `unique` finds.
fn shared(groups: &HashMap<&str, Vec<usize>>) -> (Counts, Vec<usize>) {
    let shared: Vec<_> = groups.values().filter(|it| it.len() > 1).collect();
    let failing = shared.iter().flat_map(|it| it.iter().copied()).collect();
    found(failing, Some(shared.len() as u64))
}

/// What `functional_dependency` finds.
fn dependent(rows: &[Row], groups: &HashMap<&str, Vec<usize>>) -> (Counts, Vec<usize>) {
    let (mut failing, mut violated) = (Vec::new(), 0);
    for group in groups.values() {
        let mut cities: HashMap<_, Vec<_>> = HashMap::new();
        for row in group {
            cities.entry(&rows[*row].city).or_default().push(*row);
        }
        violated += u64::from(cities.len() > 1);
        let minorities = cities.values().filter(|it| it.len() * 2 <= group.len());
        failing.extend(minorities.flatten());
    }
    found(failing, Some(violated))
}

fn found(mut failing: Vec<usize>, groups: Option<u64>) -> (Counts, Vec<usize>) {
    failing.sort_unstable();
    let counts = (ROWS as u64, failing.len() as u64, groups);
    failing.truncate(SHOWN);
    (counts, failing)
}

fn shown(report: &CheckReport) -> Vec<usize> {
    let row = |it: &serde_json::Map<_, serde_json::Value>| it["row"].as_u64().unwrap() as usize - 1;
    report.sample.iter().map(|it| row(&it.key)).collect()
}

#[test]
fn keys_of_many_rows_are_counted_exactly() {
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    let source = source(&rows);
    let checks = rules_of(
        "child",
        &[
            "unique: [short] }",
            "unique: [long] }",
            "functional_dependency: { from: [short], to: city } }",
            "functional_dependency: { from: [long], to: city } }",
            "references: { columns: [number], table: parent } }",
            "cardinality: { columns: [long], table: child, max: 1 } }",
        ],
    );
    let (by_short, by_long) = (groups(&rows, |it| &it.short), groups(&rows, |it| &it.long));
    let orphans: Vec<_> = (0..ROWS).filter(|it| rows[*it].number >= PARENTS as i64).collect();
    let missing = orphans.iter().map(|it| rows[*it].number).collect::<HashSet<_>>().len() as u64;
    let twice = by_long.values().filter(|it| it.len() > 1).flatten().copied().collect();
    let expected = [
        shared(&by_short),
        shared(&by_long),
        dependent(&rows, &by_short),
        dependent(&rows, &by_long),
        found(orphans, Some(missing)),
        found(twice, None),
    ];
    assert!(expected.iter().all(|((_, violations, _), _)| *violations > 0));
    for (number, hash_bits) in [(1, 64), (2, 64), (7, 64), (2, 40), (2, 20)] {
        let options = ValidateOptions { hash_bits, sample_limit: SHOWN, ..threads(number) };
        let report = wait(validate(&source, &checks, &options)).unwrap();
        for (report, (counts, failing)) in report.checks().zip(&expected) {
            let found = (report.evaluated, report.violations, report.groups);
            assert_eq!(found, *counts, "{}: {number} threads, {hash_bits} bits", report.id);
            assert_eq!(shown(report), *failing, "{}: {number} threads", report.id);
        }
    }
}
