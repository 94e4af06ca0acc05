//! Computing many values before they are asked for.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use crate::cache::ext::CacheManagerExt;
use crate::cache::key::CacheKey;
use crate::cache::manager::CacheManager;
use crate::cache::options::CacheOptions;
use crate::cache::value::Cacheable;
use crate::error::Result;

/// What warming has done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Warmed {
    /// How many values are cached now, those that were before too.
    pub ready: u64,
    /// How many could not be computed.
    pub failed: u64,
}

type Worker<'a> = Pin<Box<dyn Future<Output = Warmed> + Send + 'a>>;

pub(crate) async fn warm<T, S, F, C>(
    cache: &(impl CacheManager + ?Sized),
    entries: VecDeque<(CacheKey, S)>,
    options: &CacheOptions,
    at_once: usize,
    load: F,
) -> Warmed
where
    T: Cacheable,
    S: Send + 'static,
    F: Fn(S) -> C + Clone + Send + Sync + 'static,
    C: Future<Output = Result<T>> + Send + 'static,
{
    let entries = &Mutex::new(entries);
    let load = &load;
    let next = move || entries.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let worker = |_| -> Worker<'_> {
        Box::pin(async move {
            let mut warmed = Warmed::default();
            while let Some((key, seed)) = next() {
                let load = load.clone();
                let value = cache.get_or_compute(&key, options, move || load(seed)).await;
                warmed.ready += u64::from(value.is_ok());
                warmed.failed += u64::from(value.is_err());
            }
            warmed
        })
    };
    all((0..at_once.max(1)).map(worker).collect()).await
}

/// Awaits all workers, in this task.
async fn all(mut workers: Vec<Worker<'_>>) -> Warmed {
    let mut sum = Warmed::default();
    poll_fn(move |context| {
        workers.retain_mut(|it| match it.as_mut().poll(context) {
            Poll::Ready(warmed) => {
                sum.ready += warmed.ready;
                sum.failed += warmed.failed;
                false
            }
            Poll::Pending => true,
        });
        if workers.is_empty() { Poll::Ready(sum) } else { Poll::Pending }
    })
    .await
}
