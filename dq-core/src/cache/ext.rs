//! A cache, called with the types of values.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::cache::key::{CacheKey, Namespace, Scope, Tag};
use crate::cache::manager::{CacheManager, Compute, Computed, Put, Reach, Reading, Stored};
use crate::cache::options::CacheOptions;
use crate::cache::security::SecurityEvent;
use crate::cache::value::{AnyValue, Cacheable, Lookup};
use crate::cache::warm::{self, Warmed};
use crate::error::{Error, ErrorKind, Result};

/// Every [`CacheManager`], with types.
pub trait CacheManagerExt: CacheManager {
    /// Looks a key up. What is in memory is found when this is called, before anything is awaited.
    fn get<'a, T: Cacheable>(&'a self, key: &'a CacheKey) -> CacheFuture<'a, Lookup<T>> {
        match self.get_local(key) {
            Lookup::Miss => CacheFuture::waiting(async move {
                let found = self.load(std::slice::from_ref(key), T::CODEC).await;
                found.into_iter().next().map_or(Lookup::Miss, Lookup::downcast)
            }),
            found => CacheFuture::ready(found),
        }
    }

    /// Looks a key up in memory only. A miss is not counted.
    fn get_local<T: Cacheable>(&self, key: &CacheKey) -> Lookup<T> {
        match self.lookup(key, T::CODEC) {
            Some(hit) => typed(hit.value),
            None => Lookup::Miss,
        }
    }

    /// Looks several keys up; one answer for each, in their order. What is not in memory is asked for in one
    /// round trip.
    fn get_many<T: Cacheable>(
        &self,
        keys: &[CacheKey],
    ) -> impl Future<Output = Vec<Lookup<T>>> + Send {
        async move {
            let found = self.load(keys, T::CODEC).await;
            found.into_iter().map(Lookup::downcast).collect()
        }
    }

    /// Looks a key up, and computes and stores its value if that is not known.
    ///
    /// However many callers ask for a key meanwhile, `compute` of one of them runs, in a task of its own:
    /// dropping this future does not stop it, unless nobody else waits and
    /// [`CacheOptions::abandoned`] says so.
    ///
    /// # Errors
    ///
    /// That of `compute`; `Timeout` if it takes longer than [`CacheOptions::compute_timeout_ms`];
    /// `Internal` if it panics. A value that has expired is served instead where
    /// [`CacheOptions::stale_if_error_ms`] allows it and the error is transient or a panic. `NotFound` if
    /// [`get_or_find`](Self::get_or_find) has cached that there is none.
    fn get_or_compute<'a, T, F, C>(
        &'a self,
        key: &'a CacheKey,
        options: &'a CacheOptions,
        compute: F,
    ) -> CacheFuture<'a, Result<Arc<T>>>
    where
        T: Cacheable,
        F: FnOnce() -> C + Send + 'static,
        C: Future<Output = Result<T>> + Send + 'static,
    {
        self.get_or_compute_some(
            key,
            options,
            || async move { compute().await.map(Computed::Lasting) },
        )
    }

    /// As [`get_or_compute`](Self::get_or_compute), where `compute` tells whether its value may be kept, or is
    /// only for those who wait for it.
    ///
    /// # Errors
    ///
    /// As there.
    fn get_or_compute_some<'a, T, F, C>(
        &'a self,
        key: &'a CacheKey,
        options: &'a CacheOptions,
        compute: F,
    ) -> CacheFuture<'a, Result<Arc<T>>>
    where
        T: Cacheable,
        F: FnOnce() -> C + Send + 'static,
        C: Future<Output = Result<Computed<T>>> + Send + 'static,
    {
        let found = found::<T>(self, key);
        match found {
            Some((Lookup::Value(value), false)) => return CacheFuture::ready(Ok(value)),
            Some((Lookup::Absent, _)) => return CacheFuture::ready(Err(absent(key))),
            _ => {}
        }
        let shared = |it: T| Some(Arc::new(it) as AnyValue);
        let compute: Compute = Box::pin(async move { compute().await.map(|it| it.map(shared)) });
        if let Some((Lookup::Value(value), _)) = found {
            renew::<T>(self, key, options, compute);
            return CacheFuture::ready(Ok(value));
        }
        CacheFuture::waiting(async move {
            let found = self.load_or_compute(key, T::CODEC, options, compute).await?;
            found.downcast().value().ok_or_else(|| absent(key))
        })
    }

    /// Looks a key up, and if nothing is known of it finds its value or that there is none, which is
    /// remembered for [`CacheOptions::negative_ttl_ms`].
    ///
    /// # Errors
    ///
    /// As for [`get_or_compute`](Self::get_or_compute).
    fn get_or_find<'a, T, F, C>(
        &'a self,
        key: &'a CacheKey,
        options: &'a CacheOptions,
        find: F,
    ) -> CacheFuture<'a, Result<Option<Arc<T>>>>
    where
        T: Cacheable,
        F: FnOnce() -> C + Send + 'static,
        C: Future<Output = Result<Option<T>>> + Send + 'static,
    {
        let found = found::<T>(self, key);
        let due = match found {
            Some((found, false)) => return CacheFuture::ready(Ok(found.value())),
            Some((found, true)) => Some(found),
            None => None,
        };
        let shared = |it: T| Arc::new(it) as AnyValue;
        let compute: Compute =
            Box::pin(async move { Ok(Computed::Lasting(find().await?.map(shared))) });
        if let Some(found) = due {
            renew::<T>(self, key, options, compute);
            return CacheFuture::ready(Ok(found.value()));
        }
        CacheFuture::waiting(async move {
            let found = self.load_or_compute(key, T::CODEC, options, compute).await?;
            Ok(found.downcast().value())
        })
    }

    /// Stores a value that is of now, and has other nodes forget theirs.
    fn set<'a, T: Cacheable>(
        &'a self,
        key: &'a CacheKey,
        value: T,
        options: &'a CacheOptions,
    ) -> impl Future<Output = Stored> + Send + 'a {
        let value: AnyValue = Arc::new(value);
        let put = Put { key, value: Some(value), codec: T::CODEC, options, since: None };
        async move { self.store(put).await }
    }

    /// Stores a value that was read after `reading` was noted; refused if it was invalidated meanwhile.
    fn set_read<'a, T: Cacheable>(
        &'a self,
        key: &'a CacheKey,
        value: T,
        options: &'a CacheOptions,
        reading: Reading,
    ) -> impl Future<Output = Stored> + Send + 'a {
        let value: AnyValue = Arc::new(value);
        let since = Some(reading);
        let put = Put { key, value: Some(value), codec: T::CODEC, options, since };
        async move { self.store(put).await }
    }

    /// Forgets the value of a key, on every node.
    fn delete(&self, key: &CacheKey) -> impl Future<Output = Reach> + Send {
        let scope = Scope::Key(key.clone());
        async move { self.invalidate(&[scope]).await }
    }

    /// Forgets all values with a tag, on every node, however many there are.
    fn invalidate_tag(&self, tag: Tag) -> impl Future<Output = Reach> + Send {
        async move { self.invalidate(&[Scope::Tag(tag)]).await }
    }

    /// Forgets all values of a namespace, on every node.
    fn invalidate_namespace(&self, namespace: &Namespace) -> impl Future<Output = Reach> + Send {
        let scope = Scope::Namespace(namespace.clone());
        async move { self.invalidate(&[scope]).await }
    }

    /// Forgets, on every node, what must not be served after something has happened to who may see what; and
    /// logs that it did. Where this returns [`Reach::Here`], the others are told as soon as they can be.
    fn report<'a>(&'a self, event: &'a SecurityEvent) -> impl Future<Output = Reach> + Send + 'a {
        async move {
            let reach = self.invalidate(&[event.scope()]).await;
            tracing::info!(cache = self.name(), ?reach, "{event}: what is concerned was forgotten");
            reach
        }
    }

    /// Computes the values of `entries`, each a key and what `load` needs to know for it, as far as they are
    /// not cached yet; `at_once` of them at a time. What fails is left out, and counted.
    fn warm<'a, T, S, F, C>(
        &'a self,
        entries: impl IntoIterator<Item = (CacheKey, S)>,
        options: &'a CacheOptions,
        at_once: usize,
        load: F,
    ) -> impl Future<Output = Warmed> + Send + 'a
    where
        T: Cacheable,
        S: Send + 'static,
        F: Fn(S) -> C + Clone + Send + Sync + 'static,
        C: Future<Output = Result<T>> + Send + 'static,
    {
        warm::warm(self, entries.into_iter().collect(), options, at_once, load)
    }

    /// Forgets everything, on every node.
    fn clear(&self) -> impl Future<Output = Reach> + Send {
        async move { self.invalidate(&[Scope::Everything]).await }
    }
}

impl<C: CacheManager + ?Sized> CacheManagerExt for C {}

/// The answer of a cache: there already, or to be awaited.
#[must_use = "futures do nothing unless awaited"]
pub struct CacheFuture<'a, T>(State<'a, T>);

enum State<'a, T> {
    Ready(Option<T>),
    Waiting(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<'a, T> CacheFuture<'a, T> {
    fn ready(value: T) -> Self {
        Self(State::Ready(Some(value)))
    }

    fn waiting(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self(State::Waiting(Box::pin(future)))
    }

    /// Returns the answer if it is there without waiting, or else the future.
    ///
    /// # Errors
    ///
    /// The future itself.
    pub fn now(self) -> std::result::Result<T, Self> {
        match self.0 {
            State::Ready(Some(value)) => Ok(value),
            state => Err(Self(state)),
        }
    }
}

// Nothing is pinned in place: a future that waits is in a box.
impl<T> Unpin for CacheFuture<'_, T> {}

impl<T> Future for CacheFuture<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            State::Ready(value) => value.take().map_or(Poll::Pending, Poll::Ready),
            State::Waiting(future) => future.as_mut().poll(context),
        }
    }
}

impl<T> fmt::Debug for CacheFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.0 {
            State::Ready(_) => "ready",
            State::Waiting(_) => "waiting",
        };
        write!(f, "CacheFuture({state})")
    }
}

/// What is in memory for `key`, and whether it is due to be renewed.
fn found<T: Cacheable>(
    cache: &(impl CacheManager + ?Sized),
    key: &CacheKey,
) -> Option<(Lookup<T>, bool)> {
    let hit = cache.lookup(key, T::CODEC)?;
    let found = typed(hit.value);
    found.is_hit().then_some((found, hit.due))
}

fn typed<T: Cacheable>(value: Option<AnyValue>) -> Lookup<T> {
    value.map_or(Lookup::Absent, |it| Lookup::Value(it).downcast())
}

fn renew<T: Cacheable>(
    cache: &(impl CacheManager + ?Sized),
    key: &CacheKey,
    options: &CacheOptions,
    compute: Compute,
) {
    if cache.claim_refresh(key) {
        cache.refresh(key, T::CODEC, options, compute);
    }
}

fn absent(key: &CacheKey) -> Error {
    let message = format!("there is no value of `{key}`: it is cached as absent");
    Error::new(ErrorKind::NotFound, message)
}
