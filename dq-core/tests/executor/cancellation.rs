//! Callers who lose interest, at any point.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use dq_core::executor::{Call, Caller, ExecutorConfig, QueryExecutor};
use dq_core::source::{Cancellation, Scan};

use crate::bench::{Bench, ENDLESS, HUNG, Random, limits};

/// How many are cancelled.
const CANCELLATIONS: u64 = 10_000;

/// Polls `future` up to so many times, and drops it.
async fn poll_some<F: Future>(future: F, polls: u64) -> Option<F::Output> {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        let polled = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(value) = polled {
            return Some(value);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// Does something that takes several steps, of which some are slow and some never end.
async fn something(executor: &dyn QueryExecutor, what: u64, call: &Call) -> dq_core::Result<()> {
    match what {
        0 => drop(executor.query(&"SELECT count(*) FROM t".into(), call).await?),
        1 => drop(executor.query(&HUNG.into(), call).await?),
        2 => {
            let mut rows = executor.stream(&ENDLESS.into(), call).await?;
            for _ in 0..5 {
                rows.next().await?;
            }
        }
        3 => drop(executor.execute(&"UPDATE t SET a = a WHERE a = 1".into(), call).await?),
        4 => {
            let statements = ["SELECT 1".into(), HUNG.into(), "SELECT 2".into()];
            drop(executor.query_all(&statements, call).await);
        }
        _ => {
            let snapshot = executor.snapshot(call).await?;
            let scan = Scan {
                table: "t".to_owned(),
                columns: vec![0],
                partitions: std::num::NonZeroUsize::MIN,
                cancellation: Cancellation::new(),
            };
            for mut partition in snapshot.scan(&scan).await? {
                partition.next().await?;
            }
            snapshot.finish().await?;
        }
    }
    Ok(())
}

async fn cancel_at_random(bench: &Bench, seed: u64, count: u64) {
    let mut random = Random(seed);
    for _ in 0..count {
        let call = Call::of(Caller::new(["a", "b", "c"][random.below(3) as usize]));
        let doing = something(&*bench.executor, random.below(6), &call);
        let polls = random.below(30);
        // What came to its end may have found the queue full.
        drop(poll_some(doing, polls).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_cancels_whatever_whenever_leaves_nothing_behind() {
    let bench = Arc::new(Bench::with_readers(limits(4, 8), 3).await);
    let workers = 16;
    let tasks: Vec<_> = (1..=workers)
        .map(|worker| {
            let bench = Arc::clone(&bench);
            let seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(worker);
            let count = CANCELLATIONS / workers + 1;
            tokio::spawn(async move { cancel_at_random(&bench, seed, count).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    bench.idle().await;
    let asked: Vec<_> =
        (0..8).map(|_| bench.ask("SELECT count(*) FROM t", &Call::default())).collect();
    for task in asked {
        assert_eq!(task.await.unwrap().unwrap(), 1000);
    }
    bench.executor.close().await;
}

#[tokio::test]
async fn a_place_that_reaches_nobody_any_more_goes_to_the_next() {
    let bench = Bench::new(ExecutorConfig { concurrent_max: 1, ..limits(1, 1_000) }).await;
    for _ in 0..100 {
        let running = bench.occupy(&Call::default()).await;
        let given_up = bench.ask("SELECT 1", &Call::default());
        let waiting = bench.ask("SELECT 2", &Call::default());
        crate::bench::until("both wait", || bench.executor.statistics().waiting == 2).await;
        running.abort();
        given_up.abort();
        assert_eq!(waiting.await.unwrap().unwrap(), 2);
    }
    bench.idle().await;
}
