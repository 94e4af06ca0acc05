//! One server, connected when it is needed, and again when the connection breaks.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::{Cmd, RedisResult, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::redis::command::Command;
use crate::redis::failure::Failure;
use crate::redis::link::{Link, Opening, within};
use crate::redis::reply::Reply;
use crate::redis::settings::Address;
use crate::redis::supply::Supply;

/// A server, and the connection to it that commands share.
pub(crate) struct Node {
    pub(crate) address: Address,
    opening: Opening,
    link: Arc<Supply<Arc<Link>>>,
    /// Since when no command has been answered, though some were sent.
    silent_since: Mutex<Option<Instant>>,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Node {
    pub(crate) fn new(address: Address, opening: Opening) -> Self {
        let settings = &opening.settings;
        let (min, max) = (settings.reconnect_min, settings.reconnect_max);
        let link = Arc::new(Supply::new(Arc::clone(&opening.clock), min, max));
        Self { address, opening, link, silent_since: Mutex::new(None) }
    }

    /// Sends a command, after `ASKING` if `is_asking`, and waits for its answer.
    pub(crate) async fn send(&self, command: &Command, is_asking: bool) -> Result<Reply, Failure> {
        if is_asking {
            let commands = [&Command::new("ASKING"), command];
            let answer = self.send_all(&commands).await?.pop();
            return answer.unwrap_or_else(|| Err(self.no_answer()));
        }
        let link = self.link().await?;
        let wait = Wait { node: self, link: &link, is_over: false };
        let answer = link.connection.clone().send_packed_command(&command.packed).await;
        wait.end(answer.is_ok());
        self.reply(&link, answer, command)
    }

    /// Sends a command to this very node, and waits for its answer no longer than the configuration allows.
    pub(crate) async fn ask(&self, command: &Command) -> Result<Reply> {
        let answer = async { self.send(command, false).await.map_err(Failure::into_error) };
        let limit = self.opening.settings.command_deadline;
        let what = || format!("redis at `{}` does not answer `{}`", self.address, command.name);
        within(&*self.opening.clock, limit, answer, what).await
    }

    /// Sends several commands at once, and waits for all answers.
    pub(crate) async fn send_all(
        &self,
        commands: &[&Command],
    ) -> Result<Vec<Result<Reply, Failure>>, Failure> {
        let mut pipeline = redis::Pipeline::with_capacity(commands.len());
        for command in commands {
            pipeline.add_command(Cmd::clone(&command.packed));
        }
        let link = self.link().await?;
        let wait = Wait { node: self, link: &link, is_over: false };
        let mut connection = link.connection.clone();
        let answers = connection.send_packed_commands(&pipeline, 0, commands.len()).await;
        wait.end(answers.is_ok());
        match answers {
            Ok(answers) => {
                let replies = answers.into_iter().zip(commands);
                Ok(replies.map(|(it, command)| self.reply(&link, Ok(it), command)).collect())
            }
            Err(error) => Err(self.broken(&link, &error)),
        }
    }

    /// The connection, opened if there is none.
    async fn link(&self) -> Result<Arc<Link>, Failure> {
        let open = || self.opening.clone().open(self.address.clone());
        self.link.get(open).await.map_err(Failure::Unreachable)
    }

    fn reply(
        &self,
        link: &Arc<Link>,
        answer: RedisResult<Value>,
        command: &Command,
    ) -> Result<Reply, Failure> {
        match answer {
            Ok(Value::ServerError(error)) => {
                Err(Failure::of_server(&error, &self.address, command.name))
            }
            Ok(value) => Ok(value.into()),
            Err(error) => Err(self.broken(link, &error)),
        }
    }

    /// Gives up the connection, which no answer came from.
    fn broken(&self, link: &Arc<Link>, error: &redis::RedisError) -> Failure {
        self.drop_link(link);
        Failure::of_client(error, &self.address)
    }

    fn drop_link(&self, link: &Arc<Link>) {
        self.link.discard(|it| Arc::ptr_eq(it, link));
        *self.silent_since.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Gives up the connection. The next command opens another.
    pub(crate) fn close(&self) {
        self.link.discard(|_| true);
    }

    fn no_answer(&self) -> Failure {
        let message = format!("redis at `{}` gave no answer", self.address);
        Failure::Lost(Error::new(ErrorKind::Unavailable, message))
    }

    /// How long a connection may give no answer at all before it is given up.
    fn silence_max(&self) -> Duration {
        self.opening.settings.command_deadline.saturating_mul(2)
    }
}

/// Waiting for an answer. Where nobody waits any more, and none has come for long, the connection is
/// given up: the server, or the way to it, may be gone without a word.
struct Wait<'a> {
    node: &'a Node,
    link: &'a Arc<Link>,
    is_over: bool,
}

impl Wait<'_> {
    fn end(mut self, is_answered: bool) {
        self.is_over = true;
        if is_answered {
            let mut since = self.node.silent_since.lock().unwrap_or_else(PoisonError::into_inner);
            *since = None;
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let now = self.node.opening.clock.now();
        let since = {
            let mut since = self.node.silent_since.lock().unwrap_or_else(PoisonError::into_inner);
            *since.get_or_insert(now)
        };
        if now.duration_since(since) >= self.node.silence_max() {
            self.node.drop_link(self.link);
        }
    }
}
