//! The second level, as the cache sees it: a store that several nodes share.
//!
//! A [`SharedStore`] keeps payloads that it does not look into, and orders what nodes do to them. Three
//! things make the cache above it correct, whatever the order in which messages arrive:
//!
//! - **Read marks.** Each answer carries a [`ReadMark`]. Who computes a value hands the mark of the miss
//!   back with it, and the store refuses the value if its key, one of its tags, its namespace or
//!   everything was invalidated after the mark was made.
//! - **Fences.** A lease carries a number that is greater than that of any earlier lease of its key. The
//!   store refuses a value with a lease that is not the latest one granted, so a holder that slept through
//!   the end of its lease writes nothing.
//! - **The feed.** An invalidation is applied in the store first, acknowledged to its author, and delivered
//!   to every node. So a node that reads the store after it was delivered sees its effect, and a node that
//!   read before forgets what it read.
//!
//! All times are the store's. Ages and lifetimes cross the interface as spans, so no clock of a node is
//! ever compared with another.

use std::fmt;
use std::time::Instant;

use async_trait::async_trait;

use crate::cache::key::{CacheKey, Scope, Tag};
use crate::error::Result;

/// A moment by the store's clock, in microseconds since the Unix epoch as that clock has it. Stored times
/// of one key never decrease, even when the clock steps back.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StoreTime {
    /// Microseconds.
    pub micros: u64,
}

/// Up to which invalidation a reader has seen the store. Made, compared and understood by the store
/// alone; the cache hands it back as it got it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct ReadMark(pub [u64; 4]);

/// Which lease a write belongs to. Of two leases of one key, the later has the greater fence, also after the
/// store has forgotten the earlier.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fence(pub u64);

/// One cache instance: a process that has two has two.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct NodeId(pub u128);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

/// What the store says about one key.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// The entry, unless there is none that is still kept.
    pub entry: Option<SharedEntry>,
    /// What invalidations this answer has seen.
    pub mark: ReadMark,
}

/// An entry of the store.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedEntry {
    /// The envelope around the value. Opaque to the store.
    pub payload: Vec<u8>,
    /// The tags it was stored with.
    pub tags: Vec<Tag>,
    /// When it was stored.
    pub stored_at: StoreTime,
    /// How old it is: the time since the mark it was stored with, or since it was stored without one.
    pub age_ms: u64,
    /// At which age it stops to be fresh.
    pub fresh_ms: u64,
    /// At which age the store forgets it.
    pub keep_ms: u64,
}

/// An entry to be stored.
#[derive(Clone, Debug)]
pub struct NewEntry<'a> {
    /// Its key.
    pub key: &'a CacheKey,
    /// The envelope around the value.
    pub payload: &'a [u8],
    /// By what it can be invalidated, beside key and namespace.
    pub tags: &'a [Tag],
    /// At which age it stops to be fresh.
    pub fresh_ms: u64,
    /// At which age it is forgotten. Never less than `fresh_ms`.
    pub keep_ms: u64,
    /// The mark from before the value was read from where it comes from. None if it is of now.
    pub since: Option<ReadMark>,
    /// The lease under which it was computed, if any.
    pub fence: Option<Fence>,
    /// Whether others must forget what they have.
    pub announce: Announce,
    /// Who stores it.
    pub origin: NodeId,
}

/// Whether a new entry makes what others hold wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Announce {
    /// It replaces the value: the feeds of others get an invalidation of its key.
    Replaced,
    /// It only fills a gap or renews: what others hold lives out its time.
    Filled,
}

/// What became of an entry to be stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SetOutcome {
    /// It is stored.
    Stored {
        /// When: what [`SharedEntry::stored_at`] will say.
        at: StoreTime,
    },
    /// Something was invalidated that it depends on after its mark was made, or the mark is so old that
    /// the store no longer knows. Nothing was changed.
    Invalidated,
    /// A later lease of the key was granted, or the lease was released. Nothing was changed.
    Fenced,
}

/// A wish to be the one that computes a key.
#[derive(Clone, Debug)]
pub struct ClaimRequest<'a> {
    /// The key.
    pub key: &'a CacheKey,
    /// Who wants to.
    pub holder: NodeId,
    /// For how long, unless renewed.
    pub lease_ms: u64,
    /// The entry that the holder wants to replace, by its `stored_at`. A fresh entry that was stored later
    /// answers the claim; so does any fresh entry where this is none.
    pub replacing: Option<StoreTime>,
}

/// The answer to a [`ClaimRequest`].
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// Somebody has computed it already.
    Present(SharedEntry),
    /// The lease is granted.
    Granted(Lease),
    /// Somebody else holds the lease, for so much longer unless renewed. More than any lease is granted for says
    /// that its holder has failed, and that nobody with an old value should try before it ends.
    Held {
        /// Milliseconds until the lease ends.
        remaining_ms: u64,
    },
}

/// The right to compute a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease {
    /// The key.
    pub key: CacheKey,
    /// Who holds it.
    pub holder: NodeId,
    /// Which of the leases of the key.
    pub fence: Fence,
    /// What invalidations the store had applied when the lease was granted. Goes with the value.
    pub mark: ReadMark,
}

/// A store that nodes share.
///
/// Every method may be slow and may fail with a transient error; the cache sets deadlines, and drops the
/// future of a call that missed its own: what the call would have done is then done wholly or not at all,
/// and later calls are not disturbed.
#[async_trait]
pub trait SharedStore: fmt::Debug + Send + Sync {
    /// Returns what kind of store this is, such as `redis`.
    fn name(&self) -> &'static str;

    /// Returns the time of the store. Cheap: serves to find out whether the store is back.
    ///
    /// # Errors
    ///
    /// Transient ones if the store does not answer.
    async fn time(&self) -> Result<StoreTime>;

    /// Reads entries; one answer for each key, in the order of `keys`, in as few round trips as the store
    /// allows.
    ///
    /// No entry is returned that an invalidation covers which was acknowledged before the call, be it of
    /// its key, one of its tags, its namespace or everything; nor one whose age is at least its `keep_ms`.
    /// An entry that is no longer fresh but kept is returned.
    ///
    /// # Errors
    ///
    /// Transient ones if the store does not answer. `SourceInvalid` never: an entry that cannot be read is
    /// missing.
    async fn get(&self, keys: &[CacheKey]) -> Result<Vec<Fetched>>;

    /// Stores an entry, all of it or nothing. The checks for `since` and `fence` and the write are one step.
    ///
    /// # Errors
    ///
    /// `LimitExceeded` if the payload is too large for the store; transient ones if the outcome is not
    /// known.
    async fn set(&self, entry: &NewEntry<'_>) -> Result<SetOutcome>;

    /// Invalidates: from the acknowledgement on, no `get` returns what `scopes` cover, no `set` with an
    /// older mark succeeds, and no `claim` is answered with it. Then, and not before, every feed gets it.
    /// Costs as much however many entries are covered.
    ///
    /// [`Scope::Everything`] starts a new epoch.
    ///
    /// # Errors
    ///
    /// Transient ones if the outcome is not known: the cache repeats the call, which does no harm.
    async fn invalidate(&self, scopes: &[Scope], origin: NodeId) -> Result<()>;

    /// Asks to be the one that computes a key.
    ///
    /// # Errors
    ///
    /// Transient ones if the store does not answer.
    async fn claim(&self, request: &ClaimRequest<'_>) -> Result<Claim>;

    /// Lets a lease last for `lease_ms` from now, which may be much longer than it was granted for. Returns false if it is no longer the latest or has ended.
    ///
    /// # Errors
    ///
    /// Transient ones if the store does not answer.
    async fn renew(&self, lease: &Lease, lease_ms: u64) -> Result<bool>;

    /// Gives a lease back, so that another may have it at once. A later `set` with its fence is refused.
    /// Does nothing if it has ended.
    ///
    /// # Errors
    ///
    /// Transient ones if the store does not answer; the lease then ends by itself.
    async fn release(&self, lease: &Lease) -> Result<()>;

    /// Starts to listen to invalidations. Never fails: a feed that cannot connect says so by
    /// [`FeedEvent::Disconnected`] and goes on trying.
    fn feed(&self, node: NodeId) -> Box<dyn InvalidationFeed>;

    /// Ends connections and the tasks behind them. Later calls fail with `Unavailable`.
    async fn close(&self);
}

/// What is invalidated by any node, as one node hears it.
///
/// ```text
///             ┌──────────── lost ─────────────┐
///             ▼                               │
///   Disconnected ──▶ Connected { resumed } ──▶ Invalidated | Everything | Lost | Current …
/// ```
///
/// Events may come twice and in another order than they were made. None is left out between `Connected`
/// and `Disconnected`; a feed that cannot be sure of that says `Everything`.
#[async_trait]
pub trait InvalidationFeed: fmt::Debug + Send {
    /// Waits for the next event. Dropping the future loses no event.
    async fn next(&mut self) -> FeedEvent;
}

/// What a feed tells.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedEvent {
    /// The connection is up.
    Connected {
        /// Whether nothing was missed since the feed was last connected: what happened meanwhile follows. If
        /// not, and at the first time, the node forgets everything it holds.
        resumed: bool,
    },
    /// The connection is lost, or not there yet.
    Disconnected,
    /// Something was invalidated.
    Invalidated {
        /// What.
        scopes: Vec<Scope>,
        /// By whom. None if by a writer that is no cache. The node that did it has forgotten already, and
        /// ignores it.
        origin: Option<NodeId>,
    },
    /// The node must forget everything it holds: events may have been lost, or a new epoch has begun.
    Everything,
    /// The store may have lost what it acknowledged, as when a server was replaced that had not yet passed it on.
    /// The node forgets everything it holds, and tells the store again what was acknowledged last.
    Lost,
    /// Every invalidation that the store acknowledged before this moment, by the clock of this node, has
    /// been delivered, and will not be lost without a `Lost` to come. A connected feed says so at least five
    /// times a second, and does not when the store is silent: by it the cache knows for how long it may trust
    /// what it holds.
    Current {
        /// The moment: when the request was sent whose answer shows it, or earlier.
        as_of: Instant,
    },
}
