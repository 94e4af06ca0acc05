//! What a leader does where nodes share a store: look there, ask to be the one that computes, and put the
//! value there.
//!
//! ```text
//!   get ──fresh──▶ done                      ┌─ held: look again in a while, until somebody has put it
//!    │                                       │
//!    └─ missing, expired ──▶ claim ──────────┼─ present: done
//!    │                                       │
//!    │                                       ├─ resting: the old value
//!    └─ no answer: compute, share nothing    └─ granted ──▶ compute, renewing ──▶ set ──▶ release
//!                                                                 └─ fails ──▶ rest
//! ```
//!
//! Who could not renew a value and falls back on the old one does not give its lease back but has it last for
//! as long as nobody is to try again: longer than any lease to compute with, by which others know it. They
//! fall back too, without asking where the value comes from. Who has nothing to fall back on asks there.

use std::sync::Arc;
use std::time::Duration;

use crate::cache::engine::lead::Lead;
use crate::cache::flight::{Outcome, Source};
use crate::cache::local::Moment;
use crate::cache::local::entry::{Age, Entry};
use crate::cache::local::lifetime::nanos;
use crate::cache::manager::{Compute, Computed};
use crate::cache::options::AcrossNodes;
use crate::cache::second::{Filled, Filling, Second};
use crate::cache::shared::{Claim, ClaimRequest, Lease, ReadMark, SharedEntry};

/// How soon a node looks again whether another has finished, at first and at last.
const POLL_MIN: Duration = Duration::from_millis(20);
const POLL_MAX: Duration = Duration::from_millis(100);

/// What goes with a value into the store.
#[derive(Debug, Default)]
pub(crate) struct Ticket {
    /// From before the value was read. Without it the value is not shared.
    pub(crate) mark: Option<ReadMark>,
    pub(crate) lease: Option<Lease>,
    /// Whether the value could not be renewed under the lease, and the old one is served.
    pub(crate) has_failed: bool,
}

impl Lead {
    pub(crate) async fn through_the_store(
        &mut self,
        compute: Compute,
        ticket: &mut Ticket,
    ) -> Outcome {
        let engine = Arc::clone(&self.engine);
        let Some(second) = &engine.second else { return self.here(compute).await };
        if let Some(outcome) = self.seek(second, ticket).await {
            return outcome;
        }
        let moment = engine.local.moment();
        let computing = engine.computed(compute, &self.options);
        let result = match &ticket.lease {
            Some(lease) => second.while_renewing(lease, computing).await,
            None => computing.await,
        };
        let value = match result {
            Ok(Computed::Lasting(value)) => value,
            Ok(Computed::Passing(value)) => {
                return Outcome::Found { value, source: Source::Computed };
            }
            Err(error) => {
                let outcome = self.failed(error);
                ticket.has_failed = matches!(outcome, Outcome::Found { .. });
                return outcome;
            }
        };
        let life = self.life(value.is_some());
        let filling = Filling {
            key: &self.key,
            codec: self.codec,
            value: value.as_ref(),
            tags: &self.options.tags,
            life,
            since: ticket.mark,
            fence: ticket.lease.as_ref().map(|it| it.fence),
        };
        match second.fill(&filling).await {
            Filled::Stored(at) => self.keep(moment, life, value, Some(at)),
            Filled::Not => self.keep(moment, life, value, None),
            Filled::Refused => Outcome::Found { value, source: Source::Computed },
        }
    }

    /// Looks for the value in the store, and gets the right to compute it.
    async fn seek(&mut self, second: &Second, ticket: &mut Ticket) -> Option<Outcome> {
        let moment = self.engine.local.moment();
        let fetched = second.get_one(&self.key).await?;
        ticket.mark = Some(fetched.mark);
        if let Some(entry) = fetched.entry
            && let Some(outcome) = self.adopt(second, moment, &entry)
        {
            return Some(outcome);
        }
        match self.options.across_nodes {
            AcrossNodes::Each => None,
            AcrossNodes::Once => self.claim(second, ticket).await,
        }
    }

    async fn claim(&mut self, second: &Second, ticket: &mut Ticket) -> Option<Outcome> {
        let key = self.key.clone();
        let holder = second.node();
        let lease_ms = second.lease_ms();
        let patience = nanos(self.options.compute_timeout_ms);
        let until = self.engine.local.now().saturating_add(patience);
        let mut poll = POLL_MIN;
        loop {
            let replacing = self.old.as_ref().and_then(|it| it.stored_at);
            let moment = self.engine.local.moment();
            match second.claim(&ClaimRequest { key: &key, holder, lease_ms, replacing }).await? {
                Claim::Present(entry) => return self.adopt(second, moment, &entry),
                Claim::Granted(lease) => {
                    ticket.mark = Some(lease.mark);
                    ticket.lease = Some(lease);
                    return None;
                }
                Claim::Held { remaining_ms } if remaining_ms > lease_ms => {
                    return self.fallen_back(nanos(remaining_ms));
                }
                Claim::Held { .. } if self.engine.local.now() >= until => return None,
                Claim::Held { remaining_ms } => {
                    let left = Duration::from_millis(remaining_ms.max(1));
                    self.engine.local.clock().sleep(poll.min(left)).await;
                    poll = (poll * 2).min(POLL_MAX);
                }
            }
        }
    }

    /// Takes over an entry of the store: as the answer if it is fresh and not what is to be replaced, or else
    /// as what to fall back on.
    fn adopt(&mut self, second: &Second, moment: Moment, entry: &SharedEntry) -> Option<Outcome> {
        let is_known = self.old.as_ref().is_some_and(|it| it.stored_at == Some(entry.stored_at));
        let adopted = (&self.key, self.codec, &self.options);
        let (entry, age) = self.engine.adopt(second, adopted, moment, entry)?;
        let value = entry.value.clone();
        let is_answer = matches!(age, Age::Fresh | Age::Due) && !is_known;
        // That what is in memory now is noted to have failed, also where it is the same as before.
        let is_as_good = |old: &Arc<Entry>| old.stored_at <= entry.stored_at;
        if !is_answer && self.old.as_ref().is_none_or(is_as_good) {
            self.old = Some(entry);
        }
        is_answer.then_some(Outcome::Found { value, source: Source::Shared })
    }
}

/// The age of an entry when it was `age_ms` old at `moment`: when its reading began.
pub(crate) fn read_at(moment: Moment, age_ms: u64) -> u64 {
    // The store tells whole milliseconds: it may have been one more.
    moment.at.saturating_sub(nanos(age_ms.saturating_add(1)))
}
