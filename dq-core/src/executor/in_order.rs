//! Several futures at once, their results in order.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs `futures`, at most `at_once` at a time, and gives a result for each, in their order.
pub(crate) async fn in_order<T, F: Future<Output = T>>(
    futures: impl Iterator<Item = F>,
    at_once: usize,
) -> Vec<T> {
    let mut coming = futures.fuse();
    let mut running: Vec<(usize, Pin<Box<F>>)> = Vec::new();
    let mut done: Vec<Option<T>> = Vec::new();
    poll_fn(|context| {
        loop {
            let free = at_once.max(1).saturating_sub(running.len());
            for future in coming.by_ref().take(free) {
                running.push((done.len(), Box::pin(future)));
                done.push(None);
            }
            let before = running.len();
            running.retain_mut(|it| advance(it, context, &mut done));
            match (running.len(), before) {
                (0, 0) => return Poll::Ready(()),
                (after, before) if after == before => return Poll::Pending,
                _ => {}
            }
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// Polls a future; keeps its value in its place. Whether it goes on.
fn advance<T, F: Future<Output = T>>(
    (position, future): &mut (usize, Pin<Box<F>>),
    context: &mut Context<'_>,
    done: &mut [Option<T>],
) -> bool {
    match (future.as_mut().poll(context), done.get_mut(*position)) {
        (Poll::Ready(value), Some(slot)) => *slot = Some(value),
        (Poll::Ready(_), None) => {}
        (Poll::Pending, _) => return true,
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::task::yield_now;

    async fn yield_times(times: usize) {
        for _ in 0..times {
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn results_keep_their_order_whoever_is_first() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (running, most) = (&running, &most);
        let futures = (0..50_usize).map(|number| async move {
            most.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            yield_times((50 - number) % 7).await;
            running.fetch_sub(1, Ordering::Relaxed);
            number
        });
        assert_eq!(in_order(futures, 4).await, (0..50).collect::<Vec<_>>());
        assert_eq!(most.load(Ordering::Relaxed), 4);
    }

    #[tokio::test]
    async fn nothing_gives_nothing() {
        assert!(in_order(std::iter::empty::<std::future::Ready<()>>(), 4).await.is_empty());
    }
}
