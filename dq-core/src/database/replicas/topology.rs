//! Which server is what: a pure function of what the servers said, and when.
//!
//! ```text
//!                 answers, follows, is not far behind
//!   Unreachable ───────────────────────────────────────▶ Ready ◀──── slow start is over ──── Warming
//!        ▲      no answer                                │   ▲                                  ▲
//!        ├───────────────────────────────────────────────┤   │ first time                       │ has caught up
//!        │                          too far behind, thrice   └───────────────┬──────────────────┘
//!        └────────────────────────────── Lagging ◀───────┘                   │
//!   Apart: of another system, or a primary whose timeline is not the newest  │
//! ```
//!
//! A promotion begins a timeline. The newest that any server has told is a fence: a primary on an older one has been
//! replaced, and is never written to again, whether it knows or not.

use std::time::{Duration, Instant};

use crate::database::postgres::probe::Place;
use crate::database::replicas::history::History;
use crate::database::replicas::token::CommitToken;
use crate::database::{NodeRole, NodeState};

/// How many samples in a row a replica must be too far behind before it is left out, and not be before it is back.
const SAMPLES: u32 = 3;

/// What a replica that has come back gets of its reads at first.
const SHARE_MIN: f64 = 0.05;

/// What a read needs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Need {
    /// What the server must have replayed.
    pub(crate) floor: Option<CommitToken>,
    /// How old its state may be.
    pub(crate) staleness_max: Option<Duration>,
}

/// How well a server suits a read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fit {
    /// It does; it should get this share of what it would get otherwise.
    Fits(f64),
    /// It will, when it has replayed more.
    Behind,
    /// It does not.
    Unfit,
}

/// How far behind a replica may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) lag_max_bytes: u64,
    pub(crate) lag_max: Duration,
    pub(crate) slow_start: Duration,
}

/// Which server is what.
#[derive(Debug)]
pub(crate) struct Topology {
    limits: Limits,
    members: Vec<Member>,
    history: History,
    system: Option<u64>,
    /// The newest timeline that any server has told.
    fence: u32,
    primary: Option<usize>,
    /// The last primary there was, and its timeline.
    elected: Option<(usize, u32)>,
    epoch: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Member {
    place: Option<Place>,
    /// When the question was put that the place answers.
    asked: Option<Instant>,
    /// When a connection to it was lost: what it said before may have been another life of the server.
    doubted: Option<Instant>,
    answers: bool,
    /// How many times in a row it has not answered.
    silences: u32,
    /// How many samples in a row speak against its state.
    against: u32,
    is_lagging: bool,
    /// Whether it was used before.
    was_usable: bool,
    is_usable: bool,
    /// Since when it is used again.
    back_since: Option<Instant>,
}

impl Topology {
    pub(crate) fn new(members: usize, limits: Limits) -> Self {
        Self {
            limits,
            members: vec![Member::default(); members],
            history: History::default(),
            system: None,
            fence: 0,
            primary: None,
            elected: None,
            epoch: 0,
        }
    }

    /// Hears what `member` answered to a question put at `asked`; nothing if it did not answer.
    pub(crate) fn observe(
        &mut self,
        member: usize,
        answer: Option<Place>,
        asked: Instant,
        now: Instant,
    ) {
        if let Some(place) = answer {
            let system = *self.system.get_or_insert(place.system);
            if place.system == system {
                self.fence = self.fence.max(place.timeline);
            }
        }
        let Some(it) = self.members.get_mut(member) else { return };
        it.answers = answer.is_some();
        match answer {
            Some(place) => {
                it.place = Some(place);
                it.asked = Some(asked);
                it.silences = 0;
            }
            None => it.silences = it.silences.saturating_add(1),
        }
        self.elect();
        match answer {
            Some(place) if self.primary == Some(member) => self.history.note(asked, place.offset),
            Some(place) if place.is_replica => self.judge(member, place.offset, now),
            _ => {}
        }
        self.settle(now);
    }

    /// Hears that a connection to `member` was lost. A server that has died and is back may have replayed less than
    /// it had before, so that what it said before `now` lets nobody read from it.
    pub(crate) fn doubt(&mut self, member: usize, now: Instant) {
        if let Some(it) = self.members.get_mut(member) {
            it.doubted = Some(now);
        }
    }

    /// The server that takes writes, and the number of its reign.
    pub(crate) fn primary(&self) -> Option<(usize, u64)> {
        self.primary.map(|it| (it, self.epoch))
    }

    /// The number of the reign: it changes when another server becomes the primary.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// What a server has answered to a question that was put since `since`.
    pub(crate) fn place_since(&self, member: usize, since: Instant) -> Option<Place> {
        let it = self.members.get(member)?;
        it.place.filter(|_| it.answers && it.asked.is_some_and(|asked| asked >= since))
    }

    /// What a server said last.
    pub(crate) fn place(&self, member: usize) -> Option<Place> {
        self.members.get(member)?.place
    }

    /// A server that has answered, and is of another system than the others.
    pub(crate) fn stranger(&self) -> Option<usize> {
        let is_other = |it: &Member| it.place.is_some_and(|it| Some(it.system) != self.system);
        self.members.iter().position(is_other)
    }

    /// The system that the servers are of.
    pub(crate) fn system(&self) -> Option<u64> {
        self.system
    }

    /// How many times in a row a server has not answered.
    pub(crate) fn silences(&self, member: usize) -> u32 {
        self.members.get(member).map_or(0, |it| it.silences)
    }

    /// Whether a server has been asked and has answered or not.
    pub(crate) fn is_seen(&self, member: usize) -> bool {
        self.members.get(member).is_some_and(|it| it.answers || it.silences > 0)
    }

    /// How old the state of a replica may be; without limit where that is not known.
    pub(crate) fn age(&self, member: usize, now: Instant) -> Duration {
        let offset = self.place(member).map_or(0, |it| it.offset);
        match self.history.age(offset, now) {
            Some(age) if !self.history.is_before(offset) => age,
            _ => Duration::MAX,
        }
    }

    /// How well the replica `member` suits a read.
    pub(crate) fn fit(&self, member: usize, need: &Need, now: Instant) -> Fit {
        let Some(it) = self.members.get(member).filter(|it| it.is_usable) else {
            return Fit::Unfit;
        };
        let Some(place) = it.place else { return Fit::Unfit };
        if it.doubted.is_some_and(|doubted| it.asked.is_none_or(|asked| asked <= doubted)) {
            return Fit::Behind;
        }
        if !need.floor.is_none_or(|floor| place.has(floor)) {
            return Fit::Behind;
        }
        if let Some(max) = need.staleness_max {
            let age = self.history.age(place.offset, now);
            if self.history.is_before(place.offset) || age.is_none_or(|age| age > max) {
                return Fit::Behind;
            }
        }
        Fit::Fits(self.share(it, now))
    }

    /// Whether the primary has all that a read needs.
    pub(crate) fn primary_has(&self, need: &Need) -> bool {
        let timeline = self.primary.and_then(|it| self.place(it)).map_or(0, |it| it.timeline);
        need.floor.is_none_or(|it| it.timeline <= timeline)
    }

    /// What a server is, whether it is used, and how far it is behind.
    pub(crate) fn describe(
        &self,
        member: usize,
        now: Instant,
    ) -> (NodeRole, NodeState, Option<u64>, Option<Duration>) {
        let Some(it) = self.members.get(member) else {
            return (NodeRole::Unknown, NodeState::Unreachable, None, None);
        };
        let Some(place) = it.place.filter(|_| it.answers) else {
            return (NodeRole::Unknown, NodeState::Unreachable, None, None);
        };
        let role = if place.is_replica { NodeRole::Replica } else { NodeRole::Primary };
        if self.system != Some(place.system) || (!place.is_replica && self.primary != Some(member))
        {
            return (role, NodeState::Apart, None, None);
        }
        let state = match it.is_usable || !place.is_replica {
            false => NodeState::Lagging,
            true if self.share(it, now) < 1.0 => NodeState::Warming,
            true => NodeState::Ready,
        };
        let bytes = self.history.end().map(|it| it.saturating_sub(place.offset));
        let lag = match bytes {
            Some(0) => Some(Duration::ZERO),
            _ => self.history.age(place.offset, now),
        };
        match role {
            NodeRole::Replica => (role, state, bytes, lag),
            _ => (role, state, None, None),
        }
    }

    /// Finds the primary: who takes writes on the newest timeline.
    fn elect(&mut self) {
        let is_primary = |it: &Member| {
            let is_on_fence = |it: Place| {
                !it.is_replica && it.timeline == self.fence && self.system == Some(it.system)
            };
            it.answers && it.place.is_some_and(is_on_fence)
        };
        // Where two claim to be it on one timeline, the one that was it stays.
        let last = self.elected.filter(|it| it.1 == self.fence).map(|it| it.0);
        let found = match last {
            Some(last) => Some(last).filter(|it| self.members.get(*it).is_some_and(is_primary)),
            None => self.members.iter().position(is_primary),
        };
        self.primary = found;
        if let Some(found) = found
            && self.elected != Some((found, self.fence))
        {
            self.elected = Some((found, self.fence));
            self.epoch += 1;
        }
    }

    /// Judges whether a replica is too far behind. While there is no primary there is nothing to be behind of.
    fn judge(&mut self, member: usize, offset: u64, now: Instant) {
        if self.primary.is_none() {
            return;
        }
        let bytes = self.history.end().unwrap_or(0).saturating_sub(offset);
        let age = if bytes == 0 { None } else { self.history.age(offset, now) };
        let is_behind =
            bytes > self.limits.lag_max_bytes || age.is_some_and(|it| it > self.limits.lag_max);
        let Some(it) = self.members.get_mut(member) else { return };
        it.against = if is_behind == it.is_lagging { 0 } else { it.against + 1 };
        if it.against >= SAMPLES {
            it.against = 0;
            it.is_lagging = is_behind;
        }
    }

    /// Finds out which replicas are used, and which of them anew.
    fn settle(&mut self, now: Instant) {
        let (system, fence) = (self.system, self.fence);
        for it in &mut self.members {
            let follows =
                |it: Place| it.is_replica && it.timeline == fence && system == Some(it.system);
            let is_usable = it.answers && !it.is_lagging && it.place.is_some_and(follows);
            if is_usable && !it.is_usable && it.was_usable {
                it.back_since = Some(now);
            }
            it.was_usable |= is_usable;
            it.is_usable = is_usable;
        }
    }

    fn share(&self, member: &Member, now: Instant) -> f64 {
        let Some(since) = member.back_since else { return 1.0 };
        let passed = now.saturating_duration_since(since).as_secs_f64();
        (passed / self.limits.slow_start.as_secs_f64().max(f64::EPSILON)).clamp(SHARE_MIN, 1.0)
    }
}

impl Place {
    /// Whether what `floor` stands for has been replayed.
    fn has(self, floor: CommitToken) -> bool {
        self.system == floor.system
            && self.timeline >= floor.timeline
            && self.offset >= floor.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, TestClock};

    const TICK: Duration = Duration::from_millis(100);
    const LIMITS: Limits = Limits {
        lag_max_bytes: 1_000,
        lag_max: Duration::from_secs(1),
        slow_start: Duration::from_secs(10),
    };

    /// Three servers, asked all at once at each tick.
    struct Bench {
        topology: Topology,
        now: Instant,
    }

    impl Bench {
        fn new() -> Self {
            Self { topology: Topology::new(3, LIMITS), now: TestClock::new().now() }
        }

        fn tick(&mut self, answers: [Option<Place>; 3]) {
            self.now += TICK;
            for (member, answer) in answers.into_iter().enumerate() {
                self.topology.observe(member, answer, self.now, self.now);
            }
        }

        fn states(&self) -> [NodeState; 3] {
            [0, 1, 2].map(|it| self.topology.describe(it, self.now).1)
        }

        fn fits(&self, member: usize, need: Need) -> bool {
            matches!(self.topology.fit(member, &need, self.now), Fit::Fits(_))
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "others may not answer")]
    fn primary(timeline: u32, offset: u64) -> Option<Place> {
        Some(Place { system: 1, timeline, offset, is_replica: false })
    }

    fn replica(timeline: u32, offset: u64) -> Option<Place> {
        Some(Place { is_replica: true, ..primary(timeline, offset)? })
    }

    fn after(timeline: u32, offset: u64) -> Need {
        Need { floor: Some(CommitToken { system: 1, timeline, offset }), ..Need::default() }
    }

    #[test]
    fn the_primary_takes_writes_and_replicas_that_keep_up_take_reads() {
        let mut bench = Bench::new();
        bench.tick([primary(1, 100), replica(1, 100), replica(1, 90)]);
        assert_eq!(bench.topology.primary(), Some((0, 1)));
        assert_eq!(bench.states(), [NodeState::Ready; 3]);
        assert!(bench.fits(1, after(1, 100)) && !bench.fits(2, after(1, 100)));
        assert!(!bench.fits(0, Need::default()), "the primary is no replica");
        assert_eq!(bench.topology.fit(2, &after(1, 91), bench.now), Fit::Behind);
        let soon = Need { staleness_max: Some(TICK), ..Need::default() };
        assert!(bench.fits(1, soon) && !bench.fits(2, soon));
    }

    #[test]
    fn who_is_too_far_behind_three_times_is_out_and_comes_back_slowly() {
        let mut bench = Bench::new();
        bench.tick([primary(1, 100), replica(1, 100), replica(1, 100)]);
        for out in [false, false, true] {
            bench.tick([primary(1, 5_000), replica(1, 5_000), replica(1, 3_999)]);
            assert_eq!(bench.states()[2] == NodeState::Lagging, out);
        }
        for _ in 0..3 {
            bench.tick([primary(1, 5_000), replica(1, 5_000), replica(1, 5_000)]);
        }
        assert_eq!(bench.states(), [NodeState::Ready, NodeState::Ready, NodeState::Warming]);
        assert_eq!(bench.topology.fit(2, &Need::default(), bench.now), Fit::Fits(SHARE_MIN));
        bench.now += Duration::from_secs(5);
        assert_eq!(bench.topology.fit(2, &Need::default(), bench.now), Fit::Fits(0.5));
        bench.now += Duration::from_secs(6);
        assert_eq!(bench.states(), [NodeState::Ready; 3]);
    }

    #[test]
    fn a_few_bytes_are_too_much_when_they_are_old_and_an_idle_primary_makes_nobody_old() {
        let mut bench = Bench::new();
        for _ in 0..100 {
            bench.tick([primary(1, 100), replica(1, 100), replica(1, 100)]);
        }
        assert_eq!(bench.states(), [NodeState::Ready; 3]);
        for _ in 0..14 {
            bench.tick([primary(1, 101), replica(1, 101), replica(1, 100)]);
        }
        assert_eq!(bench.states(), [NodeState::Ready, NodeState::Ready, NodeState::Lagging]);
    }

    #[test]
    fn who_does_not_answer_is_out_at_once() {
        let mut bench = Bench::new();
        bench.tick([primary(1, 100), replica(1, 100), replica(1, 100)]);
        bench.tick([None, replica(1, 100), None]);
        assert_eq!(bench.topology.primary(), None);
        assert!(bench.fits(1, after(1, 100)) && !bench.fits(2, Need::default()));
        assert_eq!(bench.topology.silences(2), 1);
        bench.tick([primary(1, 100), replica(1, 100), replica(1, 100)]);
        assert_eq!(bench.topology.primary(), Some((0, 1)), "the same reign goes on");
    }

    #[test]
    fn a_promoted_replica_is_found_and_the_old_primary_is_never_written_to() {
        let mut bench = Bench::new();
        bench.tick([primary(1, 100), replica(1, 100), replica(1, 100)]);
        bench.tick([None, primary(2, 110), replica(1, 105)]);
        assert_eq!(bench.topology.primary(), Some((1, 2)));
        assert!(!bench.fits(2, Need::default()), "it is still on the old timeline");
        bench.tick([primary(1, 200), primary(2, 120), replica(2, 120)]);
        assert_eq!(bench.topology.primary(), Some((1, 2)));
        assert_eq!(bench.states()[0], NodeState::Apart);
        assert!(bench.fits(2, after(1, 100)), "what was committed before the promotion is there");
        // Even where the new primary is gone, and the old one looks fine.
        bench.tick([primary(1, 300), None, replica(2, 120)]);
        assert_eq!(bench.topology.primary(), None);
        bench.tick([replica(2, 130), primary(2, 130), replica(2, 130)]);
        assert_eq!(bench.topology.primary(), Some((1, 2)));
        assert!(bench.fits(0, after(2, 130)), "it follows the new one");
    }

    #[test]
    fn a_timeline_that_only_a_replica_knows_of_stops_writes_too() {
        let mut bench = Bench::new();
        bench.tick([primary(1, 100), replica(1, 100), replica(1, 100)]);
        bench.tick([primary(1, 100), None, replica(2, 100)]);
        assert_eq!(bench.topology.primary(), None);
    }

    #[test]
    fn what_a_server_said_before_a_connection_was_lost_does_not_count() {
        let mut bench = Bench::new();
        bench.tick([primary(1, 100), replica(1, 100), replica(1, 100)]);
        bench.topology.doubt(1, bench.now);
        assert_eq!(bench.topology.fit(1, &after(1, 100), bench.now), Fit::Behind);
        bench.tick([primary(1, 100), replica(1, 90), replica(1, 100)]);
        assert_eq!(bench.topology.fit(1, &after(1, 100), bench.now), Fit::Behind, "it lost some");
        bench.topology.doubt(1, bench.now);
        bench.tick([primary(1, 100), replica(1, 100), replica(1, 100)]);
        assert_eq!(
            bench.topology.fit(1, &after(1, 100), bench.now),
            Fit::Fits(1.0),
            "it was never gone"
        );
    }

    #[test]
    fn another_system_is_apart() {
        let mut bench = Bench::new();
        let other = replica(9, 100).map(|it| Place { system: 2, ..it });
        bench.tick([primary(1, 100), replica(1, 100), other]);
        assert_eq!(bench.states(), [NodeState::Ready, NodeState::Ready, NodeState::Apart]);
        assert_eq!(bench.topology.primary(), Some((0, 1)));
        assert!(!bench.fits(2, Need::default()));
    }

    #[test]
    fn of_two_primaries_on_one_timeline_the_first_stays() {
        let mut bench = Bench::new();
        bench.tick([primary(1, 100), primary(1, 300), replica(1, 100)]);
        bench.tick([None, primary(1, 300), replica(1, 100)]);
        assert_eq!(bench.topology.primary(), None);
        assert_eq!(bench.states()[1], NodeState::Apart);
    }

    #[test]
    fn a_token_of_a_newer_timeline_waits_for_it() {
        let mut bench = Bench::new();
        bench.tick([primary(1, 100), replica(1, 100), replica(1, 100)]);
        assert!(!bench.topology.primary_has(&after(2, 50)));
        assert!(bench.topology.primary_has(&after(1, 500)), "a primary has all of its timeline");
        assert!(!bench.fits(1, after(2, 50)));
    }
}
