//! How many calls are under way, and who waits.

use std::sync::Arc;
use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::clock::TestClock;
use dq_core::resilience::{Bulkhead, BulkheadConfig, Deadline};
use tokio::task::JoinHandle;

use crate::SECOND;

fn bulkhead(concurrency_max: usize, queue_max: usize, clock: &TestClock) -> Bulkhead {
    let config = BulkheadConfig { concurrency_max, queue_max, wait_max_ms: 10_000 };
    Bulkhead::new("db", &config, Arc::new(clock.clone())).expect("the config is valid")
}

/// Waits for a place, and tells its number when it has one.
fn queue(bulkhead: &Bulkhead, number: usize) -> JoinHandle<dq_core::Result<usize>> {
    let bulkhead = bulkhead.clone();
    tokio::spawn(async move { bulkhead.acquire(Deadline::NEVER).await.map(|_| number) })
}

#[tokio::test]
async fn places_go_to_who_came_first() {
    let clock = TestClock::new();
    let bulkhead = bulkhead(1, 100, &clock);
    let place = bulkhead.acquire(Deadline::NEVER).await.expect("it is empty");
    let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..100 {
        let (bulkhead, told) = (bulkhead.clone(), told.clone());
        tokio::spawn(async move {
            let _place = bulkhead.acquire(Deadline::NEVER).await;
            told.send(number)
        });
        clock.sleepers(number + 1).await;
    }
    assert_eq!((bulkhead.active(), bulkhead.waiting()), (1, 100));
    drop(place);
    for expected in 0..100 {
        assert_eq!(order.recv().await, Some(expected));
    }
    assert_eq!((bulkhead.active(), bulkhead.waiting(), clock.sleeping()), (0, 0, 0));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let clock = TestClock::new();
    let bulkhead = bulkhead(1, 1, &clock);
    let place = bulkhead.acquire(Deadline::NEVER).await.expect("it is empty");
    let waiter = queue(&bulkhead, 7);
    clock.sleepers(1).await;
    let error = bulkhead.acquire(Deadline::NEVER).await.expect_err("one waits already");
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert_eq!(error.message(), "bulkhead `db` is full: 1 calls are under way, 1 wait");
    drop(place);
    assert_eq!(waiter.await.expect("no panic").expect("there is a place"), 7);
    assert_eq!((bulkhead.active(), bulkhead.waiting()), (0, 0));
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let clock = TestClock::new();
    let bulkhead = bulkhead(1, 10, &clock);
    let _place = bulkhead.acquire(Deadline::NEVER).await.expect("it is empty");
    let patient = queue(&bulkhead, 0);
    let hasty = tokio::spawn({
        let (bulkhead, deadline) = (bulkhead.clone(), Deadline::after(&clock, SECOND));
        async move { bulkhead.acquire(deadline).await.map(drop) }
    });
    clock.sleepers(2).await;
    clock.advance(SECOND);
    let error = hasty.await.expect("no panic").expect_err("its deadline has passed");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    clock.advance(9 * SECOND);
    let error = patient.await.expect("no panic").expect_err("it has waited long enough");
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert_eq!(error.message(), "bulkhead `db` had no place within 10000 ms");
    assert_eq!((bulkhead.active(), bulkhead.waiting()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_callers_leave_no_trace() {
    let clock = TestClock::new();
    let bulkhead = bulkhead(3, 10_000, &clock);
    let place = bulkhead.acquire(Deadline::NEVER).await.expect("it is empty");
    let mut waiters: Vec<_> = (0..2000).map(|it| queue(&bulkhead, it)).collect();
    let kept = waiters.split_off(1000);
    for (number, waiter) in waiters.iter().enumerate() {
        if number % 7 == 0 {
            tokio::task::yield_now().await;
        }
        waiter.abort();
    }
    drop(place);
    for waiter in kept {
        waiter.await.expect("no panic").expect("there is a place");
    }
    for waiter in waiters {
        let _ = waiter.await;
    }
    assert_eq!((bulkhead.active(), bulkhead.waiting()), (0, 0));
    let places: Vec<_> = (0..3).map(|_| bulkhead.try_acquire()).collect();
    assert!(places.iter().all(Option::is_some), "every place came back");
    assert!(bulkhead.try_acquire().is_none());
    assert_eq!(clock.elapsed(), Duration::ZERO);
}
