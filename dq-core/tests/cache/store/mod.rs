//! A store that nodes share, in this process: all that the interface asks for, and whatever can go wrong
//! on the way to it.

mod feed;

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use dq_core::cache::shared::{
    Announce, Claim, ClaimRequest, FeedEvent, Fence, Fetched, InvalidationFeed, Lease, NewEntry,
    NodeId, ReadMark, SetOutcome, SharedEntry, SharedStore, StoreTime,
};
use dq_core::cache::{CacheKey, Namespace, Scope, Tag};
use dq_core::clock::{Clock, TestClock};
use dq_core::{Error, ErrorKind, Result};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::store::feed::TestFeed;

/// The store's clock is not that of the nodes.
const AHEAD_MS: u64 = 7 * 3_600_000;

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// It is refused at once.
    Down,
    /// It never returns.
    Hang,
    /// It takes so many milliseconds before it has an effect.
    SlowBefore(u64),
    /// It takes so many milliseconds after it had its effect.
    SlowAfter(u64),
    /// It has its effect, and fails.
    LostReply,
}

/// One link to the store; every cache under test has its own, with faults of its own.
#[derive(Clone, Debug)]
pub(crate) struct TestStore {
    shared: Arc<Mutex<Shared>>,
    link: Arc<Mutex<Link>>,
    clock: TestClock,
}

#[derive(Debug, Default)]
struct Link {
    fault: Fault,
    calls: HashMap<&'static str, u64>,
    node: Option<NodeId>,
}

#[derive(Debug, Default)]
struct Shared {
    sequence: u64,
    rows: HashMap<CacheKey, Row>,
    keys: HashMap<CacheKey, u64>,
    tags: HashMap<Tag, u64>,
    namespaces: HashMap<Namespace, u64>,
    everything: u64,
    leases: HashMap<CacheKey, Held>,
    fence: u64,
    feeds: HashMap<NodeId, Channel>,
    last_micros: u64,
    /// What was invalidated when, by the clock of the test, and by whom.
    told: Vec<(Duration, Scope, NodeId)>,
}

#[derive(Debug)]
struct Row {
    entry: SharedEntry,
    born_ms: u64,
    sequence: u64,
}

#[derive(Debug)]
struct Held {
    fence: Fence,
    until_ms: u64,
}

#[derive(Debug)]
struct Channel {
    sender: UnboundedSender<FeedEvent>,
    connected: bool,
    /// What happened while it was not connected.
    missed: Vec<FeedEvent>,
}

impl TestStore {
    pub(crate) fn new(clock: &TestClock) -> Self {
        Self { shared: Arc::default(), link: Arc::default(), clock: clock.clone() }
    }

    /// Another link to the same store.
    pub(crate) fn link(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), link: Arc::default(), clock: self.clock.clone() }
    }

    /// Lets every call of this link go wrong from now on.
    pub(crate) fn fault(&self, fault: Fault) {
        self.link.lock().unwrap().fault = fault;
    }

    /// How often `call` was made over this link.
    pub(crate) fn calls(&self, call: &str) -> u64 {
        self.link.lock().unwrap().calls.get(call).copied().unwrap_or(0)
    }

    /// Cuts the feed of this link.
    pub(crate) fn disconnect(&self) {
        let node = self.node();
        let mut shared = self.shared();
        let channel = shared.feeds.get_mut(&node).expect("the cache listens");
        channel.connected = false;
        let _ = channel.sender.send(FeedEvent::Disconnected);
    }

    /// Connects the feed of this link again, and tells what it has missed if `resumed`.
    pub(crate) fn reconnect(&self, resumed: bool) {
        let node = self.node();
        let mut shared = self.shared();
        let channel = shared.feeds.get_mut(&node).expect("the cache listens");
        channel.connected = true;
        let _ = channel.sender.send(FeedEvent::Connected { resumed });
        // Twice, and the last first: the interface allows it.
        let missed = std::mem::take(&mut channel.missed);
        for event in missed.iter().rev().chain(&missed).filter(|_| resumed) {
            let _ = channel.sender.send(event.clone());
        }
    }

    /// Loses all invalidations, as a server does that is replaced by one which they had not reached.
    pub(crate) fn lose_invalidations(&self) {
        let mut shared = self.shared();
        shared.keys.clear();
        shared.tags.clear();
        shared.namespaces.clear();
        shared.everything = 0;
        for channel in shared.feeds.values_mut() {
            let _ = channel.sender.send(FeedEvent::Lost);
        }
    }

    /// Changes what is stored under `key`.
    pub(crate) fn tamper(&self, key: &CacheKey, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.shared().rows.get_mut(key).expect("it is stored").entry.payload);
    }

    /// What is stored under `key`.
    pub(crate) fn payload(&self, key: &CacheKey) -> Option<Vec<u8>> {
        self.shared().rows.get(key).map(|it| it.entry.payload.clone())
    }

    /// Puts the payload of one key under another.
    pub(crate) fn move_payload(&self, from: &CacheKey, to: &CacheKey) {
        let payload = self.payload(from).expect("it is stored");
        self.tamper(to, |it| *it = payload);
    }

    /// When, at `since` or later, another node than that of this link first told the store that `key` is
    /// invalid. What a node tells itself does not come back to it by its feed.
    pub(crate) fn told_by_others(&self, key: &CacheKey, since: Duration) -> Option<Duration> {
        let covers = |it: &Scope| match it {
            Scope::Key(it) => it == key,
            other => *other == Scope::Everything,
        };
        let (node, shared) = (self.node(), self.shared());
        let mut told = shared.told.iter().filter(|it| it.0 >= since && it.2 != node);
        told.find(|it| covers(&it.1)).map(|it| it.0)
    }

    fn node(&self) -> NodeId {
        self.link.lock().unwrap().node.expect("a cache listens over this link")
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }

    fn now_ms(&self) -> u64 {
        AHEAD_MS + self.clock.elapsed().as_millis() as u64
    }

    fn mark(&self, shared: &Shared) -> ReadMark {
        ReadMark([shared.sequence, self.now_ms(), 0, 0])
    }

    /// One call: what goes wrong before, the effect, what goes wrong after.
    async fn call<T>(&self, name: &'static str, effect: impl FnOnce() -> T) -> Result<T> {
        let fault = {
            let mut link = self.link.lock().unwrap();
            *link.calls.entry(name).or_default() += 1;
            link.fault
        };
        match fault {
            Fault::Down => return Err(Error::new(ErrorKind::Unavailable, "the store is down")),
            Fault::Hang => pending().await,
            Fault::SlowBefore(millis) => self.clock.sleep(Duration::from_millis(millis)).await,
            _ => {}
        }
        let result = effect();
        match fault {
            Fault::SlowAfter(millis) => self.clock.sleep(Duration::from_millis(millis)).await,
            Fault::LostReply => {
                return Err(Error::new(ErrorKind::Unavailable, "the reply is lost"));
            }
            _ => {}
        }
        Ok(result)
    }

    fn entry(&self, shared: &Shared, key: &CacheKey) -> Option<SharedEntry> {
        let row = shared.rows.get(key)?;
        let age_ms = self.now_ms().saturating_sub(row.born_ms);
        let is_kept =
            shared.allows(key, &row.entry.tags, row.sequence) && age_ms < row.entry.keep_ms;
        is_kept.then(|| SharedEntry { age_ms, ..row.entry.clone() })
    }

    fn set_now(&self, entry: &NewEntry<'_>) -> SetOutcome {
        let mut shared = self.shared();
        if let Some(fence) = entry.fence {
            let is_latest = shared.leases.get(entry.key).is_some_and(|it| it.fence == fence);
            if !is_latest {
                return SetOutcome::Fenced;
            }
        }
        let ReadMark([sequence, born_ms, ..]) = entry.since.unwrap_or_else(|| self.mark(&shared));
        if !shared.allows(entry.key, entry.tags, sequence) {
            return SetOutcome::Invalidated;
        }
        if entry.announce == Announce::Replaced {
            shared.invalidate(&[Scope::Key(entry.key.clone())], entry.origin);
        }
        let micros = (self.now_ms() * 1000).max(shared.last_micros + 1);
        shared.last_micros = micros;
        let stored_at = StoreTime { micros };
        let row = Row {
            entry: SharedEntry {
                payload: entry.payload.to_vec(),
                tags: entry.tags.to_vec(),
                stored_at,
                age_ms: 0,
                fresh_ms: entry.fresh_ms,
                keep_ms: entry.keep_ms,
            },
            born_ms,
            sequence: shared.sequence,
        };
        shared.rows.insert(entry.key.clone(), row);
        SetOutcome::Stored { at: stored_at }
    }

    fn claim_now(&self, request: &ClaimRequest<'_>) -> Claim {
        let mut shared = self.shared();
        if let Some(entry) = self.entry(&shared, request.key) {
            let is_newer = request.replacing.is_none_or(|it| entry.stored_at > it);
            if is_newer && entry.age_ms < entry.fresh_ms {
                return Claim::Present(entry);
            }
        }
        let now = self.now_ms();
        if let Some(held) = shared.leases.get(request.key).filter(|it| it.until_ms > now) {
            return Claim::Held { remaining_ms: held.until_ms - now };
        }
        shared.fence += 1;
        let fence = Fence(shared.fence);
        let held = Held { fence, until_ms: now + request.lease_ms };
        shared.leases.insert(request.key.clone(), held);
        let mark = self.mark(&shared);
        Claim::Granted(Lease { key: request.key.clone(), holder: request.holder, fence, mark })
    }

    fn renew_now(&self, lease: &Lease, lease_ms: u64) -> bool {
        let now = self.now_ms();
        let mut shared = self.shared();
        let held = shared.leases.get_mut(&lease.key);
        let held = held.filter(|it| it.fence == lease.fence && it.until_ms > now);
        held.map(|it| it.until_ms = now + lease_ms).is_some()
    }

    fn release_now(&self, lease: &Lease) {
        let mut shared = self.shared();
        if shared.leases.get(&lease.key).is_some_and(|it| it.fence == lease.fence) {
            shared.leases.remove(&lease.key);
        }
    }
}

impl Shared {
    /// Whether nothing of that was invalidated after `sequence`.
    fn allows(&self, key: &CacheKey, tags: &[Tag], sequence: u64) -> bool {
        let key_at = self.keys.get(key);
        let marks = key_at.into_iter().chain(self.namespaces.get(key.namespace()));
        let mut marks = marks.chain(tags.iter().filter_map(|it| self.tags.get(it)));
        self.everything <= sequence && marks.all(|it| *it <= sequence)
    }

    fn invalidate(&mut self, scopes: &[Scope], origin: NodeId) {
        self.sequence += 1;
        for scope in scopes {
            match scope {
                Scope::Key(key) => drop(self.keys.insert(key.clone(), self.sequence)),
                Scope::Tag(tag) => drop(self.tags.insert(*tag, self.sequence)),
                Scope::Namespace(it) => drop(self.namespaces.insert(it.clone(), self.sequence)),
                Scope::Everything => self.everything = self.sequence,
            }
        }
        let event = FeedEvent::Invalidated { scopes: scopes.to_vec(), origin: Some(origin) };
        for channel in self.feeds.values_mut() {
            if channel.connected {
                let _ = channel.sender.send(event.clone());
            } else {
                channel.missed.push(event.clone());
            }
        }
    }
}

#[async_trait]
impl SharedStore for TestStore {
    fn name(&self) -> &'static str {
        "test"
    }

    async fn time(&self) -> Result<StoreTime> {
        self.call("time", || StoreTime { micros: self.now_ms() * 1000 }).await
    }

    async fn get(&self, keys: &[CacheKey]) -> Result<Vec<Fetched>> {
        let effect = || {
            let shared = self.shared();
            let mark = self.mark(&shared);
            keys.iter().map(|it| Fetched { entry: self.entry(&shared, it), mark }).collect()
        };
        self.call("get", effect).await
    }

    async fn set(&self, entry: &NewEntry<'_>) -> Result<SetOutcome> {
        self.call("set", || self.set_now(entry)).await
    }

    async fn invalidate(&self, scopes: &[Scope], origin: NodeId) -> Result<()> {
        let effect = || {
            let mut shared = self.shared();
            shared.invalidate(scopes, origin);
            let at = self.clock.elapsed();
            shared.told.extend(scopes.iter().map(|it| (at, it.clone(), origin)));
        };
        self.call("invalidate", effect).await
    }

    async fn claim(&self, request: &ClaimRequest<'_>) -> Result<Claim> {
        self.call("claim", || self.claim_now(request)).await
    }

    async fn renew(&self, lease: &Lease, lease_ms: u64) -> Result<bool> {
        self.call("renew", || self.renew_now(lease, lease_ms)).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.call("release", || self.release_now(lease)).await
    }

    fn feed(&self, node: NodeId) -> Box<dyn InvalidationFeed> {
        let (sender, receiver) = unbounded_channel();
        let _ = sender.send(FeedEvent::Connected { resumed: false });
        self.link.lock().unwrap().node = Some(node);
        let channel = Channel { sender, connected: true, missed: Vec::new() };
        self.shared().feeds.insert(node, channel);
        Box::new(TestFeed { store: self.clone(), node, receiver, was_current: false })
    }

    async fn close(&self) {
        self.fault(Fault::Down);
    }
}
