//! What is told about all servers together.

use std::sync::Arc;

use crate::database::replicas::cluster::{Cluster, Way};
use crate::database::replicas::member::{Member, Routed};
use crate::database::{DatabaseManager, Node, PoolStatistics, Statistics};
use crate::error::Result;
use crate::source::Source;

impl Cluster {
    /// The servers, as they were last seen.
    pub(crate) fn nodes(&self) -> Vec<Node> {
        let now = self.clock.now();
        let topology = self.topology();
        let node = |(number, member): (usize, &Arc<Member>)| {
            let (role, state, lag_bytes, lag) = topology.describe(number, now);
            Node { role, state, lag_bytes, lag, ..Node::unknown(member.database.name()) }
        };
        self.members.iter().enumerate().map(node).collect()
    }

    /// What all servers count. Of the connections that read from the primary, as many count as may; of those that
    /// write, those of the primary.
    pub(crate) fn statistics(&self) -> Statistics {
        let primary = self.topology().primary().map_or(0, |it| it.0);
        let mut sum = Statistics::default();
        for (number, member) in self.members.iter().enumerate() {
            let one = member.database.statistics();
            let is_primary = number == primary;
            let cap = if is_primary { self.config.primary_readers } else { usize::MAX };
            let readers = one.readers.size.min(cap);
            add(&mut sum.readers, &one.readers, readers);
            let writers =
                if is_primary { one.writers.size } else { one.writers.in_use + one.writers.idle };
            add(&mut sum.writers, &one.writers, writers);
            sum.statements += one.statements;
            sum.errors += one.errors;
        }
        sum
    }

    /// After a failure: looks at the server anew, and chooses another for the next attempt, or the next primary.
    pub(crate) async fn turn_from(&self, routed: &Routed, way: &mut Way) -> Result<()> {
        let asked = self.clock.now();
        self.poke(1 << routed.number);
        if routed.is_replica {
            way.failed |= 1 << routed.number;
            return Ok(());
        }
        // One that fails though it answers is asked once more; one that is gone is waited for, or for another.
        let patience = self.config.poll_interval() + self.config.poll_timeout();
        let seen = self.wait(patience, |it| {
            (it.silences(routed.number) > 0 || it.place_since(routed.number, asked).is_some())
                .then_some(())
        });
        seen.await;
        Ok(())
    }
}

fn add(sum: &mut PoolStatistics, one: &PoolStatistics, size: usize) {
    sum.size += size;
    sum.in_use += one.in_use;
    sum.idle += one.idle;
    sum.waiting += one.waiting;
    sum.acquisitions += one.acquisitions;
    sum.waits += one.waits;
    sum.waited += one.waited;
    sum.timeouts += one.timeouts;
}
