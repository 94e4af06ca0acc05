//! Who is next: the decisions of a limit that is fair between callers, without any waiting.
//!
//! Of the callers who wait, the next place goes to the one with the fewest places for its weight; among
//! equals, to the one that has had the fewest turns for its weight. So neither many queries nor long ones
//! let a caller have more than its share while others wait.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::sync::Arc;

/// What one turn adds to the turns of a caller of weight 1.
const TURN: u64 = 1 << 20;

/// Who runs and who waits. `W` is how a waiting call is told.
#[derive(Debug)]
pub(crate) struct FairQueue<W> {
    places: usize,
    waiting_max: usize,
    running: usize,
    waiting: usize,
    callers: HashMap<Arc<str>, Caller<W>>,
    /// How many turns the caller that had the last one had had before: where newcomers begin.
    turns: u64,
    tickets: u64,
}

/// What becomes of a call that arrives.
#[derive(Debug)]
pub(crate) enum Arrival<W> {
    /// It has a place.
    Runs,
    /// It waits under this number. Where it took the room of another call, that one has to go.
    Waits(u64, Option<W>),
    /// It is one too many.
    Refused,
}

#[derive(Debug)]
struct Caller<W> {
    weight: u64,
    running: u64,
    /// How many turns it has had, for its weight.
    turns: u64,
    waiting: BTreeMap<u64, W>,
}

impl<W> FairQueue<W> {
    /// A queue before so many places, in which so many may wait.
    pub(crate) fn new(places: usize, waiting_max: usize) -> Self {
        let (callers, turns, tickets) = (HashMap::new(), 0, 0);
        Self { places, waiting_max, running: 0, waiting: 0, callers, turns, tickets }
    }

    /// How many have a place.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Lets a call of `caller` in, or lets it wait. `waiter` makes what tells it, if it has to.
    ///
    /// In a full queue there is still room for who has fewer calls in it than another caller: the last call
    /// of the one with the most has to go.
    pub(crate) fn arrive(
        &mut self,
        caller: &Arc<str>,
        weight: NonZeroU32,
        waiter: impl FnOnce() -> W,
    ) -> Arrival<W> {
        if self.running < self.places {
            let turns = self.turns;
            let entry = entry(&mut self.callers, caller, weight, turns);
            self.turns = turns.max(entry.take_turn());
            self.running += 1;
            return Arrival::Runs;
        }
        let evicted = if self.waiting < self.waiting_max {
            None
        } else {
            let Some(evicted) = self.evict_for(caller, weight) else { return Arrival::Refused };
            Some(evicted)
        };
        self.tickets += 1;
        self.waiting += 1;
        let entry = entry(&mut self.callers, caller, weight, self.turns);
        entry.waiting.insert(self.tickets, waiter());
        Arrival::Waits(self.tickets, evicted)
    }

    /// Takes a place back from `caller`, and gives it to who is next.
    pub(crate) fn leave(&mut self, caller: &Arc<str>) -> Option<(Arc<str>, W)> {
        self.running = self.running.saturating_sub(1);
        if let Some(entry) = self.callers.get_mut(caller) {
            entry.running = entry.running.saturating_sub(1);
        }
        let next = self.next();
        self.forget(caller);
        next
    }

    /// Forgets a call that waited. Nothing happens where it waits no more.
    pub(crate) fn abandon(&mut self, caller: &Arc<str>, ticket: u64) {
        let waiter = self.callers.get_mut(caller).and_then(|it| it.waiting.remove(&ticket));
        if waiter.is_some() {
            self.waiting -= 1;
            self.forget(caller);
        }
    }

    /// Sends away all who wait.
    pub(crate) fn clear(&mut self) -> Vec<W> {
        self.waiting = 0;
        let waiting = self.callers.values_mut().flat_map(|it| std::mem::take(&mut it.waiting));
        let waiting = waiting.map(|(_, it)| it).collect();
        self.callers.retain(|_, it| it.running > 0);
        waiting
    }

    fn next(&mut self) -> Option<(Arc<str>, W)> {
        let waiting = self.callers.iter_mut().filter(|(_, it)| !it.waiting.is_empty());
        let (name, entry) = waiting.min_by(|(_, a), (_, b)| {
            let (load_a, load_b) = (a.running * b.weight, b.running * a.weight);
            load_a.cmp(&load_b).then(a.turns.cmp(&b.turns)).then(a.first().cmp(&b.first()))
        })?;
        let (_, waiter) = entry.waiting.pop_first()?;
        self.turns = self.turns.max(entry.take_turn());
        self.running += 1;
        self.waiting -= 1;
        Some((Arc::clone(name), waiter))
    }

    /// The last call of the caller with the most calls for its weight, if `caller` would still have fewer
    /// with one more.
    fn evict_for(&mut self, caller: &Arc<str>, weight: NonZeroU32) -> Option<W> {
        let own = self.callers.get(caller).map_or(0, |it| it.waiting.len()) as u64 + 1;
        let length = |it: &Caller<W>| it.waiting.len() as u64;
        let longest = self.callers.values_mut().max_by(|a, b| {
            (length(a) * b.weight, a.last()).cmp(&(length(b) * a.weight, b.last()))
        })?;
        if length(longest) * u64::from(weight.get()) <= own * longest.weight {
            return None;
        }
        let (_, waiter) = longest.waiting.pop_last()?;
        self.waiting -= 1;
        Some(waiter)
    }

    fn forget(&mut self, caller: &Arc<str>) {
        if self.callers.get(caller).is_some_and(|it| it.running == 0 && it.waiting.is_empty()) {
            self.callers.remove(caller);
        }
    }
}

impl<W> Caller<W> {
    /// Gives how many turns it had had before.
    fn take_turn(&mut self) -> u64 {
        let before = self.turns;
        self.running += 1;
        self.turns += TURN / self.weight.min(TURN);
        before
    }

    fn first(&self) -> Option<u64> {
        self.waiting.first_key_value().map(|(ticket, _)| *ticket)
    }

    fn last(&self) -> Option<u64> {
        self.waiting.last_key_value().map(|(ticket, _)| *ticket)
    }
}

/// The entry of `caller`, whose weight is what its newest call says.
fn entry<'a, W>(
    callers: &'a mut HashMap<Arc<str>, Caller<W>>,
    caller: &Arc<str>,
    weight: NonZeroU32,
    turns: u64,
) -> &'a mut Caller<W> {
    let weight = u64::from(weight.get());
    let entry = callers.entry(Arc::clone(caller));
    let entry =
        entry.or_insert_with(|| Caller { weight, running: 0, turns, waiting: BTreeMap::new() });
    entry.weight = weight;
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: NonZeroU32 = NonZeroU32::MIN;

    fn weight(it: u32) -> NonZeroU32 {
        NonZeroU32::new(it).unwrap()
    }

    /// Lets a call arrive that has to wait.
    fn wait(queue: &mut FairQueue<&'static str>, caller: &'static str, weight: NonZeroU32) -> u64 {
        match queue.arrive(&caller.into(), weight, || caller) {
            Arrival::Waits(ticket, None) => ticket,
            other => panic!("{caller}: {other:?}"),
        }
    }

    /// Who gets places one after the other, where there is one.
    fn order(queue: &mut FairQueue<&'static str>, first: &'static str) -> Vec<&'static str> {
        let mut order = vec![first];
        while let Some((_, next)) = queue.leave(&order[order.len() - 1].into()) {
            order.push(next);
        }
        order
    }

    #[test]
    fn a_caller_with_many_calls_does_not_hold_up_one_with_few() {
        let mut queue = FairQueue::new(1, 2_000);
        assert!(matches!(queue.arrive(&"many".into(), ONE, || "many"), Arrival::Runs));
        for _ in 0..1_000 {
            wait(&mut queue, "many", ONE);
        }
        for _ in 0..3 {
            wait(&mut queue, "few", ONE);
        }
        let order = order(&mut queue, "many");
        assert_eq!(order[..7], ["many", "few", "many", "few", "many", "few", "many"]);
        assert_eq!(order.len(), 1_004);
        assert_eq!((queue.running(), queue.waiting(), queue.callers.len()), (0, 0, 0));
    }

    #[test]
    fn weights_share_out_the_turns() {
        let mut queue = FairQueue::new(1, 2_000);
        assert!(matches!(queue.arrive(&"light".into(), ONE, || "light"), Arrival::Runs));
        for _ in 0..300 {
            wait(&mut queue, "light", ONE);
            wait(&mut queue, "heavy", weight(3));
        }
        let order = order(&mut queue, "light");
        let heavy = order[..400].iter().filter(|it| **it == "heavy").count();
        assert!((298..=300).contains(&heavy), "{heavy} of 400");
    }

    #[test]
    fn long_calls_do_not_win_places() {
        let mut queue = FairQueue::new(4, 100);
        for _ in 0..4 {
            assert!(matches!(queue.arrive(&"slow".into(), ONE, || "slow"), Arrival::Runs));
        }
        for _ in 0..10 {
            wait(&mut queue, "slow", ONE);
        }
        for _ in 0..10 {
            wait(&mut queue, "fast", ONE);
        }
        let mut got = Vec::new();
        (0..2).for_each(|_| got.extend(queue.leave(&"slow".into()).map(|it| it.1)));
        // From here on each has half of the places, and only the fast calls end.
        (0..5).for_each(|_| got.extend(queue.leave(&"fast".into()).map(|it| it.1)));
        assert_eq!(got, ["fast"; 7]);
    }

    #[test]
    fn a_full_queue_has_room_for_who_has_little_in_it() {
        let mut queue = FairQueue::new(1, 4);
        assert!(matches!(queue.arrive(&"many".into(), ONE, || "many"), Arrival::Runs));
        for _ in 0..4 {
            wait(&mut queue, "many", ONE);
        }
        assert!(matches!(queue.arrive(&"many".into(), ONE, || "many"), Arrival::Refused));
        for _ in 0..2 {
            let arrival = queue.arrive(&"few".into(), ONE, || "few");
            assert!(matches!(arrival, Arrival::Waits(_, Some("many"))), "{arrival:?}");
        }
        assert!(matches!(queue.arrive(&"few".into(), ONE, || "few"), Arrival::Refused));
        assert_eq!(queue.waiting(), 4);
        assert_eq!(order(&mut queue, "many"), ["many", "few", "many", "few", "many"]);
    }

    #[test]
    fn whatever_happens_places_are_neither_lost_nor_lent_twice() {
        let names: Vec<Arc<str>> = ["a", "b", "c", "d"].map(Arc::from).to_vec();
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let mut below = |bound: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % bound as u64) as usize
        };
        let mut queue = FairQueue::new(3, 10);
        // By call: its caller, and its ticket while it waits.
        let (mut running, mut waiting) = (Vec::new(), HashMap::new());
        for call in 0..20_000_u64 {
            let caller = below(4);
            match below(8) {
                0..4 => match queue.arrive(&names[caller], weight(1 + caller as u32), || call) {
                    Arrival::Runs => running.push(caller),
                    Arrival::Refused => assert_eq!(waiting.len(), 10),
                    Arrival::Waits(ticket, evicted) => {
                        assert_eq!(evicted.is_some(), waiting.len() == 10);
                        evicted.map(|it| waiting.remove(&it).expect("it waited"));
                        waiting.insert(call, (caller, ticket));
                    }
                },
                4..7 if !running.is_empty() => {
                    let left = running.swap_remove(below(running.len()));
                    let next = queue.leave(&names[left]);
                    let caller =
                        next.as_ref().map(|it| waiting.remove(&it.1).expect("it waited").0);
                    assert_eq!(next.map(|it| it.0), caller.map(|it| Arc::clone(&names[it])));
                    running.extend(caller);
                }
                _ => {
                    let first = waiting.keys().min().copied();
                    let first = first.and_then(|it| waiting.remove(&it)).into_iter();
                    first.for_each(|(caller, ticket)| queue.abandon(&names[caller], ticket));
                }
            }
            assert_eq!((queue.running(), queue.waiting()), (running.len(), waiting.len()));
            assert!(running.len() <= 3 && (waiting.is_empty() || running.len() == 3));
            let known = names.iter().filter(|it| queue.callers.contains_key(*it));
            assert!(known.count() <= running.len() + waiting.len());
        }
    }

    #[test]
    fn who_gives_up_leaves_nothing() {
        let mut queue = FairQueue::new(1, 10);
        assert!(matches!(queue.arrive(&"a".into(), ONE, || "a"), Arrival::Runs));
        let ticket = wait(&mut queue, "b", ONE);
        queue.abandon(&"b".into(), ticket);
        queue.abandon(&"b".into(), ticket);
        assert_eq!((queue.waiting(), queue.callers.len()), (0, 1));
        assert!(queue.leave(&"a".into()).is_none());
        assert_eq!((queue.running(), queue.callers.len()), (0, 0));
    }

    #[test]
    fn nobody_waits_where_nobody_may() {
        let mut queue = FairQueue::new(1, 0);
        assert!(matches!(queue.arrive(&"a".into(), ONE, || ()), Arrival::Runs));
        assert!(matches!(queue.arrive(&"b".into(), ONE, || ()), Arrival::Refused));
    }
}
