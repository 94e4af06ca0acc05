//! Calls that must go to the primary, whoever that is meanwhile.

use std::sync::Arc;
use std::time::Instant;

use crate::database::replicas::cluster::Cluster;
use crate::database::replicas::member::Member;
use crate::database::replicas::session::End;
use crate::database::replicas::token::CommitToken;
use crate::database::replicas::topology::Topology;
use crate::error::{Error, ErrorKind, Result};
use crate::source::Source;

/// Who took a write, and in which reign.
#[derive(Clone, Debug)]
pub(crate) struct Primary {
    pub(crate) member: Arc<Member>,
    pub(crate) number: usize,
    pub(crate) epoch: u64,
}

impl Cluster {
    /// Makes a call that writes on the primary. While there is none it waits for one; a call of which the server says
    /// that it did nothing, since it is no primary any more or is going away, is made anew.
    pub(crate) async fn write<T, F>(
        self: &Arc<Self>,
        call: impl Fn(Arc<Member>) -> F,
    ) -> Result<(T, Primary)>
    where
        F: Future<Output = Result<T>>,
    {
        let deadline = self.clock.now() + self.config.failover();
        loop {
            self.check_open()?;
            let primary = self.primary_by(deadline).await?;
            let asked = self.clock.now();
            let result = tokio::select! {
                biased;
                result = call(Arc::clone(&primary.member)) => result,
                () = self.replaced(primary.epoch) => Err(lost_reign(&primary)),
            };
            let error = match result {
                Ok(it) => return Ok((it, primary)),
                Err(error) => error,
            };
            self.poke(u64::MAX);
            let did_nothing =
                matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::PermissionDenied);
            if !did_nothing || self.clock.now() >= deadline || self.reigns(&primary, asked).await {
                return Err(error);
            }
        }
    }

    /// Whether the primary is still the same, as asked for after `asked`.
    pub(crate) async fn reigns(&self, primary: &Primary, asked: Instant) -> bool {
        let patience = self.config.poll_interval() + self.config.poll_timeout();
        let found = self.wait(patience, |topology| {
            let is_told = topology.place_since(primary.number, asked).is_some();
            let is_gone = topology.primary().is_none_or(|it| it.1 != primary.epoch);
            (is_told || is_gone).then_some(!is_gone)
        });
        found.await.unwrap_or(false)
    }

    /// Whether the primary is the same as far as is known.
    pub(crate) fn still_reigns(&self, primary: &Primary) -> bool {
        self.topology().epoch() == primary.epoch
    }

    /// What a position on the primary is as a token.
    pub(crate) fn token(&self, (timeline, offset): (u32, u64)) -> Option<CommitToken> {
        Some(CommitToken { system: self.topology().system()?, timeline, offset })
    }

    /// What a session has to know of a write that ended so.
    pub(crate) fn written(&self, result: Result<Option<(u32, u64)>, &Error>) -> End {
        match result {
            Ok(end) => end.and_then(|it| self.token(it)).map_or(End::Somewhere, End::Committed),
            Err(error) if error.kind() == ErrorKind::OutcomeUnknown => End::Somewhere,
            Err(_) => End::Nothing,
        }
    }

    /// A position behind all commits so far; nothing where no primary tells it.
    pub(crate) async fn end_of_log(&self) -> Option<CommitToken> {
        let since = self.clock.now();
        self.poke(u64::MAX);
        let patience = self.config.poll_interval() + self.config.poll_timeout();
        let found = self.wait(patience, |topology| {
            let (number, _) = topology.primary()?;
            topology.place_since(number, since)
        });
        let place = found.await?;
        self.token((place.timeline, place.offset))
    }

    async fn primary_by(&self, deadline: Instant) -> Result<Primary> {
        let left = deadline.saturating_duration_since(self.clock.now());
        let look =
            |it: &Topology| it.primary().map(Some).or_else(|| self.is_closed().then_some(None));
        let found = self.wait(left, look).await.flatten();
        let (number, epoch) = found.ok_or_else(|| self.nobody("write to"))?;
        let member = self.members.get(number).ok_or_else(|| self.nobody("write to"))?;
        Ok(Primary { member: Arc::clone(member), number, epoch })
    }

    /// Waits until another reign has begun.
    async fn replaced(&self, epoch: u64) {
        self.watch(|it| (it.epoch() != epoch).then_some(())).await;
    }

    /// Waits until a server has been silent twice: what it was asked, it will not answer soon.
    pub(crate) async fn silence(&self, number: usize) {
        self.watch(|it| (it.silences(number) >= 2).then_some(())).await;
    }
}

fn lost_reign(primary: &Primary) -> Error {
    let name = primary.member.database.name();
    let reason = "it was replaced as the primary before it answered";
    let message =
        format!("cannot change `{name}`: {reason}; whether the change was made is not known");
    Error::new(ErrorKind::OutcomeUnknown, message)
}
