//! Which server is the master of which slots.

use std::collections::BTreeSet;

use crate::redis::reply::Reply;
use crate::redis::settings::Address;
use crate::redis::slots;

/// Which server is the master of which slots. A single server is the master of all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Topology {
    /// First slot, last slot, master; in order and without overlaps.
    ranges: Vec<(u16, u16, Address)>,
}

impl Topology {
    /// All slots are at `master`.
    pub(crate) fn single(master: Address) -> Self {
        Self { ranges: vec![(0, slots::COUNT - 1, master)] }
    }

    /// What the server at `asked` answers to `CLUSTER SLOTS`. None if it knows no slots.
    pub(crate) fn of_slots(reply: &Reply, asked: &Address) -> Option<Self> {
        let mut ranges: Vec<_> = reply.list().iter().filter_map(|it| range(it, asked)).collect();
        ranges.sort();
        (!ranges.is_empty()).then_some(Self { ranges })
    }

    /// The master of `slot`, or any master.
    pub(crate) fn master(&self, slot: Option<u16>) -> Option<&Address> {
        let has =
            |range: &&(u16, u16, Address)| slot.is_none_or(|it| (range.0..=range.1).contains(&it));
        self.ranges.iter().find(has).map(|it| &it.2)
    }

    /// All masters.
    pub(crate) fn masters(&self) -> BTreeSet<&Address> {
        self.ranges.iter().map(|it| &it.2).collect()
    }

    /// The same, but that `slot` is at `master`.
    pub(crate) fn moved(&self, slot: u16, master: &Address) -> Self {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 2);
        for (first, last, address) in &self.ranges {
            if !(*first..=*last).contains(&slot) {
                ranges.push((*first, *last, address.clone()));
                continue;
            }
            if *first < slot {
                ranges.push((*first, slot - 1, address.clone()));
            }
            if slot < *last {
                ranges.push((slot + 1, *last, address.clone()));
            }
        }
        ranges.push((slot, slot, master.clone()));
        ranges.sort();
        Self { ranges }
    }
}

/// First slot, last slot and master of an entry of `CLUSTER SLOTS`.
fn range(entry: &Reply, asked: &Address) -> Option<(u16, u16, Address)> {
    let [first, last, master, ..] = entry.list() else { return None };
    let [host, port, ..] = master.list() else { return None };
    let host = match host.text() {
        // A node that does not know its own address is where it was asked.
        None | Some("" | "?") => asked.host.clone(),
        Some(host) => host.to_owned(),
    };
    let number = |it: &Reply| it.int().and_then(|it| u16::try_from(it).ok());
    Some((number(first)?, number(last)?, Address { host, port: number(port)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> Address {
        Address { host: "127.0.0.1".to_owned(), port }
    }

    fn entry(first: i64, last: i64, port: i64) -> Reply {
        let host = Reply::Bytes(Vec::new());
        let node = Reply::List(vec![host, Reply::Int(port), Reply::Bytes(b"id".to_vec())]);
        Reply::List(vec![Reply::Int(first), Reply::Int(last), node])
    }

    #[test]
    fn slots_are_found_at_their_masters() {
        let reply = Reply::List(vec![entry(8000, 16383, 2), entry(0, 7999, 1)]);
        let topology = Topology::of_slots(&reply, &address(9)).expect("there are slots");
        assert_eq!(topology.master(Some(7999)), Some(&address(1)));
        assert_eq!(topology.master(Some(8000)), Some(&address(2)));
        assert_eq!(topology.masters().len(), 2);
    }

    #[test]
    fn a_moved_slot_leaves_its_neighbours_where_they_are() {
        let topology = Topology::single(address(1)).moved(100, &address(2));
        for (slot, port) in [(0, 1), (99, 1), (100, 2), (101, 1), (16383, 1)] {
            assert_eq!(topology.master(Some(slot)), Some(&address(port)), "{slot}");
        }
        assert_eq!(topology.moved(100, &address(1)).masters().len(), 1);
    }

    #[test]
    fn a_server_without_slots_is_no_cluster() {
        assert_eq!(Topology::of_slots(&Reply::List(Vec::new()), &address(1)), None);
    }
}
