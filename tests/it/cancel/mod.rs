//! Runs that end before their time, and programs that are embedded in unusual ways.

mod custom;
mod endless;
mod runtime;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::source::Cancellation;
use dq_core::validate::{Progress, ProgressListener, ValidateOptions, validate};

use crate::cancel::endless::{Endless, First};
use crate::run::{rules_of, threads, wait};

/// Far longer than anything here takes.
const SOON: Duration = Duration::from_secs(30);

/// Checks of single rows and of keys.
const CHECKS: [&str; 3] =
    ["column: a, not_null: true }", "unique: [a] }", "column: a, between: { min: 3 } }"];

fn listener(listen: impl Fn(&Progress) + Send + Sync + 'static) -> ProgressListener {
    Arc::new(listen)
}

#[test]
fn a_run_that_is_cancelled_ends_with_the_next_batch() {
    for number in [1, 2, 7] {
        let source = Endless::new(First::NeverEnds);
        let (cancellation, batches) = (Cancellation::new(), Arc::clone(&source.batches));
        let at = Arc::new(AtomicU64::new(u64::MAX));
        let (cancel, noted) = (cancellation.clone(), Arc::clone(&at));
        let progress = listener(move |progress| {
            if progress.rows >= 1000 {
                cancel.cancel();
                noted.fetch_min(batches.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        });
        let options = ValidateOptions { cancellation, progress: Some(progress), ..threads(number) };
        let result = wait(validate(&source, &rules_of("data", &CHECKS), &options));
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
        let after = source.batches.load(Ordering::Relaxed) - at.load(Ordering::Relaxed);
        assert!(after <= number as u64, "{after} batches after the end, {number} threads");
    }
}

#[test]
fn a_run_that_is_cancelled_before_it_begins_reads_nothing() {
    let source = Endless::new(First::NeverEnds);
    let options = threads(2);
    options.cancellation.cancel();
    let result = wait(validate(&source, &rules_of("data", &CHECKS), &options));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(source.batches.load(Ordering::Relaxed), 0);
}

#[test]
fn a_run_that_is_cancelled_with_its_last_batch_gives_no_report() {
    let source = Endless::single(First::Ends(3));
    let cancellation = Cancellation::new();
    let cancel = cancellation.clone();
    let progress = listener(move |progress| {
        if progress.rows == 30 {
            cancel.cancel();
        }
    });
    let options = ValidateOptions { cancellation, progress: Some(progress), ..threads(1) };
    let result = wait(validate(&source, &rules_of("data", &CHECKS), &options));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
}

#[test]
fn cancelling_one_run_leaves_another_alone() {
    let options = threads(1);
    let other = ValidateOptions { cancellation: options.cancellation.child(), ..threads(1) };
    other.cancellation.cancel();
    let rules = rules_of("data", &CHECKS);
    assert!(wait(validate(&Endless::new(First::NeverEnds), &rules, &other)).is_err());
    assert!(wait(validate(&Endless::single(First::Ends(3)), &rules, &options)).is_ok());
    // The options of a run that has ended can be used again.
    assert!(wait(validate(&Endless::single(First::Ends(3)), &rules, &options)).is_ok());
}

#[test]
fn a_future_that_is_dropped_leaves_no_thread_behind() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    for number in [1, 2, 7] {
        let source = Arc::new(Endless::new(First::NeverEnds));
        let (started, has_started) = std::sync::mpsc::channel();
        let started = Mutex::new(started);
        let progress = listener(move |_| started.lock().unwrap().send(()).unwrap_or_default());
        let options = ValidateOptions { progress: Some(progress), ..threads(number) };
        let (run_source, rules) = (Arc::clone(&source), rules_of("data", &CHECKS));
        let run = runtime.spawn(async move { validate(&*run_source, &rules, &options).await });
        has_started.recv_timeout(SOON).expect("the run starts");
        run.abort();
        assert!(runtime.block_on(run).unwrap_err().is_cancelled());
        for _ in 0..number {
            source.gone.lock().unwrap().recv_timeout(SOON).expect("each partition is dropped");
        }
    }
}

#[test]
fn an_error_of_one_partition_stops_the_others_and_is_the_one_that_is_told() {
    for number in [1, 2, 7] {
        let source = Endless::new(First::Fails);
        let result = wait(validate(&source, &rules_of("data", &CHECKS), &threads(number)));
        let error = result.unwrap_err();
        let told = (error.kind(), error.message());
        assert_eq!(told, (ErrorKind::SourceInvalid, "the disk is on fire"), "{number} threads");
    }
}

#[test]
fn a_panic_of_one_partition_stops_the_others_and_is_an_error() {
    for number in [1, 2, 7] {
        let (done, is_done) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let source = Endless::new(First::Panics);
            let result = wait(validate(&source, &rules_of("data", &CHECKS), &threads(number)));
            done.send(result.unwrap_err()).unwrap();
        });
        let error = is_done.recv_timeout(SOON).expect("the run ends");
        let told = (error.kind(), error.message());
        assert_eq!(told, (ErrorKind::Internal, "a thread of the run panicked"), "{number} threads");
    }
}

#[test]
fn progress_adds_up_to_the_rows() {
    for number in [1, 2, 7] {
        let source = Endless::single(First::Ends(50));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listening = Arc::clone(&heard);
        let progress =
            listener(move |it| listening.lock().unwrap().push((it.table.clone(), it.rows)));
        let options = ValidateOptions { progress: Some(progress), ..threads(number) };
        let report = wait(validate(&source, &rules_of("data", &CHECKS), &options)).unwrap();
        let mut heard = std::mem::take(&mut *heard.lock().unwrap());
        heard.sort();
        let expected: Vec<_> = (1..=50).map(|it| ("data".to_owned(), it * 10)).collect();
        assert_eq!(heard, expected);
        assert_eq!((report.tables.len(), report.tables[0].rows), (1, 500));
    }
}
