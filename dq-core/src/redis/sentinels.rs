//! What the sentinels say about who is the master.
//!
//! A master is used as long as most of the sentinels have named it lately. Any two majorities share a sentinel, and
//! each sentinel goes over to a new master once. So whoever is acknowledged something by the new master, all others
//! have stopped by half a second later to use the old one, which may not know yet that it is replaced:
//!
//! ```text
//!   A ──── named to N ──┬── half a second: N still uses A ──┬── N asks again ──▶ B
//!   B                   └── at the earliest here most name B, and M writes there
//! ```

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::redis::command::Command;
use crate::redis::link::Opening;
use crate::redis::node::Node;
use crate::redis::settings::{Address, Settings};

/// For how long a master is used that the sentinels have named.
pub(crate) const NAMED_FOR: Duration = Duration::from_millis(500);
/// After which time they are asked again, if there is anything to ask the master.
pub(crate) const ASKED_EVERY: Duration = Duration::from_millis(100);

/// The sentinels.
pub(crate) struct Sentinels {
    nodes: Vec<Arc<Node>>,
    master: Arc<str>,
}

impl Sentinels {
    pub(crate) fn new(settings: &Arc<Settings>, clock: &Arc<dyn Clock>) -> Self {
        let mut opening = Opening::new(settings, clock);
        opening.credentials = settings.sentinel.clone();
        opening.database = 0;
        let node = |it: &Address| Arc::new(Node::new(it.clone(), opening.clone()));
        let nodes = settings.nodes.iter().map(node).collect();
        Self { nodes, master: settings.sentinel_master.as_str().into() }
    }

    /// The master that most of them name.
    pub(crate) async fn master(&self) -> Result<Address> {
        let most = self.nodes.len() / 2 + 1;
        let mut named = HashMap::new();
        let mut problem = None;
        // In tasks, so that one that is slower than the others is not taken for one that is silent.
        let ask = |it: &Arc<Node>| tokio::spawn(named_by(Arc::clone(it), Arc::clone(&self.master)));
        let mut answers: FuturesUnordered<_> = self.nodes.iter().map(ask).collect();
        while let Some(answer) = answers.next().await {
            let address = match answer.unwrap_or_else(|_| Err(self.disagree(most))) {
                Ok(address) => address,
                Err(error) => {
                    problem = Some(error);
                    continue;
                }
            };
            let count = named.entry(address.clone()).or_insert(0);
            *count += 1;
            if *count >= most {
                return Ok(address);
            }
        }
        Err(problem.filter(|_| named.is_empty()).unwrap_or_else(|| self.disagree(most)))
    }

    fn disagree(&self, most: usize) -> Error {
        let (total, master) = (self.nodes.len(), &self.master);
        let message = format!(
            "fewer than {most} of the {total} redis sentinels name one server as the master `{master}`"
        );
        Error::new(ErrorKind::Unavailable, message)
    }
}

/// The server that `sentinel` names as `master`.
async fn named_by(sentinel: Arc<Node>, master: Arc<str>) -> Result<Address> {
    let command = Command::new("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(&*master);
    let reply = sentinel.ask(&command).await?;
    let [host, port] = reply.list() else {
        let message = format!("redis sentinels know no master `{master}`");
        return Err(Error::new(ErrorKind::NotFound, message));
    };
    let place = format!("{}:{}", host.text().unwrap_or(""), port.text().unwrap_or(""));
    Address::parse(&place).ok_or_else(|| {
        let message = format!("a redis sentinel names no address for the master `{master}`");
        Error::new(ErrorKind::Unavailable, message)
    })
}
