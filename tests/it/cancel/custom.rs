//! Checks of the embedding program that go wrong.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch};
use dq_core::rules::CustomCheck;
use dq_core::source::memory::MemorySource;
use dq_core::validate::{Report, Status, validate};
use dq_core::{Error, ErrorKind, Result};

use crate::run::{counts, rules_of, threads, wait};

/// Odd numbers are violations; what else happens is in the hands of a test.
#[derive(Debug)]
enum Odd {
    Right,
    /// An error where this number is seen.
    FailsAt(i64),
    PanicsAt(i64),
    /// A mask that is one row short.
    Short,
}

impl CustomCheck for Odd {
    fn violations(&self, rows: &RecordBatch) -> Result<BooleanArray> {
        let numbers = rows.column(0).as_primitive::<Int64Type>();
        match self {
            Self::FailsAt(it) if numbers.values().contains(it) => {
                return Err(Error::new(ErrorKind::Unavailable, "the oracle is silent"));
            }
            Self::PanicsAt(it) => assert!(!numbers.values().contains(it), "the oracle is angry"),
            _ => {}
        }
        let mask: BooleanArray = numbers.iter().map(|it| it.map(|it| it % 2 == 1)).collect();
        Ok(if matches!(self, Self::Short) { mask.slice(1, mask.len() - 1) } else { mask })
    }
}

/// The numbers from 0 to 99 and a NULL, in batches of 10.
fn numbers() -> MemorySource {
    let batch = |numbers: Int64Array| {
        RecordBatch::try_from_iter([("a", Arc::new(numbers) as ArrayRef)]).unwrap()
    };
    let mut batches: Vec<_> =
        (0..10).map(|it| batch(Int64Array::from_iter_values(it * 10..it * 10 + 10))).collect();
    batches.push(batch(Int64Array::from(vec![None::<i64>])));
    MemorySource::new("numbers").table("data", batches).unwrap()
}

fn run(odd: Odd, number: usize) -> Result<Report> {
    let checks = ["custom: odd, columns: [a] }", "column: a, not_null: true }"];
    let rules = rules_of("data", &checks).with_custom("odd", Arc::new(odd));
    wait(validate(&numbers(), &rules, &threads(number)))
}

#[test]
fn a_custom_check_counts_what_its_mask_says_and_null_is_no_violation() {
    for number in [1, 2, 7] {
        let report = run(Odd::Right, number).unwrap();
        assert_eq!(counts(&report), [(101, 50, None), (101, 1, None)]);
        assert_eq!(report.rules[0].checks[0].sample[0].key["row"], 2);
    }
}

#[test]
fn a_custom_check_that_fails_is_an_error_in_the_report_and_the_others_are_counted() {
    for number in [1, 2, 7] {
        for at in [0, 55, 99] {
            let report = run(Odd::FailsAt(at), number).unwrap();
            let [odd, not_null] = &report.rules[0].checks[..] else { panic!("two checks") };
            assert_eq!(odd.status, Status::Error);
            assert_eq!(odd.error.as_deref(), Some("the oracle is silent"));
            assert_eq!((not_null.status, not_null.violations), (Status::Fail, 1));
            assert_eq!((report.status, report.has_errors()), (Status::Error, true));
        }
    }
}

#[test]
fn a_mask_of_another_length_is_an_error_in_the_report() {
    let report = run(Odd::Short, 2).unwrap();
    let odd = &report.rules[0].checks[0];
    assert_eq!(odd.status, Status::Error);
    let message = odd.error.as_deref().unwrap();
    assert!(message.starts_with("a custom check gave a mask of "), "{message}");
}

#[test]
fn a_custom_check_that_panics_ends_the_run_with_an_error() {
    for number in [1, 2, 7] {
        let error = run(Odd::PanicsAt(55), number).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert_eq!(error.message(), "a thread of the run panicked");
    }
}
