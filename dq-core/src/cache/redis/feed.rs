//! Hears of invalidations: from the stream that nodes write, and from tracking, what anybody else does
//! to entries.
//!
//! ```text
//!  stream ──XREAD BLOCK: something is there─┐
//!                                           ├─▶ Listener ──▶ bounded queue ──▶ next()
//!  tracking ── entries that were changed ───┘      │
//!                                                  └─ asks the store: renewed, gone, filled?
//! ```
//!
//! The stream is read by a script that also says which incarnation of the store it is of, and how many
//! announcements there were. So a reader knows for sure whether it has them all.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::cache::key::{CacheKey, Scope};
use crate::cache::redis::scope;
use crate::cache::redis::store::Inner;
use crate::cache::shared::{FeedEvent, InvalidationFeed, NodeId};
use crate::error::{Error, ErrorKind, Result};
use crate::redis::{Command, RedisReader, Reply, Tracking, TrackingEvent};

/// How many events wait for a reader that is slow; more wait in Redis.
const QUEUE: usize = 1024;
/// How long Redis waits for an announcement before it says that there is none.
const BLOCK: Duration = Duration::from_millis(100);
/// How many announcements are read at once.
const BATCH: usize = 500;
/// How long to wait before trying again.
const PAUSE: Duration = Duration::from_millis(50);

/// What is invalidated by any node, or changed by others, in Redis.
#[derive(Debug)]
pub(crate) struct RedisFeed {
    events: mpsc::Receiver<FeedEvent>,
    task: AbortHandle,
    is_over: bool,
}

impl RedisFeed {
    /// Starts to listen. Returns what ends it, too.
    pub(crate) fn start(inner: &Arc<Inner>) -> (Self, AbortHandle) {
        let (sender, events) = mpsc::channel(QUEUE);
        let prefixes: Vec<_> = inner.places.shards().map(|it| inner.places.entries(it)).collect();
        let prefixes: Vec<_> = prefixes.iter().map(String::as_bytes).collect();
        let tracking =
            inner.config.track_foreign_writers.then(|| inner.connection.track(&prefixes));
        let listener = Listener {
            inner: Arc::clone(inner),
            sender: Sender { events: sender, is_connected: false, has_missed: true },
            reader: inner.connection.reader(),
            tracking,
            known: None,
            is_told: false,
        };
        let task = tokio::spawn(listener.run()).abort_handle();
        (Self { events, task: task.clone(), is_over: false }, task)
    }
}

impl Drop for RedisFeed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl InvalidationFeed for RedisFeed {
    async fn next(&mut self) -> FeedEvent {
        match self.events.recv().await {
            Some(event) => event,
            None if !self.is_over => {
                self.is_over = true;
                FeedEvent::Disconnected
            }
            None => std::future::pending().await,
        }
    }
}

/// Hands events on, and knows what was missed while there was no connection.
struct Sender {
    events: mpsc::Sender<FeedEvent>,
    is_connected: bool,
    has_missed: bool,
}

impl Sender {
    async fn send(&self, event: FeedEvent) {
        // An error says that nobody listens any more; then this task ends, too.
        self.events.send(event).await.ok();
    }

    /// Something may have been missed.
    async fn missed(&mut self) {
        if self.is_connected {
            self.send(FeedEvent::Everything).await;
        } else {
            self.has_missed = true;
        }
    }

    /// What is announced does not follow what was, if anything was.
    async fn begun_anew(&mut self, was_known: bool) {
        if !self.is_connected {
            self.has_missed = true;
            self.connected().await;
        }
        if was_known {
            self.send(FeedEvent::Lost).await;
        }
    }

    async fn connected(&mut self) {
        if !self.is_connected {
            self.is_connected = true;
            let resumed = !std::mem::take(&mut self.has_missed);
            self.send(FeedEvent::Connected { resumed }).await;
        }
    }

    async fn disconnected(&mut self) {
        if std::mem::take(&mut self.is_connected) {
            self.send(FeedEvent::Disconnected).await;
        }
    }
}

struct Listener {
    inner: Arc<Inner>,
    sender: Sender,
    reader: RedisReader,
    tracking: Option<Tracking>,
    /// The incarnation of the store, and the number of the last announcement that was read.
    known: Option<(String, u64)>,
    /// Whether it was said that Redis is out of reach.
    is_told: bool,
}

impl Listener {
    async fn run(mut self) {
        self.sender.send(FeedEvent::Disconnected).await;
        loop {
            let round = self.round().await;
            self.tell(round.as_ref().err());
            if round.is_err() {
                self.sender.disconnected().await;
                self.inner.connection.clock().sleep(PAUSE).await;
            }
        }
    }

    /// Says once that Redis is out of reach, and once that it is back.
    fn tell(&mut self, error: Option<&Error>) {
        match (error, self.is_told) {
            (Some(error), false) => {
                tracing::warn!(%error, "redis is out of reach; the cache works from memory");
            }
            (None, true) => tracing::info!("redis is back; the cache shares its values again"),
            _ => return,
        }
        self.is_told = error.is_some();
    }

    /// Reads what there is, says so, and waits until there may be more.
    async fn round(&mut self) -> Result<()> {
        let now = self.inner.connection.clock().now();
        // Before anything is asked: who is the master now is known as of then.
        let asked = self.inner.connection.current_as_of();
        let confirmed = match &self.tracking {
            Some(tracking) => tracking.confirmed_at()?,
            None => Some(now),
        };
        let Some(confirmed) = confirmed else {
            self.inner.connection.clock().sleep(PAUSE).await;
            return Ok(());
        };
        while let Some(event) = self.tracking.as_mut().and_then(Tracking::try_next) {
            changed(&self.inner, &mut self.sender, event).await?;
        }
        self.read_announcements().await?;
        if let Some(asked) = asked {
            self.sender.send(FeedEvent::Current { as_of: asked.min(confirmed) }).await;
        }
        self.wait().await
    }

    /// Reads announcements until there are no more.
    async fn read_announcements(&mut self) -> Result<()> {
        loop {
            let (incarnation, last) = self.known.clone().unwrap_or_default();
            let (last, batch) = (last.to_string(), BATCH.to_string());
            let arguments = [incarnation.as_bytes(), last.as_bytes(), batch.as_bytes()];
            let reply = self.inner.run(0, |it| &it.feed, &[], &arguments).await?;
            let news = News::of(reply).ok_or_else(|| {
                Error::new(ErrorKind::Unavailable, "redis tells announcements in another form")
            })?;
            if !news.follows(self.known.as_ref()) {
                self.sender.begun_anew(self.known.is_some()).await;
                self.known = Some((news.incarnation, news.count));
                return Ok(());
            }
            self.sender.connected().await;
            let is_all = news.messages.len() < BATCH;
            for (_, scopes, origin) in &news.messages {
                self.sender.send(announced(scopes, origin)).await;
            }
            let last = news.messages.last().map_or(news.count, |it| it.0);
            self.known = Some((news.incarnation, last));
            if is_all {
                return Ok(());
            }
        }
    }

    /// Waits until the stream grows, but not long. Changes that are heard of meanwhile are handed on.
    async fn wait(&mut self) -> Result<()> {
        let last = self.known.as_ref().map_or(0, |it| it.1);
        let wait = Command::new("XREAD").arg("COUNT").arg("1").arg("BLOCK");
        let wait = wait.arg(BLOCK.as_millis().to_string()).arg("STREAMS");
        let wait = wait.key(self.inner.places.stream()).arg(format!("{last}-0")).repeatable();
        let mut reading = pin!(self.reader.read(&wait, BLOCK));
        let Some(tracking) = &mut self.tracking else {
            return reading.await.map(|_| ());
        };
        loop {
            tokio::select! {
                answer = &mut reading => return answer.map(|_| ()),
                event = tracking.next() => changed(&self.inner, &mut self.sender, event).await?,
            }
        }
    }
}

/// What the stream says.
struct News {
    incarnation: String,
    /// How many announcements there have been.
    count: u64,
    /// Number, scopes, origin.
    messages: Vec<(u64, String, String)>,
}

impl News {
    fn of(reply: Reply) -> Option<Self> {
        let mut words = reply.into_list().into_iter().map(|it| it.text().map(str::to_owned));
        let (incarnation, count) = (words.next()??, words.next()??.parse().ok()?);
        let mut messages = Vec::new();
        while let Some(number) = words.next() {
            messages.push((number?.parse().ok()?, words.next()??, words.next()??));
        }
        Some(Self { incarnation, count, messages })
    }

    /// Whether nothing is missing between what is known and this.
    fn follows(&self, known: Option<&(String, u64)>) -> bool {
        let Some((incarnation, last)) = known else { return false };
        let is_unbroken = self.messages.iter().zip(last + 1..).all(|(it, number)| it.0 == number);
        let end = self.messages.last().map_or(*last, |it| it.0);
        let is_complete = end == self.count || self.messages.len() >= BATCH;
        *incarnation == self.incarnation && is_unbroken && is_complete
    }
}

/// The event that an announcement is.
fn announced(scopes: &str, origin: &str) -> FeedEvent {
    let origin = u128::from_str_radix(origin, 16).ok().map(NodeId);
    match scope::read(scopes) {
        Some(scopes) if !scopes.contains(&Scope::Everything) => {
            FeedEvent::Invalidated { scopes, origin }
        }
        _ => FeedEvent::Everything,
    }
}

/// Hands on what tracking tells, but for renewals, which nobody need hear of.
async fn changed(inner: &Inner, sender: &mut Sender, event: TrackingEvent) -> Result<()> {
    let TrackingEvent::Changed(names) = event else {
        sender.missed().await;
        return Ok(());
    };
    let mut parts: BTreeMap<u16, Vec<CacheKey>> = BTreeMap::new();
    for key in names.iter().filter_map(|it| inner.places.key_of(it)) {
        parts.entry(inner.places.shard(&key)).or_default().push(key);
    }
    for (shard, keys) in parts {
        for keys in keys.chunks(BATCH) {
            if let Err(error) = inspect(inner, sender, shard, keys).await {
                sender.missed().await;
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Asks what has become of entries, and hands on what others must hear of.
async fn inspect(inner: &Inner, sender: &Sender, shard: u16, keys: &[CacheKey]) -> Result<()> {
    let names: Vec<_> = keys.iter().map(|it| inner.places.entry(it)).collect();
    let namespaces: Vec<_> = keys.iter().map(|it| it.namespace().as_str().as_bytes()).collect();
    let reply = inner.run(shard, |it| &it.inspect, &names, &namespaces).await?;
    let mut voids: BTreeMap<Option<u128>, Vec<Scope>> = BTreeMap::new();
    for (key, word) in keys.iter().zip(reply.list()) {
        let word = word.text().unwrap_or("gone");
        if !word.is_empty() {
            let origin = u128::from_str_radix(word, 16).ok();
            voids.entry(origin).or_default().push(Scope::Key(key.clone()));
        }
    }
    for (origin, scopes) in voids {
        sender.send(FeedEvent::Invalidated { scopes, origin: origin.map(NodeId) }).await;
    }
    Ok(())
}
