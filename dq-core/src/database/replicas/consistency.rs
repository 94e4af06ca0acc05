//! What a read may miss.

use std::time::Duration;

/// What a read may miss of the writes that were committed before it began.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Consistency {
    /// Nothing that was written by the same handle, nor what the tokens that it was given stand for. The default.
    #[default]
    ReadYourWrites,
    /// Whatever a replica that is not lagging has yet to replay. Two reads may go back in time.
    Eventual,
    /// What was committed within so much time before the read, and nothing older. It is measured from when a
    /// replica was last seen to have everything, and so is at least the interval at which servers are polled.
    Bounded {
        /// How old the newest state that is read may be.
        staleness_max: Duration,
    },
    /// Nothing: the primary is read.
    Strong,
}
