//! The servers of one database, and who of them gets a call.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::clock::{Clock, within};
use crate::database::postgres::PostgresConfig;
use crate::database::replicas::choice::{Candidate, choose};
use crate::database::replicas::classifier::Classifier;
use crate::database::replicas::config::{ReplicasConfig, invalid};
use crate::database::replicas::member::{Member, Routed};
use crate::database::replicas::monitor::Monitor;
use crate::database::replicas::topology::{Fit, Need, Topology};
use crate::database::{DatabaseManager, Statement};
use crate::error::{Error, ErrorKind, Result};
use crate::resilience::CircuitBreaker;
use crate::resilience::random::Random;
use crate::secret::Secret;
use crate::source::Source;

/// More servers than this are a mistake.
const MEMBERS_MAX: usize = 64;

/// The servers of one database.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) config: ReplicasConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) members: Vec<Arc<Member>>,
    pub(crate) classifier: Classifier,
    /// The connections that may read from the primary.
    pub(crate) primary_reads: Arc<Semaphore>,
    acquire_timeout: Duration,
    /// How long every server is given to answer before the first call.
    pub(crate) connect_timeout: Duration,
    /// Whether the servers are known to be of one system.
    pub(crate) is_one: AtomicBool,
    topology: Mutex<Topology>,
    /// Tells that the topology may have changed.
    changes: watch::Sender<()>,
    random: Random,
    monitor: Monitor,
    is_closed: AtomicBool,
}

/// Where a read may go.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Way {
    pub(crate) need: Need,
    /// Whether only the primary will do.
    pub(crate) primary_only: bool,
    /// The replicas that have failed, a bit for each.
    pub(crate) failed: u64,
}

impl Cluster {
    /// The servers of `server.url` and of `config.urls`. Nothing is connected yet.
    pub(crate) fn new(
        server: &PostgresConfig,
        config: ReplicasConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        config.validate()?;
        let primary_readers = config.primary_readers.min(server.readers);
        let config = ReplicasConfig { primary_readers, ..config };
        let first = std::iter::once(server.clone());
        let others = config.urls.iter().map(|url| at(server, url));
        let member = |it| Ok(Arc::new(Member::new(&it, &config, Arc::clone(&clock))?));
        let members = first.chain(others).map(member).collect::<Result<Vec<_>>>()?;
        let names: HashSet<_> = members.iter().map(|it| it.database.name()).collect();
        if names.len() < members.len() {
            return Err(invalid("a server is named twice"));
        }
        if members.len() > MEMBERS_MAX {
            return Err(invalid(&format!("there are more than {MEMBERS_MAX} servers")));
        }
        Ok(Self {
            primary_reads: Arc::new(Semaphore::new(primary_readers)),
            acquire_timeout: server.acquire_timeout(),
            connect_timeout: server.connect_timeout(),
            is_one: AtomicBool::new(false),
            topology: Mutex::new(Topology::new(members.len(), config.limits())),
            changes: watch::Sender::default(),
            random: Random::unpredictable(),
            classifier: Classifier::default(),
            monitor: Monitor::default(),
            is_closed: AtomicBool::new(false),
            members,
            config,
            clock,
        })
    }

    /// How messages name the database: by its first server.
    pub(crate) fn name(&self) -> &str {
        self.members.first().map_or("", |it| it.database.name())
    }

    /// Sees to it that the servers are asked for their places, as long as the cluster is there.
    ///
    /// # Errors
    ///
    /// `Unavailable` once it is closed.
    pub(crate) fn check_open(self: &Arc<Self>) -> Result<()> {
        if self.is_closed() {
            return Err(self.closed());
        }
        self.monitor.start(self);
        Ok(())
    }

    /// Whether all work has ended. Who waits is told by a change.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    fn closed(&self) -> Error {
        let message = format!("cannot use `{}`: the manager is closed", self.name());
        Error::new(ErrorKind::Unavailable, message)
    }

    /// Ends all work.
    pub(crate) async fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.monitor.stop();
        self.primary_reads.close();
        self.changes.send_replace(());
        let all = self.members.iter().map(|it| it.database.close());
        join_all(all).await;
    }

    /// What is known of the servers. Never held across a wait.
    pub(crate) fn topology(&self) -> MutexGuard<'_, Topology> {
        self.topology.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells all who wait that the topology may have changed.
    pub(crate) fn changed(&self) {
        self.changes.send_replace(());
    }

    /// Waits until `look` finds something, no longer than `span`.
    pub(crate) async fn wait<T>(
        &self,
        span: Duration,
        look: impl FnMut(&Topology) -> Option<T>,
    ) -> Option<T> {
        within(&*self.clock, span, self.watch(look)).await
    }

    /// Waits until `look` finds something.
    pub(crate) async fn watch<T>(&self, mut look: impl FnMut(&Topology) -> Option<T>) -> T {
        let mut changes = self.changes.subscribe();
        loop {
            if let Some(found) = look(&self.topology()) {
                return found;
            }
            // The sender lives as long as this does.
            drop(changes.changed().await);
        }
    }

    /// Whether a statement must go to the primary.
    pub(crate) fn needs_primary(&self, statement: &Statement) -> bool {
        !self.classifier.only_reads(statement)
    }

    /// Chooses who answers a read, and waits for it if that must be.
    pub(crate) async fn route(self: &Arc<Self>, way: &Way) -> Result<Routed> {
        self.check_open()?;
        if let Some(routed) = self.replica(way, false) {
            return Ok(routed);
        }
        if self.may_catch_up(way)
            && let Some(routed) = self.caught_up(way).await
        {
            return Ok(routed);
        }
        self.primary_reader(way).await
    }

    /// A replica that suits a read now: the better of two. Those without a free connection only if
    /// `or_full`, since the primary may have one.
    pub(crate) fn replica(&self, way: &Way, or_full: bool) -> Option<Routed> {
        if way.primary_only {
            return None;
        }
        let mut candidates = self.candidates(way);
        candidates.retain(|it| or_full || !it.is_full);
        while let Some(number) = choose(&candidates, &self.random) {
            let member = self.members.get(number)?;
            // Half open, only so many may try.
            if let Ok(permit) = member.breaker.try_acquire() {
                let grant = Some(permit.into_grant());
                return Some(Routed::new(Arc::clone(member), number, grant, None));
            }
            candidates.retain(|it| it.member != number);
        }
        None
    }

    fn candidates(&self, way: &Way) -> Vec<Candidate> {
        let now = self.clock.now();
        let topology = self.topology();
        let candidate = |(number, member, share): (usize, &Arc<Member>, f64)| {
            let (weight, is_full) = (member.load.weight(now), member.database.is_full());
            Candidate { member: number, weight, share, is_full }
        };
        self.suiting((&topology, now), way).map(candidate).collect()
    }

    /// The replicas that suit a read, each with its share.
    fn suiting<'a>(
        &'a self,
        (topology, now): (&'a Topology, Instant),
        way: &'a Way,
    ) -> impl Iterator<Item = (usize, &'a Arc<Member>, f64)> {
        let members = self.members.iter().enumerate();
        members.filter_map(move |(number, member)| {
            let is_out = way.primary_only || way.failed >> number & 1 == 1;
            match topology.fit(number, &way.need, now) {
                Fit::Fits(share) if !is_out && member.breaker.check().is_ok() => {
                    Some((number, member, share))
                }
                _ => None,
            }
        })
    }

    /// Whether a replica is so little behind what a read needs that it is worth waiting for.
    fn may_catch_up(&self, way: &Way) -> bool {
        let now = self.clock.now();
        let near = self.config.catch_up() + self.config.poll_interval() * 2;
        let topology = self.topology();
        let is_near = |number: usize| {
            topology.fit(number, &way.need, now) == Fit::Behind && topology.age(number, now) <= near
        };
        let is_behind = (0..self.members.len()).any(is_near);
        !way.primary_only && self.config.catch_up_ms > 0 && is_behind
    }

    /// A replica that has caught up within the time for that.
    async fn caught_up(&self, way: &Way) -> Option<Routed> {
        let near = |topology: &Topology| {
            let now = self.clock.now();
            if self.suiting((topology, now), way).next().is_some() {
                return Some(());
            }
            let is_behind = |it: &usize| topology.fit(*it, &way.need, now) == Fit::Behind;
            let behind = (0..self.members.len()).filter(is_behind);
            self.poke(behind.fold(0, |all, it| all | 1 << it));
            None
        };
        self.wait(self.config.catch_up(), near).await?;
        self.replica(way, false)
    }

    /// Asks servers for their places at once, a bit for each.
    pub(crate) fn poke(&self, members: u64) {
        for (number, member) in self.members.iter().enumerate() {
            if members >> number & 1 == 1 {
                member.poke.notify_one();
            }
        }
    }

    /// The primary, for a read; or a replica that has come to suit it meanwhile. Where there are replicas and only
    /// their connections are taken, the primary helps as far as it has free ones.
    async fn primary_reader(self: &Arc<Self>, way: &Way) -> Result<Routed> {
        let has = |it: &Topology| {
            it.primary_has(&way.need).then(|| it.primary()).flatten().map(|(number, _)| number)
        };
        let at_once = has(&self.topology());
        if let Some(number) = at_once
            && let Ok(place) = Arc::clone(&self.primary_reads).try_acquire_owned()
        {
            return self.on_primary(number, place);
        }
        if let Some(routed) = self.replica(way, true) {
            return Ok(routed);
        }
        let anyone = Way { failed: 0, ..*way };
        let deadline = self.clock.now() + self.config.failover();
        let suits = |it: &Topology| {
            let now = self.clock.now();
            let suits_now =
                || self.is_closed() || self.suiting((it, now), &anyone).next().is_some();
            has(it).map(Some).or_else(|| suits_now().then_some(None))
        };
        loop {
            self.check_open()?;
            let left = deadline.saturating_duration_since(self.clock.now());
            match self.wait(left, suits).await {
                Some(Some(number)) => return self.place_or_replica(number, way).await,
                Some(None) => {}
                None => return Err(self.nobody("read from")),
            }
            if let Some(routed) = self.replica(&anyone, true) {
                return Ok(routed);
            }
            // Others are trying whether it is well again.
            self.clock.sleep(self.config.poll_interval()).await;
        }
    }

    /// A place on the primary, or a replica that has caught up before there is one.
    async fn place_or_replica(&self, number: usize, way: &Way) -> Result<Routed> {
        let place = Arc::clone(&self.primary_reads).acquire_owned();
        let either = async {
            tokio::select! {
                biased;
                place = place => self.on_primary(number, place.map_err(|_| self.closed())?),
                routed = self.late_replica(way) => Ok(routed),
            }
        };
        let found = within(&*self.clock, self.acquire_timeout, either).await;
        found.unwrap_or_else(|| Err(self.no_place()))
    }

    /// A replica, as soon as one suits.
    async fn late_replica(&self, way: &Way) -> Routed {
        loop {
            let suits = |it: &Topology| self.suiting((it, self.clock.now()), way).next().is_some();
            self.watch(|it| suits(it).then_some(())).await;
            if let Some(routed) = self.replica(way, true) {
                return routed;
            }
            // Others are trying whether it is well again.
            self.clock.sleep(self.config.poll_interval()).await;
        }
    }

    fn on_primary(&self, number: usize, place: OwnedSemaphorePermit) -> Result<Routed> {
        let member = self.members.get(number).ok_or_else(|| self.nobody("read from"))?;
        Ok(Routed::new(Arc::clone(member), number, None, Some(place)))
    }

    fn no_place(&self) -> Error {
        let (name, size) = (self.name(), self.config.primary_readers);
        let millis = self.acquire_timeout.as_millis();
        let message = format!(
            "cannot read from `{name}`: no replica will do, and none of {size} places on the primary was free for {millis} ms"
        );
        Error::new(ErrorKind::Timeout, message)
    }

    /// An error of one server, with the name of the database where that is another.
    pub(crate) fn named(&self, error: Error, routed: &Routed) -> Error {
        let (name, server) = (self.name(), routed.member.database.name());
        if name == server {
            return error;
        }
        let message = format!("{}; `{server}` is a server of `{name}`", error.message());
        Error::new(error.kind(), message)
    }

    /// That no server will do, and why the first of those that do not answer does not.
    pub(crate) fn nobody(&self, doing: &str) -> Error {
        let name = self.name();
        let reason = self.members.iter().find_map(|it| it.failure());
        let (kind, reason) = match reason {
            Some(it) => (it.kind(), format!("no server will do: {}", it.message())),
            None => (ErrorKind::Unavailable, "no server will do".to_owned()),
        };
        Error::new(kind, format!("cannot {doing} `{name}`: {reason}"))
    }
}

/// How another server is reached: as the first, with its own password if its URL has one.
fn at(first: &PostgresConfig, url: &Secret) -> PostgresConfig {
    let (_, rest) = url.expose().split_once("://").unwrap_or_default();
    let has_password = rest.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    let password = first.password.clone().filter(|_| !has_password);
    PostgresConfig { url: url.clone(), password, ..first.clone() }
}
