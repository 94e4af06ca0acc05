//! How much isolation is asked of a database server.

use serde::{Deserialize, Serialize};

/// What a transaction sees of the changes of others.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum IsolationLevel {
    /// Each statement sees what was committed when it began.
    ReadCommitted,
    /// All statements see what was committed when the first began.
    #[default]
    RepeatableRead,
    /// As if transactions ran one after the other.
    Serializable,
}
