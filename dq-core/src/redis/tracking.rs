//! Hears of changed keys, whoever changes them: client tracking of RESP3 in broadcasting mode.
//!
//! ```text
//!              ┌─ connection to master 1 ── pushes ─┐
//!  supervisor ─┼─ connection to master 2 ── pushes ─┼─▶ bounded queue ─▶ next()
//!   (topology) └─ connection to master 3 ── pushes ─┘
//! ```
//!
//! A connection that breaks has missed changes, and so has one to a server that only now became the
//! master of some slots: then [`TrackingEvent::Lost`] says that anything may have changed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::{PushInfo, PushKind, Value};
use tokio::sync::{Notify, mpsc};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::error::{Error, ErrorKind, Result};
use crate::redis::command::Command;
use crate::redis::config::RedisMode;
use crate::redis::failure::Failure;
use crate::redis::link::{Link, Opening, within};
use crate::redis::router::Router;
use crate::redis::settings::Address;
use crate::redis::topology::Topology;

/// How many events may wait; beyond it they become one [`TrackingEvent::Lost`].
const QUEUE: usize = 4096;
/// How often each connection shows that it still works.
const PING_INTERVAL: Duration = Duration::from_millis(200);
/// How often the supervisor asks where the masters are.
const TOPOLOGY_INTERVAL: Duration = Duration::from_millis(500);

/// What has happened to the keys.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TrackingEvent {
    /// These keys were changed or removed, or have expired.
    Changed(Vec<Vec<u8>>),
    /// All keys of a master are gone.
    Flushed,
    /// Changes may have been missed: a connection was opened again, a slot has moved, or the events
    /// were not taken fast enough. It is also the first event, when tracking begins.
    Lost,
}

/// Follows the changes of keys. It ends when it is dropped.
#[derive(Debug)]
pub struct Tracking {
    events: mpsc::Receiver<TrackingEvent>,
    shared: Arc<Shared>,
    supervisor: JoinHandle<()>,
}

impl Drop for Tracking {
    fn drop(&mut self) {
        self.supervisor.abort();
    }
}

#[derive(Debug)]
struct Shared {
    sender: mpsc::Sender<TrackingEvent>,
    is_overflown: AtomicBool,
    masters: Mutex<HashMap<Address, Coverage>>,
    /// Why it is not known where the masters are, if it is not.
    unknown: Mutex<Option<(ErrorKind, String)>>,
}

/// How well the changes at one master are known.
#[derive(Clone, Debug)]
enum Coverage {
    /// The first attempt to connect is not over.
    Begun,
    /// All changes up to this moment are in the queue.
    Confirmed(Instant),
    /// There is no connection, because of this.
    Broken(ErrorKind, String),
}

impl Shared {
    fn send(&self, event: TrackingEvent) {
        if self.sender.try_send(event).is_err() {
            self.is_overflown.store(true, Ordering::Release);
        }
    }

    fn note_topology(&self, error: Option<&Error>) {
        let unknown = error.map(|it| (it.kind(), it.message().to_owned()));
        *self.unknown.lock().unwrap_or_else(PoisonError::into_inner) = unknown;
    }

    fn note(&self, address: &Address, coverage: Coverage) {
        let mut masters = self.masters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = masters.get_mut(address) {
            *entry = coverage;
        }
    }
}

impl Tracking {
    pub(crate) fn start(router: Arc<Router>, prefixes: &[&[u8]]) -> Self {
        let (sender, events) = mpsc::channel(QUEUE);
        let masters = Mutex::new(HashMap::new());
        let shared = Arc::new(Shared {
            sender,
            is_overflown: AtomicBool::new(false),
            masters,
            unknown: Mutex::new(None),
        });
        let command = Command::new("CLIENT").arg("TRACKING").arg("ON").arg("BCAST");
        let command = prefixes.iter().fold(command, |it, prefix| it.arg("PREFIX").arg(prefix));
        let supervisor =
            Supervisor { router, shared: Arc::clone(&shared), command: Arc::new(command) };
        Self { events, shared, supervisor: tokio::spawn(supervisor.run()) }
    }

    /// Waits for the next event. It can be dropped and called again without losing one.
    pub async fn next(&mut self) -> TrackingEvent {
        if self.shared.is_overflown.swap(false, Ordering::AcqRel) {
            return TrackingEvent::Lost;
        }
        // This side holds a sender, too, so the queue never closes.
        self.events.recv().await.unwrap_or(TrackingEvent::Lost)
    }

    /// The next event, if there is one already.
    pub fn try_next(&mut self) -> Option<TrackingEvent> {
        if self.shared.is_overflown.swap(false, Ordering::AcqRel) {
            return Some(TrackingEvent::Lost);
        }
        self.events.try_recv().ok()
    }

    /// The moment up to which every change has an event that was, or will be, returned by
    /// [`next`](Self::next). None until all masters are connected for the first time.
    ///
    /// # Errors
    ///
    /// As [`RedisConnection::call`](crate::redis::RedisConnection::call), while there is no connection to
    /// one of the masters.
    pub fn confirmed_at(&self) -> Result<Option<Instant>> {
        let unknown = self.shared.unknown.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((kind, message)) = unknown {
            return Err(Error::new(kind, message));
        }
        let masters = self.shared.masters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut first = None;
        let mut has_begun = masters.is_empty();
        for coverage in masters.values() {
            match coverage {
                Coverage::Begun => has_begun = true,
                Coverage::Confirmed(at) => {
                    first = Some(first.map_or(*at, |it: Instant| it.min(*at)));
                }
                Coverage::Broken(kind, message) => return Err(Error::new(*kind, message.clone())),
            }
        }
        Ok(first.filter(|_| !has_begun))
    }
}

/// Keeps one connection to each master.
struct Supervisor {
    router: Arc<Router>,
    shared: Arc<Shared>,
    command: Arc<Command>,
}

impl Supervisor {
    async fn run(self) {
        let mut known: Option<Arc<Topology>> = None;
        let mut followers = HashMap::new();
        let mut tasks = JoinSet::new();
        loop {
            let topology = self.router.topology().await;
            self.shared.note_topology(topology.as_ref().err());
            if let Ok(topology) = topology {
                self.adopt(topology, &mut known, &mut followers, &mut tasks);
            }
            self.router.clock.sleep(TOPOLOGY_INTERVAL).await;
            if self.router.settings.mode != RedisMode::Single {
                self.router.refresh().await;
            }
        }
    }

    /// Follows the masters of `topology`, if that is news.
    fn adopt(
        &self,
        topology: Arc<Topology>,
        known: &mut Option<Arc<Topology>>,
        followers: &mut HashMap<Address, AbortHandle>,
        tasks: &mut JoinSet<()>,
    ) {
        if known.as_ref() == Some(&topology) {
            return;
        }
        self.follow_masters(&topology, followers, tasks);
        while tasks.try_join_next().is_some() {}
        // At the first time, each connection says it for itself.
        if known.replace(topology).is_some() {
            self.shared.send(TrackingEvent::Lost);
        }
    }

    fn follow_masters(
        &self,
        topology: &Topology,
        followers: &mut HashMap<Address, AbortHandle>,
        tasks: &mut JoinSet<()>,
    ) {
        let masters = topology.masters();
        let mut covered = self.shared.masters.lock().unwrap_or_else(PoisonError::into_inner);
        followers.retain(|address, task| {
            let stays = masters.contains(address);
            if !stays {
                task.abort();
                covered.remove(address);
            }
            stays
        });
        for address in masters {
            if !followers.contains_key(address) {
                covered.insert(address.clone(), Coverage::Begun);
                let follower = Follower {
                    router: Arc::clone(&self.router),
                    shared: Arc::clone(&self.shared),
                    command: Arc::clone(&self.command),
                    address: address.clone(),
                };
                followers.insert(address.clone(), tasks.spawn(follower.run()));
            }
        }
    }
}

/// Follows the changes at one master.
struct Follower {
    router: Arc<Router>,
    shared: Arc<Shared>,
    command: Arc<Command>,
    address: Address,
}

impl Follower {
    async fn run(self) {
        let settings = &self.router.settings;
        let mut pause = settings.reconnect_min;
        loop {
            let begun = self.router.clock.now();
            if let Err(error) = Box::pin(self.follow()).await {
                let broken = Coverage::Broken(error.kind(), error.message().to_owned());
                self.shared.note(&self.address, broken);
                self.router.suspect();
            }
            let lasted = self.router.clock.now().duration_since(begun);
            let doubled = pause.saturating_mul(2).min(settings.reconnect_max);
            pause = if lasted > settings.reconnect_max { settings.reconnect_min } else { doubled };
            self.router.clock.sleep(pause).await;
        }
    }

    /// Connects, and follows until the connection breaks.
    async fn follow(&self) -> Result<()> {
        let broken = Arc::new(Notify::new());
        let (shared, wake) = (Arc::clone(&self.shared), Arc::clone(&broken));
        let mut opening = Opening::new(&self.router.settings, &self.router.clock);
        opening.push = Some(Arc::new(move |push| match push.kind {
            PushKind::Invalidate => shared.send(event(push)),
            PushKind::Disconnection => wake.notify_one(),
            _ => {}
        }));
        let link = opening.open(self.address.clone()).await?;
        let begun = self.router.clock.now();
        self.call(&link, &self.command).await?;
        // Whatever changed before is unknown.
        self.shared.send(TrackingEvent::Lost);
        self.shared.note(&self.address, Coverage::Confirmed(begun));
        let ping = Command::new("PING");
        loop {
            tokio::select! {
                () = self.router.clock.sleep(PING_INTERVAL) => {}
                () = broken.notified() => {}
            }
            // What Redis pushed before it answers is in the queue when the answer is here.
            let asked = self.router.clock.now();
            self.call(&link, &ping).await?;
            self.shared.note(&self.address, Coverage::Confirmed(asked));
        }
    }

    async fn call(&self, link: &Link, command: &Command) -> Result<()> {
        let mut connection = link.connection.clone();
        let answer = async {
            match connection.send_packed_command(&command.packed).await {
                Ok(Value::ServerError(error)) => {
                    Err(Failure::of_server(&error, &self.address, command.name).into_error())
                }
                Ok(_) => Ok(()),
                Err(error) => Err(Failure::of_client(&error, &self.address).into_error()),
            }
        };
        let limit = self.router.settings.command_deadline;
        let what = || format!("redis at `{}` does not answer `{}`", self.address, command.name);
        within(&*self.router.clock, limit, answer, what).await
    }
}

/// What a pushed message says: a list of keys, or nothing, which means all.
fn event(push: PushInfo) -> TrackingEvent {
    match push.data.into_iter().next() {
        Some(Value::Array(keys)) => {
            let bytes = |it| match it {
                Value::BulkString(bytes) => Some(bytes),
                _ => None,
            };
            TrackingEvent::Changed(keys.into_iter().filter_map(bytes).collect())
        }
        _ => TrackingEvent::Flushed,
    }
}
