//! Every failing row, as a program hears of it.

use std::sync::{Arc, Mutex};

use arrow_array::{
    ArrayRef, Int64Array, LargeStringArray, RecordBatch, StringArray, StringViewArray,
};
use dq_core::source::memory::MemorySource;
use dq_core::validate::{ValidateOptions, Violation, validate};

use crate::run::{rules_of, threads, wait};

/// The rows of `batches` that fail, with the number of the check.
fn told(
    batches: Vec<RecordBatch>,
    checks: &[String],
    number_of_threads: usize,
) -> Vec<(u64, usize)> {
    let source = MemorySource::new("memory").table("data", batches).unwrap();
    let rules = rules_of("data", &checks.iter().map(String::as_str).collect::<Vec<_>>());
    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&told);
    let listener = move |it: &Violation<'_>| {
        assert!(!it.is_named());
        hears.lock().unwrap().push((it.row_number.unwrap(), it.check_number.unwrap()));
        Ok(())
    };
    let options = ValidateOptions {
        violations: Some(Arc::new(listener)),
        threads: threads(number_of_threads).threads,
        ..ValidateOptions::default()
    };
    let report = wait(validate(&source, &rules, &options)).unwrap();
    let violations: u64 = report.checks().map(|it| it.violations).sum();
    let told = std::mem::take(&mut *told.lock().unwrap());
    assert_eq!(told.len() as u64, violations);
    told
}

#[test]
fn rows_are_told_one_by_one_and_of_each_all_its_checks() {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..20_000));
    let batch = RecordBatch::try_from_iter([("a", numbers)]).unwrap();
    let checks: Vec<_> =
        (0..150).map(|it| format!("{{ expression: \"a % 150 <> {it}\" }}")).collect();
    let both = |it: u64| [(it + 1, (it % 150) as usize), (it + 1, 150)];
    let mut expected: Vec<_> = (0..20_000).flat_map(both).collect();
    expected.retain(|it| it.1 < 150 || it.0 > 19_000);
    let checks: Vec<_> =
        checks.into_iter().chain(["{ column: a, between: { max: 18999 } }".into()]).collect();
    for threads in [1, 2, 7] {
        assert_eq!(told(vec![batch.clone()], &checks, threads), expected);
    }
}

#[test]
fn keys_that_are_there_twice_are_told_however_a_batch_has_its_text() {
    // Some texts have room in a few bytes, some have not, some are blank and some are NULL.
    let texts: Vec<_> = (0..3_000_u32)
        .map(|it| match it % 7 {
            0 => None,
            1 => Some(String::new()),
            2 => Some(format!("PRV-{:08}", it % 1400)),
            3 => Some(format!("{:010}", it % 1400)),
            _ => Some(format!("somebody.{}@example.com", it % 1400)),
        })
        .collect();
    let arrays: [ArrayRef; 3] = [
        Arc::new(StringArray::from(texts.clone())),
        Arc::new(LargeStringArray::from(texts.clone())),
        Arc::new(StringViewArray::from(texts.clone())),
    ];
    let one = |array: &ArrayRef| RecordBatch::try_from_iter([("a", Arc::clone(array))]).unwrap();
    let mut count = std::collections::HashMap::new();
    for text in texts.iter().flatten().filter(|it| !it.is_empty()) {
        *count.entry(text).or_insert(0) += 1;
    }
    let is_shared = |it: &&(u64, Option<String>)| {
        it.1.as_ref().is_some_and(|text| count.get(text).is_some_and(|it| *it > 1))
    };
    let rows: Vec<_> = (1..).zip(texts.clone()).collect();
    let expected: Vec<_> = rows.iter().filter(is_shared).map(|it| (it.0, 0)).collect();
    assert!(expected.len() > 1000);
    let checks = ["{ unique: [a], ignore: blank }".to_owned()];
    for array in &arrays {
        for (rows, threads) in [(3_000, 1), (500, 1), (500, 2), (7, 7)] {
            let batches =
                (0..3_000).step_by(rows).map(|it| one(array).slice(it, rows.min(3_000 - it)));
            assert_eq!(told(batches.collect(), &checks, threads), expected, "{array:?}, {rows}");
        }
    }
}
