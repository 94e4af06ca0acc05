//! What tells two states of a table apart.

use serde::{Deserialize, Serialize};

/// The state of a table at one moment, as far as it can be told without reading the table.
///
/// Equal versions mean equal rows: whoever reads a table after taking its version, and later finds the
/// same version, would read the same rows again. Different versions mean nothing; the rows may be equal.
///
/// [`shared`](Self::shared) is missing more often than [`local`](Self::local): what one process can
/// tell for itself it may not be able to tell others.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Version {
    local: String,
    shared: Option<String>,
}

impl Version {
    /// Creates a version.
    pub fn new(local: impl Into<String>, shared: Option<String>) -> Self {
        Self { local: local.into(), shared }
    }

    /// The state as far as `reach` wants it told, as a text that tells it from all others.
    pub fn reaching(&self, reach: VersionReach) -> String {
        match (reach, self.shared()) {
            (VersionReach::Everywhere, Some(shared)) => format!("everywhere {shared}"),
            _ => format!("process {}", self.local()),
        }
    }

    /// The state as the manager that gave it sees it. Comparable with what the same manager gives
    /// later, and never equal to what another manager gives, in this process or another.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The state as every process that reaches the same database sees it; `None` while it cannot be
    /// told with certainty, for example because the last change is too recent.
    pub fn shared(&self) -> Option<&str> {
        self.shared.as_deref()
    }
}

/// By which versions of a table its data count as unchanged, when what was read of them is used again.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VersionReach {
    /// Those that the source tells this process: every commit counts at once, whoever made it. Other
    /// processes, and the same one after a restart, cannot use what is kept.
    #[default]
    Process,
    /// Those that every process sees, where there is one, so that processes that share a cache use what
    /// each other has kept. What they rest on is told by [`Version::shared`].
    Everywhere,
}
