//! The connection to Redis that everything in this crate uses.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind, Result};
use crate::redis::command::{Command, Place};
use crate::redis::config::{RedisConfig, RedisMode};
use crate::redis::failure::Failure;
use crate::redis::health::{RedisHealth, RedisNodeHealth};
use crate::redis::link::within;
use crate::redis::reader::RedisReader;
use crate::redis::reply::Reply;
use crate::redis::router::Router;
use crate::redis::script::Script;
use crate::redis::settings::Settings;
use crate::redis::tracking::Tracking;

/// How often a command is sent on before it fails.
const ATTEMPTS_MAX: u32 = 6;
/// The pause before a command is sent again to a server that was not ready; it doubles.
const PAUSE: Duration = Duration::from_millis(5);

/// A connection to Redis: to one server, to the master that sentinels know, or to all masters of a
/// cluster. Clones share it.
///
/// Commands of all callers share one connection for each master. It is opened when the first command
/// needs it, and again after it broke; after a failure, commands fail at once until the next attempt
/// is due.
#[derive(Clone)]
pub struct RedisConnection {
    router: Arc<Router>,
    prefix: Arc<str>,
}

impl fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConnection").field("router", &self.router).finish_non_exhaustive()
    }
}

impl RedisConnection {
    /// Checks the configuration. Nothing is connected yet, so Redis need not be there.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, and the message names the field, also if a file of certificates cannot be read.
    pub fn new(config: &RedisConfig) -> Result<Self> {
        Self::with_clock(config, Arc::new(SystemClock))
    }

    /// Like [`new`](Self::new), with a clock that measures deadlines and pauses.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_clock(config: &RedisConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        let settings = Arc::new(Settings::of(config)?);
        let router = Arc::new(Router::new(settings, clock));
        Ok(Self { router, prefix: config.prefix.as_str().into() })
    }

    /// Whether it is to a cluster, where keys live in different places.
    pub fn is_cluster(&self) -> bool {
        self.router.settings.mode == RedisMode::Cluster
    }

    /// As of when what the masters say holds, if it is asked of them from now on: now, or where sentinels know the
    /// master, when most of them named it. None if they have not yet.
    pub(crate) fn current_as_of(&self) -> Option<Instant> {
        self.router.current_as_of()
    }

    /// The clock that measures its deadlines.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.router.clock
    }

    /// What the keys of this connection begin with. It is not put before keys by itself.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Runs `command`, within the deadline of the configuration.
    ///
    /// # Errors
    ///
    /// - `Unavailable`: Redis cannot be reached, or the connection broke.
    /// - `Timeout`: there is no answer within the deadline. The command may have run, or may run later.
    /// - `PermissionDenied`: wrong user or password, or the user may not run this command.
    /// - `ConfigInvalid`: the certificate of the server is not trusted.
    /// - `QueryInvalid`: Redis refuses the command; the message has the code of the error.
    /// - `UsageInvalid`: the keys of the command are in different slots.
    /// - `LimitExceeded`: the memory that Redis may use is exhausted.
    pub async fn call(&self, command: &Command) -> Result<Reply> {
        self.call_within(command, self.router.settings.command_deadline).await
    }

    /// Runs `command` within `limit`.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn call_within(&self, command: &Command, limit: Duration) -> Result<Reply> {
        let answer = async { self.routed(command).await.map_err(Failure::into_error) };
        let what = || format!("redis does not answer `{}`", command.name);
        within(&*self.router.clock, limit, answer, what).await
    }

    /// Runs several commands within the deadline of the configuration, in one round trip to each
    /// node concerned. They are no transaction: others' commands may run in between. The answers are
    /// in the order of the commands, and each may be an error.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call); `Timeout` if not all are answered in time.
    pub async fn pipeline(&self, commands: &[Command]) -> Result<Vec<Result<Reply>>> {
        self.pipeline_within(commands, self.router.settings.command_deadline).await
    }

    /// Runs several commands within `limit`.
    ///
    /// # Errors
    ///
    /// As [`pipeline`](Self::pipeline).
    pub async fn pipeline_within(
        &self,
        commands: &[Command],
        limit: Duration,
    ) -> Result<Vec<Result<Reply>>> {
        let what = || format!("redis does not answer {} commands", commands.len());
        within(&*self.router.clock, limit, self.grouped(commands), what).await
    }

    /// Runs `script` with `keys`, all of one slot, and `arguments`, within the deadline of the
    /// configuration.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn run(&self, script: &Script, keys: &[&[u8]], arguments: &[&[u8]]) -> Result<Reply> {
        self.run_either(script, keys, [arguments, arguments]).await
    }

    /// Runs `script` like [`run`](Self::run), with one more argument before the others: `0` if the
    /// server remembered the script, and `1` if it did not. Servers forget scripts when they start, so
    /// that is what the first run on a server gets that has started, or become the master, since.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn run_noting_start(
        &self,
        script: &Script,
        keys: &[&[u8]],
        arguments: &[&[u8]],
    ) -> Result<Reply> {
        let known = [&[b"0".as_slice()], arguments].concat();
        let forgotten = [&[b"1".as_slice()], arguments].concat();
        self.run_either(script, keys, [&known, &forgotten]).await
    }

    /// Runs `script` by its hash with the first arguments, or by its text with the second.
    async fn run_either(
        &self,
        script: &Script,
        keys: &[&[u8]],
        arguments: [&[&[u8]]; 2],
    ) -> Result<Reply> {
        let [by_hash, by_text] = arguments;
        let answer = async {
            match self.routed(&script.by_hash(keys, by_hash)).await {
                // The text has Redis remember the script, too.
                Err(Failure::NoScript) => self.routed(&script.by_text(keys, by_text)).await,
                answer => answer,
            }
            .map_err(Failure::into_error)
        };
        let limit = self.router.settings.command_deadline;
        let what = || "redis does not answer a script".to_owned();
        within(&*self.router.clock, limit, answer, what).await
    }

    /// Has all masters remember `scripts`, so that their first run costs no more than the others.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn preload(&self, scripts: &[&Script]) -> Result<()> {
        let masters = async { self.router.masters().await };
        let limit = self.router.settings.command_deadline;
        let what = || "redis does not say where its masters are".to_owned();
        for master in within(&*self.router.clock, limit, masters, what).await? {
            for script in scripts {
                master.ask(&script.load()).await?;
            }
        }
        Ok(())
    }

    /// A connection of its own for commands that wait for something.
    pub fn reader(&self) -> RedisReader {
        RedisReader::new(Arc::clone(&self.router))
    }

    /// Follows the changes of all keys that begin with one of `prefixes`, whoever makes them, over a
    /// connection of its own to each master. It must be called within a tokio runtime.
    pub fn track(&self, prefixes: &[&[u8]]) -> Tracking {
        Tracking::start(Arc::clone(&self.router), prefixes)
    }

    /// Asks every master for a sign of life.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), if the masters are not known. What is wrong with one master is part
    /// of the answer.
    pub async fn health(&self) -> Result<RedisHealth> {
        let masters = async { self.router.masters().await };
        let limit = self.router.settings.command_deadline;
        let what = || "redis does not say where its masters are".to_owned();
        let masters = within(&*self.router.clock, limit, masters, what).await?;
        let ping = Command::new("PING").repeatable();
        let asked = masters.iter().map(|node| async {
            let begun = self.router.clock.now();
            let answer = node.ask(&ping).await;
            RedisNodeHealth {
                address: node.address.to_string(),
                round_trip: self.router.clock.now().duration_since(begun),
                problem: answer.err().map(|it| it.message().to_owned()),
            }
        });
        Ok(RedisHealth { nodes: join_all(asked).await })
    }

    /// Sends `command` to where it belongs, and on to where it is sent.
    async fn routed(&self, command: &Command) -> Result<Reply, Failure> {
        let slot = slot(command).map_err(Failure::Refused)?;
        let mut next = None;
        let mut pause = PAUSE;
        for attempt in 1.. {
            let (node, is_asking) = match next.take() {
                Some(it) => it,
                None => (self.router.master(slot).await.map_err(Failure::Unreachable)?, false),
            };
            let failure = match node.send(command, is_asking).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            self.note(&failure, slot);
            match failure {
                failure if attempt >= ATTEMPTS_MAX => return Err(failure),
                Failure::Moved(address) => next = Some((self.router.node(&address), false)),
                Failure::Ask(address) => next = Some((self.router.node(&address), true)),
                Failure::Later(_) | Failure::Demoted(_) => {
                    self.router.clock.sleep(pause).await;
                    pause = pause.saturating_mul(2);
                }
                Failure::Lost(_) if command.is_repeatable && attempt == 1 => {}
                failure => return Err(failure),
            }
        }
        Err(Failure::Refused(Error::new(ErrorKind::Internal, "a command was never sent")))
    }

    /// Learns from a failure where the masters are.
    fn note(&self, failure: &Failure, slot: Option<u16>) {
        match (failure, slot) {
            (Failure::Moved(address), Some(slot)) => self.router.moved(slot, address),
            (Failure::Demoted(_) | Failure::Unreachable(_) | Failure::Lost(_), _) => {
                self.router.suspect();
            }
            _ => {}
        }
    }

    /// Sends each node its commands at once.
    async fn grouped(&self, commands: &[Command]) -> Result<Vec<Result<Reply>>> {
        let mut groups = BTreeMap::new();
        for (position, command) in commands.iter().enumerate() {
            let node = self.router.master(slot(command)?).await?;
            let group = groups.entry(node.address.clone()).or_insert_with(|| (node, Vec::new()));
            group.1.push((position, command));
        }
        let sent = groups.into_values().map(|(node, group)| async move {
            let commands: Vec<_> = group.iter().map(|it| it.1).collect();
            (node.send_all(&commands).await, group)
        });
        let mut answers = BTreeMap::new();
        for (replies, group) in join_all(sent).await {
            let replies = replies.unwrap_or_else(|it| self.all_failed(it, group.len()));
            for (reply, (position, command)) in replies.into_iter().zip(group) {
                answers.insert(position, self.settled(reply, command).await);
            }
        }
        Ok(answers.into_values().collect())
    }

    /// The same failure for each of so many commands.
    fn all_failed(&self, failure: Failure, count: usize) -> Vec<Result<Reply, Failure>> {
        self.note(&failure, None);
        let error = failure.into_error();
        let again = || Err(Failure::Refused(Error::new(error.kind(), error.message())));
        std::iter::repeat_with(again).take(count).collect()
    }

    /// The answer to a command of a pipeline, sent on by itself if need be.
    async fn settled(&self, reply: Result<Reply, Failure>, command: &Command) -> Result<Reply> {
        let answer = match reply {
            Err(Failure::Moved(_) | Failure::Ask(_) | Failure::Later(_) | Failure::Demoted(_)) => {
                self.routed(command).await
            }
            reply => reply,
        };
        answer.map_err(Failure::into_error)
    }
}

/// The slot that `command` needs, if it has keys.
fn slot(command: &Command) -> Result<Option<u16>> {
    match command.place {
        Place::Anywhere => Ok(None),
        Place::Slot(slot) => Ok(Some(slot)),
        Place::Nowhere => {
            let message = format!("the keys of `{}` are in different slots", command.name);
            Err(Error::new(ErrorKind::UsageInvalid, message))
        }
    }
}
