//! The store that nodes share, called so that it can be slow or gone: each call has a deadline and goes
//! through a breaker, and what it says about a key that it has not been told is invalid, or may have lost, does not
//! count.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::cache::counters::Counters;
use crate::cache::envelope::{Envelope, Opened};
use crate::cache::key::{CacheKey, Scope, Tag};
use crate::cache::local::lifetime::{Lifetime, millis};
use crate::cache::pending::{Pending, Told};
use crate::cache::shared::{
    Announce, Claim, ClaimRequest, Fence, Fetched, Lease, NewEntry, NodeId, ReadMark, SetOutcome,
    SharedEntry, SharedStore, StoreTime,
};
use crate::cache::tiered::TieredConfig;
use crate::cache::value::{AnyValue, Codec, Lookup};
use crate::clock::{Clock, within};
use crate::error::{ErrorKind, Result};
use crate::resilience::CircuitBreaker;

/// How long repeating what the store could not be told may take.
const REPLAY_DEADLINE: Duration = Duration::from_secs(1);
/// How many invalidations are repeated in one call.
const REPLAY_SCOPES_MAX: usize = 1000;

#[derive(Debug)]
pub(crate) struct Second {
    pub(crate) store: Arc<dyn SharedStore>,
    pub(crate) node: NodeId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) breaker: Arc<dyn CircuitBreaker>,
    pub(crate) envelope: Envelope,
    pub(crate) pending: Pending,
    pub(crate) counters: Arc<Counters>,
    pub(crate) config: TieredConfig,
    /// Whether invalidations are heard.
    pub(crate) connected: AtomicBool,
    /// What listens and what replays.
    pub(crate) tasks: OnceLock<[AbortHandle; 2]>,
}

/// A value for the store.
#[derive(Debug)]
pub(crate) struct Filling<'a> {
    pub(crate) key: &'a CacheKey,
    pub(crate) codec: &'static Codec,
    pub(crate) value: Option<&'a AnyValue>,
    pub(crate) tags: &'a [Tag],
    pub(crate) life: Lifetime,
    pub(crate) since: Option<ReadMark>,
    pub(crate) fence: Option<Fence>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Filled {
    Stored(StoreTime),
    /// It is out of date, and may not be kept anywhere.
    Refused,
    /// The store does not have it, or that is not known.
    Not,
}

impl Second {
    pub(crate) fn node(&self) -> NodeId {
        self.node
    }

    pub(crate) fn lease_ms(&self) -> u64 {
        self.config.lease_ms
    }

    pub(crate) fn end_tasks(&self) {
        self.tasks.get().into_iter().flatten().for_each(AbortHandle::abort);
        self.connected.store(false, Ordering::Release);
    }

    /// One answer for each key, or none if the store gives none.
    pub(crate) async fn get(&self, keys: &[CacheKey]) -> Option<Vec<Fetched>> {
        let fetched = self.call(self.store.get(keys)).await?;
        (fetched.len() == keys.len()).then_some(fetched)
    }

    pub(crate) async fn get_one(&self, key: &CacheKey) -> Option<Fetched> {
        self.get(std::slice::from_ref(key)).await?.pop()
    }

    pub(crate) async fn claim(&self, request: &ClaimRequest<'_>) -> Option<Claim> {
        self.call(self.store.claim(request)).await
    }

    pub(crate) async fn release(&self, lease: &Lease) {
        // It ends by itself if this fails.
        self.call(self.store.release(lease)).await;
    }

    /// Has others leave the key alone for `rest_ms`, as far as they have an old value.
    pub(crate) async fn rest(&self, lease: &Lease, rest_ms: u64) {
        if rest_ms > self.lease_ms() {
            self.call(self.store.renew(lease, rest_ms)).await;
        } else {
            self.release(lease).await;
        }
    }

    /// Awaits `work`, and renews the lease meanwhile.
    pub(crate) async fn while_renewing<T>(
        &self,
        lease: &Lease,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = pin!(work);
        tokio::select! {
            biased;
            it = &mut work => return it,
            () = self.renew(lease) => {}
        }
        work.await
    }

    /// Renews a lease until another has it; what is computed under it is then refused by its fence.
    async fn renew(&self, lease: &Lease) {
        let mut is_ours = true;
        while is_ours {
            self.clock.sleep(Duration::from_millis(self.config.lease_renew_ms)).await;
            let renewed = self.call(self.store.renew(lease, self.config.lease_ms)).await;
            is_ours = renewed != Some(false);
        }
    }

    /// Puts a computed value into the store. One without a mark is not shared.
    pub(crate) async fn fill(&self, filling: &Filling<'_>) -> Filled {
        if filling.since.is_none() {
            return Filled::Not;
        }
        self.put(filling, Announce::Filled).await
    }

    /// Puts a value into the store.
    pub(crate) async fn put(&self, filling: &Filling<'_>, announce: Announce) -> Filled {
        // Before the key that writes: if that is revoked meanwhile, the store refuses what it wrote.
        let mut tags = Cow::Borrowed(filling.tags);
        if let Some(tag) = self.envelope.tag() {
            tags.to_mut().push(tag);
        }
        let Some(payload) = self.seal(filling) else { return Filled::Not };
        let entry = NewEntry {
            key: filling.key,
            payload: &payload,
            tags: &tags,
            fresh_ms: millis(filling.life.fresh),
            keep_ms: millis(filling.life.keep),
            since: filling.since,
            fence: filling.fence,
            announce,
            origin: self.node,
        };
        let begun = self.clock.now();
        match self.call(self.store.set(&entry)).await {
            Some(SetOutcome::Stored { at }) => {
                if announce == Announce::Replaced {
                    // If it is lost, others must still hear that what they have is replaced.
                    let told = Told { begun, ended: self.clock.now() };
                    self.pending.told(&[Scope::Key(filling.key.clone())], told);
                }
                self.counters.shared.sets.increment();
                Filled::Stored(at)
            }
            Some(SetOutcome::Invalidated) => {
                self.counters.refused_invalidated.increment();
                Filled::Refused
            }
            Some(SetOutcome::Fenced) => {
                self.counters.refused_fenced.increment();
                Filled::Refused
            }
            None => Filled::Not,
        }
    }

    /// Tells the store what is invalid. False if it could not be told and will be later.
    pub(crate) async fn invalidate(&self, scopes: &[Scope]) -> bool {
        // Noted first: whoever drops this future leaves the rest to the replay.
        let number = self.pending.add(scopes, &self.counters.overflowed);
        let begun = self.clock.now();
        let is_told = self.call(self.store.invalidate(scopes, self.node)).await.is_some();
        if is_told {
            self.pending.done(scopes, number, Told { begun, ended: self.clock.now() });
        }
        is_told
    }

    /// Tells the store some of what it has not been told, and returns what that was; none if it still
    /// cannot be told.
    pub(crate) async fn replay(&self) -> Option<Vec<Scope>> {
        let (scopes, number) = self.pending.batch(REPLAY_SCOPES_MAX);
        if scopes.is_empty() {
            return Some(scopes);
        }
        let begun = self.clock.now();
        let call = self.store.invalidate(&scopes, self.node);
        within(&*self.clock, REPLAY_DEADLINE, call).await?.ok()?;
        self.pending.done(&scopes, number, Told { begun, ended: self.clock.now() });
        Some(scopes)
    }

    /// Tells the store all that it has not been told, as far as it can be.
    pub(crate) async fn replay_all(&self) {
        while self.replay().await.is_some_and(|it| !it.is_empty()) {}
    }

    /// By what an entry can be invalidated: its tags, and that of its key, whether the entry has it or not.
    pub(crate) fn tags_of<'a>(&self, entry: &'a SharedEntry) -> Cow<'a, [Tag]> {
        let mut tags = Cow::Borrowed(entry.tags.as_slice());
        match self.envelope.tag_of(&entry.payload) {
            Some(tag) if !tags.contains(&tag) => tags.to_mut().push(tag),
            _ => {}
        }
        tags
    }

    /// Reads a payload. One that cannot be read is a miss, and is counted.
    pub(crate) fn open(&self, key: &CacheKey, codec: &'static Codec, payload: &[u8]) -> Lookup {
        let counters = &self.counters;
        let counter = match self.envelope.open(key, payload) {
            Opened::Absent => return Lookup::Absent,
            Opened::Value(bytes) => match codec.decode(&bytes) {
                Ok(value) => return Lookup::Value(value),
                Err(_) => &counters.corrupted,
            },
            Opened::Corrupted => &counters.corrupted,
            Opened::FutureVersion => &counters.future_version,
            Opened::WrongKey => &counters.wrong_key,
            Opened::Plain => &counters.plain,
        };
        counter.increment();
        Lookup::Miss
    }

    fn seal(&self, filling: &Filling<'_>) -> Option<Vec<u8>> {
        let encoded = filling.value.map(|it| filling.codec.encode(it)).transpose();
        let sealed = encoded.and_then(|it| self.envelope.seal(filling.key, it.as_deref()));
        match sealed {
            Ok(payload) if payload.len() as u64 <= self.config.payload_bytes_max => Some(payload),
            Ok(_) => {
                self.counters.shared.too_large.increment();
                None
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                self.counters.key_revoked.increment();
                None
            }
            Err(_) => {
                self.counters.unencodable.increment();
                None
            }
        }
    }

    async fn call<T>(&self, call: impl Future<Output = Result<T>>) -> Option<T> {
        let Ok(permit) = self.breaker.try_acquire() else {
            self.counters.shared.skipped.increment();
            return None;
        };
        let deadline = Duration::from_millis(self.config.deadline_ms);
        match within(&*self.clock, deadline, call).await {
            Some(Ok(it)) => {
                permit.success();
                return Some(it);
            }
            Some(Err(error)) if error.kind() == ErrorKind::LimitExceeded => {
                permit.success();
                self.counters.shared.too_large.increment();
                return None;
            }
            Some(Err(error)) if !error.kind().is_transient() => permit.ignore(),
            Some(Err(_)) | None => permit.failure(),
        }
        self.counters.shared.errors.increment();
        None
    }
}
