//! A connection for commands that wait for something, such as `XREAD … BLOCK`.
//!
//! On the connection that all callers share, such a command would have everyone wait.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::redis::command::{Command, Place};
use crate::redis::failure::Failure;
use crate::redis::link::{Opening, within};
use crate::redis::node::Node;
use crate::redis::reply::Reply;
use crate::redis::router::Router;

/// A connection of its own for commands that wait for something. It is opened at the first command,
/// and again after it broke, and moves along with the key of the command.
#[derive(Debug)]
pub struct RedisReader {
    router: Arc<Router>,
    node: Option<Arc<Node>>,
}

impl RedisReader {
    pub(crate) fn new(router: Arc<Router>) -> Self {
        Self { router, node: None }
    }

    /// Runs `command`, which waits up to `block` in Redis. If there is no answer within that and the
    /// deadline of the configuration, or if the future is dropped, the connection is given up.
    ///
    /// # Errors
    ///
    /// As [`RedisConnection::call`](crate::redis::RedisConnection::call). After an error the next call
    /// may succeed.
    pub async fn read(&mut self, command: &Command, block: Duration) -> Result<Reply> {
        let clock = Arc::clone(&self.router.clock);
        let limit = block + self.router.settings.command_deadline;
        let what = || format!("redis does not answer `{}`", command.name);
        within(&*clock, limit, self.routed(command), what).await
    }

    async fn routed(&mut self, command: &Command) -> Result<Reply> {
        let slot = match command.place {
            Place::Slot(slot) => Some(slot),
            Place::Anywhere | Place::Nowhere => None,
        };
        let address = self.router.master(slot).await?.address.clone();
        if self.node.as_ref().is_none_or(|it| it.address != address) {
            let opening = Opening::new(&self.router.settings, &self.router.clock);
            self.node = Some(Arc::new(Node::new(address, opening)));
        }
        let Some(node) = self.node.clone() else {
            return Err(Error::new(ErrorKind::Internal, "a connection for reading is missing"));
        };
        let reading = Reading { node: &node, is_over: false };
        let answer = node.send(command, false).await;
        reading.end();
        match (&answer, slot) {
            (Err(Failure::Moved(address)), Some(slot)) => self.router.moved(slot, address),
            (Err(Failure::Unreachable(_) | Failure::Lost(_) | Failure::Demoted(_)), _) => {
                self.router.suspect();
            }
            _ => {}
        }
        answer.map_err(Failure::into_error)
    }
}

/// A command that waits. While it does, nothing else can be asked over its connection.
struct Reading<'a> {
    node: &'a Node,
    is_over: bool,
}

impl Reading<'_> {
    fn end(mut self) {
        self.is_over = true;
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.node.close();
        }
    }
}
