//! What one handle has written, and what its reads must see.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::database::replicas::token::CommitToken;

/// What one handle has written, and what its reads must see.
#[derive(Debug, Default)]
pub(crate) struct Session(Mutex<Seen>);

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    token: Option<CommitToken>,
    /// How many writes there were whose position is not known.
    unplaced: u64,
}

/// Writes up to a number whose position is not known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Unplaced(u64);

impl Session {
    /// From now on reads see what `token` stands for.
    pub(crate) fn see(&self, token: CommitToken) {
        let mut seen = self.seen();
        seen.token = Some(seen.token.map_or(token, |it| it.later(token)));
    }

    /// A write was committed, or may have been, and its position is not known.
    fn wrote_somewhere(&self) {
        self.seen().unplaced += 1;
    }

    /// A write begins: it counts as one of unknown position, unless it is told how it ended.
    pub(crate) fn begin_write(&self) -> Write<'_> {
        Write(Some(self))
    }

    /// What reads must see, as far as that is known; and whether there is more.
    pub(crate) fn floor(&self) -> (Option<CommitToken>, Option<Unplaced>) {
        let seen = *self.seen();
        (seen.token, (seen.unplaced > 0).then_some(Unplaced(seen.unplaced)))
    }

    /// Hears a position that is behind all writes that `unplaced` tells of.
    pub(crate) fn place(&self, unplaced: Unplaced, token: CommitToken) {
        self.see(token);
        let mut seen = self.seen();
        // One that was made meanwhile is still to be placed.
        if seen.unplaced == unplaced.0 {
            seen.unplaced = 0;
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a write ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// Nothing was changed.
    Nothing,
    /// It was committed at or before this position.
    Committed(CommitToken),
    /// It was committed, or may have been, and where is not known.
    Somewhere,
}

/// A write whose end has not been heard of. Whoever drops it does not know either.
#[derive(Debug)]
pub(crate) struct Write<'a>(Option<&'a Session>);

impl Write<'_> {
    /// Hears how it ended.
    pub(crate) fn ended(mut self, end: End) {
        match (self.0.take(), end) {
            (Some(session), End::Committed(token)) => session.see(token),
            (Some(session), End::Somewhere) => session.wrote_somewhere(),
            _ => {}
        }
    }
}

impl Drop for Write<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.0.take() {
            session.wrote_somewhere();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: CommitToken = CommitToken { system: 1, timeline: 1, offset: 5 };

    #[test]
    fn a_write_of_unknown_position_counts_until_a_later_position_is_known() {
        let session = Session::default();
        session.begin_write().ended(End::Nothing);
        assert_eq!(session.floor(), (None, None));
        drop(session.begin_write());
        let (none, unplaced) = session.floor();
        assert_eq!(none, None);
        let unplaced = unplaced.unwrap();
        session.begin_write().ended(End::Somewhere);
        session.place(unplaced, TOKEN);
        let (token, still) = session.floor();
        assert_eq!(token, Some(TOKEN));
        session.place(still.unwrap(), TOKEN);
        assert_eq!(session.floor(), (Some(TOKEN), None));
    }
}
