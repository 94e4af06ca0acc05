//! One PostgreSQL database on a primary and its replicas.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::{Clock, within};
use crate::database::postgres::PostgresConfig;
use crate::database::replicas::cluster::{Cluster, Way};
use crate::database::replicas::config::ReplicasConfig;
use crate::database::replicas::consistency::Consistency;
use crate::database::replicas::elsewhere::is_better_elsewhere;
use crate::database::replicas::member::{Member, Routed};
use crate::database::replicas::pinned::{PinnedRows, PinnedSnapshot};
use crate::database::replicas::session::Session;
use crate::database::replicas::token::CommitToken;
use crate::database::replicas::topology::{Need, Topology};
use crate::database::replicas::transaction::ReplicatedTransaction;
use crate::database::{
    BackupListener, DatabaseManager, Health, HealthStatus, Node, NodeState, QueryResult, RowStream,
    Statement, Statistics, TablePrivileges, Transaction, Unreadable,
};
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Snapshot, Source, Version};
use crate::value::TableSchema;

/// How many servers a read is tried on before its error counts.
const ATTEMPTS_MAX: u32 = 4;

/// One PostgreSQL database on a primary and its replicas. Writes go to the primary, reads to replicas.
///
/// Which server is the primary is found out, and found out anew when it is replaced: see the
/// [module](crate::database::replicas). A statement that is not known to only read goes to the primary. All reads are
/// made in transactions that only read, and a replica could not write if it wanted to.
///
/// Each handle has a history of its own: its reads see what it has written, and what the [tokens](CommitToken) stand
/// for that it was given. [`Clone`] gives another handle with the same history; [`handle`](Self::handle) one that
/// begins anew. Handles share the servers, the connections and what is known of them.
///
/// [`version`](Source::version) asks the primary, and what is read through the same handle afterwards is at least as
/// new. A [snapshot](Source::snapshot) is read from one server.
#[derive(Clone, Debug)]
pub struct ReplicatedDatabaseManager {
    cluster: Arc<Cluster>,
    session: Arc<Session>,
    consistency: Consistency,
}

impl ReplicatedDatabaseManager {
    /// The database on the server of `server.url` and those of `replicas.urls`, all of which are reached as `server`
    /// says. Nothing is connected before the first call.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` for a value out of its range, for a URL that is none, and for a server that is named twice.
    pub fn new(
        server: &PostgresConfig,
        replicas: ReplicasConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let cluster = Arc::new(Cluster::new(server, replicas, clock)?);
        Ok(Self { cluster, session: Arc::default(), consistency: Consistency::default() })
    }

    /// As [`new`](Self::new), and waits until every server has been asked, and one has answered.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and that of a server if none answers.
    pub async fn open(
        server: &PostgresConfig,
        replicas: ReplicasConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let manager = Self::new(server, replicas, clock)?;
        manager.ready().await?;
        Ok(manager)
    }

    /// Another handle on the same servers, with a history of its own, whose reads are as `consistency` says.
    #[must_use]
    pub fn handle(&self, consistency: Consistency) -> Self {
        Self { cluster: Arc::clone(&self.cluster), session: Arc::default(), consistency }
    }

    /// What a reader must see to see all that this handle has written, and what the tokens stand for that it was given;
    /// nothing if there is none.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the position of a write is not known, and there is no primary to ask.
    pub async fn token(&self) -> Result<Option<CommitToken>> {
        self.cluster.check_open()?;
        let (token, is_whole) = self.floor().await;
        if is_whole {
            Ok(token)
        } else {
            Err(self.cluster.nobody("tell the position of a write to"))
        }
    }

    /// From now on the reads of this handle see what `token` stands for, where they are to
    /// [read what was written](Consistency::ReadYourWrites).
    pub fn after(&self, token: CommitToken) {
        self.session.see(token);
    }

    /// The name of the server that would answer a query now; to explain, and to measure what finding it costs.
    ///
    /// # Errors
    ///
    /// As those of a query that no server will answer.
    pub async fn server_for(&self, statement: &Statement) -> Result<String> {
        let needs_primary = self.cluster.needs_primary(statement);
        self.check_one().await?;
        let way = self.way(needs_primary).await?;
        let routed = self.cluster.route(&way).await?;
        Ok(routed.member.database.name().to_owned())
    }

    /// Waits until every server has been asked, and one has answered.
    async fn ready(&self) -> Result<()> {
        self.check_one().await?;
        let members = self.cluster.members.len();
        let topology = self.cluster.topology();
        let answers = (0..members).any(|it| topology.is_seen(it) && topology.silences(it) == 0);
        drop(topology);
        if answers { Ok(()) } else { Err(self.cluster.nobody("open")) }
    }

    /// Whether the servers that answer are of one system. Before the first call each has its time to tell; one that
    /// is of another later on is left out.
    async fn check_one(&self) -> Result<()> {
        self.cluster.check_open()?;
        if self.cluster.is_one.load(Ordering::Relaxed) {
            return Ok(());
        }
        let span = self.cluster.connect_timeout;
        let members = self.cluster.members.len();
        let classifier = &self.cluster.classifier;
        let all = self.cluster.wait(span, |topology| {
            let is_seen = (0..members).all(|it| topology.is_seen(it));
            let answers = (0..members).any(|it| topology.silences(it) == 0);
            (is_seen && (classifier.is_told() || !answers)).then_some(())
        });
        all.await;
        let stranger = self.cluster.topology().stranger();
        if let Some(it) = stranger.and_then(|it| self.cluster.members.get(it)) {
            let (name, other) = (self.name(), it.database.name());
            let message = format!(
                "cannot use `{name}`: its servers are of different database systems, of which `{other}` is one"
            );
            return Err(Error::new(ErrorKind::ConfigInvalid, message));
        }
        let topology = self.cluster.topology();
        let have_told = (0..members).all(|it| topology.place(it).is_some());
        self.cluster.is_one.store(have_told, Ordering::Relaxed);
        Ok(())
    }

    /// What reads must see, and whether that is all.
    async fn floor(&self) -> (Option<CommitToken>, bool) {
        let (token, unplaced) = self.session.floor();
        let Some(unplaced) = unplaced else { return (token, true) };
        match self.cluster.end_of_log().await {
            Some(end) => {
                self.session.place(unplaced, end);
                (self.session.floor().0, true)
            }
            None => (token, false),
        }
    }

    /// Where a read may go.
    async fn way(&self, needs_primary: bool) -> Result<Way> {
        let mut way = Way { primary_only: needs_primary, ..Way::default() };
        match self.consistency {
            Consistency::ReadYourWrites if needs_primary => way.need.floor = self.session.floor().0,
            Consistency::ReadYourWrites => {
                let (floor, is_whole) = self.floor().await;
                way.need.floor = floor;
                way.primary_only = !is_whole;
            }
            Consistency::Eventual => {}
            Consistency::Bounded { staleness_max } => {
                way.need = Need { staleness_max: Some(staleness_max), ..Need::default() };
            }
            Consistency::Strong => way.primary_only = true,
        }
        let system = self.cluster.topology().system();
        if let (Some(floor), Some(system)) = (way.need.floor, system)
            && floor.system != system
        {
            let message = format!(
                "cannot read `{}`: the commit token is of another database system",
                self.name()
            );
            return Err(Error::new(ErrorKind::UsageInvalid, message));
        }
        Ok(way)
    }

    /// Makes a call that reads, on another server where one fails.
    async fn read<T, F>(
        &self,
        needs_primary: bool,
        call: impl Fn(Arc<Member>) -> F,
    ) -> Result<(T, Routed)>
    where
        F: Future<Output = Result<T>>,
    {
        let cluster = &self.cluster;
        self.check_one().await?;
        let mut way = self.way(needs_primary).await?;
        let mut attempts = 1;
        loop {
            let mut routed = cluster.route(&way).await?;
            let answer = tokio::select! {
                biased;
                answer = call(Arc::clone(&routed.member)) => Some(answer),
                () = cluster.silence(routed.number) => None,
            };
            let result = answer.unwrap_or_else(|| Err(silent(&routed)));
            routed.answered(&result);
            let error = match result {
                Ok(it) => return Ok((it, routed)),
                Err(error) => error,
            };
            if error.kind() == ErrorKind::Unavailable {
                cluster.topology().doubt(routed.number, cluster.clock.now());
            }
            if attempts == ATTEMPTS_MAX || !is_better_elsewhere(&error, routed.is_replica) {
                return Err(cluster.named(error, &routed));
            }
            attempts += 1;
            cluster.turn_from(&routed, &mut way).await?;
        }
    }

    async fn primary_health(&self) -> Option<Health> {
        self.cluster.check_open().ok()?;
        let patience = self.cluster.config.poll_timeout() + self.cluster.config.poll_interval();
        let (number, _) = self.cluster.wait(patience, Topology::primary).await?;
        Some(self.cluster.members.get(number)?.database.health().await)
    }
}

fn silent(routed: &Routed) -> Error {
    let message =
        format!("cannot read `{}`: it has stopped to answer", routed.member.database.name());
    Error::new(ErrorKind::Unavailable, message)
}

/// Whether no server answered for now, of which the list of servers tells by itself.
fn is_silence(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Busy)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl DatabaseManager for ReplicatedDatabaseManager {
    async fn query(&self, statement: &Statement) -> Result<QueryResult> {
        let needs_primary = self.cluster.needs_primary(statement);
        let query = |it: Arc<Member>| async move { it.database.query(statement).await };
        Ok(self.read(needs_primary, query).await?.0)
    }

    async fn stream(&self, statement: &Statement) -> Result<RowStream> {
        let needs_primary = self.cluster.needs_primary(statement);
        let stream = |it: Arc<Member>| async move { it.database.stream(statement).await };
        let (rows, routed) = self.read(needs_primary, stream).await?;
        Ok(RowStream::new(
            rows.columns().to_vec(),
            Box::new(PinnedRows { rows, routed: Some(routed) }),
        ))
    }

    async fn execute(&self, statement: &Statement) -> Result<u64> {
        self.check_one().await?;
        let write = self.session.begin_write();
        let execute = |it: Arc<Member>| async move { it.database.execute_at(statement).await };
        let result = self.cluster.write(execute).await;
        write.ended(self.cluster.written(result.as_ref().map(|((_, end), _)| *end)));
        Ok(result?.0.0)
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        self.check_one().await?;
        let begin = |it: Arc<Member>| async move { it.database.begin_here().await };
        let (inner, primary) = self.cluster.write(begin).await?;
        let (cluster, session) = (Arc::clone(&self.cluster), Arc::clone(&self.session));
        Ok(Box::new(ReplicatedTransaction { inner: Box::new(inner), cluster, primary, session }))
    }

    async fn catalog(&self) -> Result<Vec<TableSchema>> {
        let catalog = |it: Arc<Member>| async move { it.database.catalog().await };
        Ok(self.read(false, catalog).await?.0)
    }

    /// Healthy where there is a primary and all servers are used; degraded where one is not; unhealthy where none is.
    async fn health(&self) -> Health {
        let start = self.cluster.clock.now();
        let primary = self.primary_health().await;
        let nodes = self.nodes().await.unwrap_or_default();
        let is_used = |it: &&Node| matches!(it.state, NodeState::Ready | NodeState::Warming);
        let used = nodes.iter().filter(is_used).count();
        let mut health = primary.unwrap_or_else(|| {
            let latency = self.cluster.clock.now().saturating_duration_since(start);
            let error = Some(self.cluster.nobody("write to").to_string());
            let status = HealthStatus::Unhealthy;
            Health { status, backend: "postgres", latency, error, details: BTreeMap::new() }
        });
        health.status = match (health.status, used) {
            (_, 0) => HealthStatus::Unhealthy,
            (HealthStatus::Healthy, used) if used == nodes.len() => HealthStatus::Healthy,
            _ => HealthStatus::Degraded,
        };
        health.details.insert("servers", nodes.len().to_string());
        health.details.insert("servers_used", used.to_string());
        health
    }

    async fn privileges(&self) -> Result<Vec<TablePrivileges>> {
        let privileges = |it: Arc<Member>| async move { it.database.privileges().await };
        Ok(self.read(false, privileges).await?.0)
    }

    async fn nodes(&self) -> Result<Vec<Node>> {
        self.cluster.check_open()?;
        Ok(self.cluster.nodes())
    }

    async fn nodes_within(&self, patience: Duration) -> Result<Vec<Node>> {
        let mut nodes = self.nodes().await?;
        let shards = |it: Arc<Member>| async move { it.database.shards(patience).await };
        // Shards have as long as they may; where no server is there to tell of them, the nodes say so.
        let span = patience.saturating_mul(2);
        match within(&*self.cluster.clock, span, self.read(false, shards)).await {
            Some(Ok((shards, _))) => nodes.extend(shards),
            Some(Err(error)) if !is_silence(&error) => return Err(error),
            _ => {}
        }
        Ok(nodes)
    }

    async fn unreadable(&self) -> Result<Vec<Unreadable>> {
        let unreadable = |it: Arc<Member>| async move { it.database.unreadable().await };
        Ok(self.read(false, unreadable).await?.0)
    }

    fn statistics(&self) -> Statistics {
        self.cluster.statistics()
    }

    async fn backup(&self, path: &Path, listener: Option<BackupListener>) -> Result<()> {
        let (primary, _) = self.read(true, |it| async move { Ok(it) }).await?;
        primary.database.backup(path, listener).await
    }

    async fn optimize(&self) -> Result<()> {
        let optimize = |it: Arc<Member>| async move { it.database.optimize().await };
        self.cluster.write(optimize).await.map(drop)
    }

    async fn close(&self) {
        self.cluster.close().await;
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Source for ReplicatedDatabaseManager {
    fn name(&self) -> &str {
        self.cluster.name()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let snapshot = |it: Arc<Member>| async move { it.database.snapshot().await };
        let (inner, routed) = self.read(false, snapshot).await?;
        Ok(Box::new(PinnedSnapshot { inner, _routed: routed }))
    }

    async fn version(&self, table: &str) -> Result<Option<Version>> {
        let version = |it: Arc<Member>| async move { it.database.version(table).await };
        let (version, _) = self.read(true, version).await?;
        // What is read next must not be older than what the version stands for.
        if self.consistency == Consistency::ReadYourWrites
            && let Some(end) = self.cluster.end_of_log().await
        {
            self.session.see(end);
            return Ok(version);
        }
        Ok(version.filter(|_| self.consistency == Consistency::Strong))
    }
}
