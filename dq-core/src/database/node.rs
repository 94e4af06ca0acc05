//! The servers that a logical database is made of.

use std::time::Duration;

/// One server of a logical database, as it was last seen.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Node {
    /// How messages name it. Holds no password.
    pub name: String,
    /// What it is to the others.
    pub role: NodeRole,
    /// Whether it is used.
    pub state: NodeState,
    /// How many bytes of the log it has yet to replay; `None` where that is not known.
    pub lag_bytes: Option<u64>,
    /// How old the oldest change is that it has yet to replay; `None` where that is not known.
    #[serde(rename = "lag_seconds", serialize_with = "as_some_seconds")]
    pub lag: Option<Duration>,
    /// Why it is not used, where that is known. Holds no password.
    pub error: Option<String>,
}

/// What a server is to the others.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NodeRole {
    /// It takes the writes.
    Primary,
    /// It follows the primary.
    Replica,
    /// It holds a part of the rows of tables that are distributed.
    Shard,
    /// Not known, since it does not answer.
    Unknown,
}

/// Whether a server is used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NodeState {
    /// It is.
    Ready,
    /// It has come back, and gets its share of reads little by little.
    Warming,
    /// It is not, until it has caught up.
    Lagging,
    /// It is not, since it does not answer, or calls to it failed.
    Unreachable,
    /// It is not, since it lets nobody in who was to read there, or the server in front of it does not know as whom to come.
    Refused,
    /// It is not, since its data went another way: a primary that was replaced, or another system altogether.
    Apart,
}

impl Node {
    /// A server of which nothing is known but its name.
    pub fn unknown(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            role: NodeRole::Unknown,
            state: NodeState::Unreachable,
            lag_bytes: None,
            lag: None,
            error: None,
        }
    }
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn as_some_seconds<S: serde::Serializer>(
    span: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&span.map(|it| it.as_secs_f64()), serializer)
}
