//! A store in Redis that nodes share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::future::try_join_all;
use tokio::task::AbortHandle;

use crate::cache::key::{CacheKey, Scope};
use crate::cache::redis::config::RedisStoreConfig;
use crate::cache::redis::entry;
use crate::cache::redis::feed::RedisFeed;
use crate::cache::redis::place::Places;
use crate::cache::redis::scope;
use crate::cache::redis::scripts::Scripts;
use crate::cache::shared::{
    Announce, Claim, ClaimRequest, Fence, Fetched, InvalidationFeed, Lease, NewEntry, NodeId,
    ReadMark, SetOutcome, SharedStore, StoreTime,
};
use crate::error::{Error, ErrorKind, Result};
use crate::redis::{Command, RedisConnection, Reply, Script};

/// The part that has the stream.
const FIRST: u16 = 0;

/// A store in Redis that nodes share: the second level of a
/// [`TieredCache`](crate::cache::TieredCache).
#[derive(Clone)]
pub struct RedisStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) connection: RedisConnection,
    pub(crate) places: Places,
    pub(crate) scripts: Vec<Scripts>,
    pub(crate) config: RedisStoreConfig,
    feeds: Mutex<Vec<AbortHandle>>,
    is_closed: AtomicBool,
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("connection", &self.inner.connection)
            .finish_non_exhaustive()
    }
}

impl RedisStore {
    /// Makes a store of what is, or will be, at the other end of `connection`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, naming the field.
    pub fn new(connection: RedisConnection, config: RedisStoreConfig) -> Result<Self> {
        let numbers = [
            ("shards", u32::from(config.shards)),
            ("tombstones_max", config.tombstones_max),
            ("stamps_max", config.stamps_max),
            ("announcements_max", config.announcements_max),
        ];
        for (field, number) in numbers {
            if number == 0 {
                let message = format!("`{field}` must be at least 1");
                return Err(Error::new(ErrorKind::ConfigInvalid, message));
            }
        }
        let shards = if connection.is_cluster() { config.shards } else { 1 };
        let places = Places::new(connection.prefix(), shards);
        let scripts = places.shards().map(|it| Scripts::new(it, &config)).collect();
        let feeds = Mutex::new(Vec::new());
        let is_closed = AtomicBool::new(false);
        let inner = Inner { connection, places, scripts, config, feeds, is_closed };
        Ok(Self { inner: Arc::new(inner) })
    }
}

impl Inner {
    /// Runs a script of a part.
    pub(crate) async fn run(
        &self,
        shard: u16,
        which: impl FnOnce(&Scripts) -> &Script,
        keys: &[String],
        arguments: &[&[u8]],
    ) -> Result<Reply> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(Error::new(ErrorKind::Unavailable, "the cache in redis is closed"));
        }
        let scripts = self.scripts.get(usize::from(shard)).ok_or_else(malformed)?;
        let common = self.places.common(shard);
        let keys: Vec<_> = common.iter().chain(keys).map(String::as_bytes).collect();
        let incarnation = incarnation()?;
        let arguments = [&[incarnation.as_bytes()], arguments].concat();
        self.connection.run_noting_start(which(scripts), &keys, &arguments).await
    }

    /// Reads the entries of one part, with their positions in `keys`.
    async fn get_in(
        &self,
        shard: u16,
        keys: Vec<(usize, &CacheKey)>,
    ) -> Result<Vec<(usize, Fetched)>> {
        let names: Vec<_> = keys.iter().map(|it| self.places.entry(it.1)).collect();
        let namespaces: Vec<_> =
            keys.iter().map(|it| it.1.namespace().as_str().as_bytes()).collect();
        let reply = self.run(shard, |it| &it.get, &names, &namespaces).await?;
        let mut answers = reply.into_list().into_iter();
        let (Some(incarnation), Some(number), Some(time)) =
            (answers.next(), answers.next(), answers.next())
        else {
            return Err(malformed());
        };
        let mark = entry::mark(&incarnation, &number, &time).ok_or_else(malformed)?;
        let now = entry::micros(&time).ok_or_else(malformed)?;
        let fetched = answers.map(|it| Fetched {
            entry: it.into_bytes().and_then(|it| entry::parse(it, now)),
            mark,
        });
        Ok(keys.iter().map(|it| it.0).zip(fetched).collect())
    }

    /// Applies to one part what of `scopes` concerns it, and announces all of them if `is_last`.
    async fn invalidate_in(
        &self,
        shard: u16,
        scopes: &[Scope],
        origin: Option<NodeId>,
    ) -> Result<()> {
        let mut keys = Vec::new();
        let mut members = Vec::new();
        let mut is_everything = false;
        for scope in scopes {
            match scope {
                Scope::Key(key) if self.places.shard(key) == shard => keys.push(key),
                Scope::Key(_) => {}
                Scope::Tag(tag) => members.push(format!("t{tag}")),
                Scope::Namespace(namespace) => members.push(format!("n{}", namespace.as_str())),
                Scope::Everything => is_everything = true,
            }
        }
        let names: Vec<_> = keys.iter().map(|it| self.places.entry(it)).collect();
        let announcement = origin.map_or_else(String::new, |_| scope::write(scopes));
        let origin = origin.map_or_else(String::new, |it| it.to_string());
        let everything = if is_everything { "1" } else { "0" };
        let mut arguments =
            vec![announcement, origin, everything.to_owned(), keys.len().to_string()];
        arguments.extend(keys.iter().map(|it| member(it)));
        arguments.extend(members);
        let arguments: Vec<_> = arguments.iter().map(String::as_bytes).collect();
        self.run(shard, |it| &it.invalidate, &names, &arguments).await.map(|_| ())
    }
}

#[async_trait]
impl SharedStore for RedisStore {
    fn name(&self) -> &'static str {
        "redis"
    }

    async fn time(&self) -> Result<StoreTime> {
        let reply = self.inner.connection.call(&Command::new("TIME").repeatable()).await?;
        let [seconds, micros] = reply.list() else { return Err(malformed()) };
        let number = |it: &Reply| it.int().and_then(|it| u64::try_from(it).ok());
        let (seconds, micros) = number(seconds).zip(number(micros)).ok_or_else(malformed)?;
        Ok(StoreTime { micros: seconds.saturating_mul(1_000_000).saturating_add(micros) })
    }

    async fn get(&self, keys: &[CacheKey]) -> Result<Vec<Fetched>> {
        let mut parts: BTreeMap<u16, Vec<_>> = BTreeMap::new();
        for (position, key) in keys.iter().enumerate() {
            parts.entry(self.inner.places.shard(key)).or_default().push((position, key));
        }
        let parts = parts.into_iter().map(|(shard, keys)| self.inner.get_in(shard, keys));
        let mut answers: Vec<_> = try_join_all(parts).await?.into_iter().flatten().collect();
        answers.sort_by_key(|it| it.0);
        Ok(answers.into_iter().map(|it| it.1).collect())
    }

    async fn set(&self, entry: &NewEntry<'_>) -> Result<SetOutcome> {
        let limit = self.inner.config.payload_size_max_bytes;
        if entry.payload.len() > limit {
            let message = format!(
                "a payload of {} bytes is more than `payload_size_max_bytes`, which is {limit}",
                entry.payload.len()
            );
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        let places = &self.inner.places;
        let shard = places.shard(entry.key);
        let scopes = [Scope::Key(entry.key.clone())];
        let is_replaced = entry.announce == Announce::Replaced;
        let is_announced_here = is_replaced && shard == FIRST;
        let [incarnation, number, time] = entry.since.map_or_else(Default::default, mark_text);
        let arguments = [
            entry.key.namespace().as_str().to_owned(),
            member(entry.key),
            incarnation,
            number,
            time,
            entry.fence.map_or_else(String::new, |it| it.0.to_string()),
            entry.tags.iter().map(ToString::to_string).collect(),
            entry.fresh_ms.to_string(),
            entry.keep_ms.to_string(),
            if is_replaced { "1" } else { "0" }.to_owned(),
            if is_announced_here { scope::write(&scopes) } else { String::new() },
            entry.origin.to_string(),
        ];
        let mut arguments: Vec<_> = arguments.iter().map(String::as_bytes).collect();
        arguments.push(entry.payload);
        let keys = [places.entry(entry.key), places.lease(entry.key)];
        let reply = self.inner.run(shard, |it| &it.set, &keys, &arguments).await?;
        let outcome = match reply.list() {
            [word, time] if word.text() == Some("stored") => SetOutcome::Stored {
                at: StoreTime { micros: entry::micros(time).ok_or_else(malformed)? },
            },
            [word] if word.text() == Some("invalidated") => SetOutcome::Invalidated,
            [word] if word.text() == Some("fenced") => SetOutcome::Fenced,
            _ => return Err(malformed()),
        };
        if is_replaced && !is_announced_here && matches!(outcome, SetOutcome::Stored { .. }) {
            self.inner.invalidate_in(FIRST, &scopes, Some(entry.origin)).await?;
        }
        Ok(outcome)
    }

    async fn invalidate(&self, scopes: &[Scope], origin: NodeId) -> Result<()> {
        let places = &self.inner.places;
        let mut shards = Vec::new();
        for scope in scopes {
            match scope {
                Scope::Key(key) => shards.push(places.shard(key)),
                Scope::Tag(_) | Scope::Namespace(_) | Scope::Everything => {
                    shards.extend(places.shards());
                }
            }
        }
        shards.sort_unstable();
        shards.dedup();
        let others = shards.into_iter().filter(|it| *it != FIRST);
        try_join_all(others.map(|it| self.inner.invalidate_in(it, scopes, None))).await?;
        // Announced last, so that who hears of it finds it done everywhere.
        self.inner.invalidate_in(FIRST, scopes, Some(origin)).await
    }

    async fn claim(&self, request: &ClaimRequest<'_>) -> Result<Claim> {
        let places = &self.inner.places;
        let keys = [places.entry(request.key), places.lease(request.key)];
        let arguments = [
            request.key.namespace().as_str().to_owned(),
            request.holder.to_string(),
            request.lease_ms.to_string(),
            request.replacing.map_or_else(String::new, |it| it.micros.to_string()),
        ];
        let arguments: Vec<_> = arguments.iter().map(String::as_bytes).collect();
        let shard = places.shard(request.key);
        let reply = self.inner.run(shard, |it| &it.claim, &keys, &arguments).await?;
        claim_of(&reply, request).ok_or_else(malformed)
    }

    async fn renew(&self, lease: &Lease, lease_ms: u64) -> Result<bool> {
        let keys = [self.inner.places.lease(&lease.key)];
        let (fence, lease_ms) = (lease.fence.0.to_string(), lease_ms.to_string());
        let arguments = [fence.as_bytes(), lease_ms.as_bytes()];
        let shard = self.inner.places.shard(&lease.key);
        let reply = self.inner.run(shard, |it| &it.renew, &keys, &arguments).await?;
        Ok(reply.int() == Some(1))
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        let keys = [self.inner.places.lease(&lease.key)];
        let fence = lease.fence.0.to_string();
        let shard = self.inner.places.shard(&lease.key);
        self.inner.run(shard, |it| &it.release, &keys, &[fence.as_bytes()]).await.map(|_| ())
    }

    fn feed(&self, _node: NodeId) -> Box<dyn InvalidationFeed> {
        let (feed, task) = RedisFeed::start(&self.inner);
        let mut feeds = self.inner.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.retain(|it| !it.is_finished());
        feeds.push(task);
        Box::new(feed)
    }

    async fn close(&self) {
        self.inner.is_closed.store(true, Ordering::Release);
        let feeds =
            std::mem::take(&mut *self.inner.feeds.lock().unwrap_or_else(PoisonError::into_inner));
        feeds.iter().for_each(AbortHandle::abort);
    }
}

/// Reads the answer to a claim.
fn claim_of(reply: &Reply, request: &ClaimRequest<'_>) -> Option<Claim> {
    let (word, rest) = reply.list().split_first()?;
    match (word.text()?, rest) {
        ("present", [raw, time]) => {
            entry::parse(raw.bytes()?.to_vec(), entry::micros(time)?).map(Claim::Present)
        }
        ("held", [remaining]) => Some(Claim::Held { remaining_ms: entry::micros(remaining)? }),
        ("granted", [fence, incarnation, number, time]) => Some(Claim::Granted(Lease {
            key: request.key.clone(),
            holder: request.holder,
            fence: Fence(entry::micros(fence)?),
            mark: entry::mark(incarnation, number, time)?,
        })),
        _ => None,
    }
}

/// How a mark is handed to a script.
fn mark_text(mark: ReadMark) -> [String; 3] {
    let [incarnation, number, time, _] = mark.0;
    [format!("{incarnation:016x}"), number.to_string(), time.to_string()]
}

/// How a key is called among the tombstones: by half of its digest, which is enough to tell keys apart.
fn member(key: &CacheKey) -> String {
    let half = key.digest().first_chunk().copied().unwrap_or_default();
    format!("{:032x}", u128::from_be_bytes(half))
}

/// The name of an incarnation, in case there is none.
fn incarnation() -> Result<String> {
    let number = getrandom::u64().map_err(|it| {
        Error::new(ErrorKind::Unavailable, "the operating system gives no random number")
            .with_source(it)
    })?;
    Ok(format!("{number:016x}"))
}

fn malformed() -> Error {
    Error::new(ErrorKind::Unavailable, "redis answers a script of the cache with something else")
}
