//! What tells two states of a table apart.

use serde::{Deserialize, Serialize};

#[cfg(feature = "cache")]
use crate::source::Source;

/// The state of a table at one moment, as far as it can be told without reading the table.
///
/// Equal versions mean equal rows: whoever finds the same version before and after reading a table has read
/// the rows of that version, and would read them again as long as it is the same. Different versions mean
/// nothing; the rows may be equal.
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

/// The versions of several tables of a source.
#[cfg(feature = "cache")]
#[derive(Clone, Debug)]
pub(crate) struct Versions(Vec<(String, Version)>);

#[cfg(feature = "cache")]
impl Versions {
    /// The present ones; `None` if the source cannot tell one of them. Without tables there are none, and
    /// nothing that could change.
    pub(crate) async fn of(source: &dyn Source, tables: Vec<String>) -> Option<Self> {
        let mut versions = Vec::new();
        for table in tables {
            // An error is one of the reading, too, which tells it better.
            let version = source.version(&table).await.ok()??;
            versions.push((table, version));
        }
        Some(Self(versions))
    }

    /// The names and the states of the tables, as far as `reach` wants them told.
    pub(crate) fn reaching(&self, reach: VersionReach) -> Vec<String> {
        let states = self.0.iter().map(|(table, it)| [table.clone(), it.reaching(reach)]);
        states.flatten().collect()
    }

    /// Whether `source` tells the same now: then what was read of it meanwhile is of these versions, and of
    /// no other.
    pub(crate) async fn still_hold(&self, source: &dyn Source) -> bool {
        for (table, earlier) in &self.0 {
            match source.version(table).await {
                Ok(Some(later)) if later.local == earlier.local => {}
                _ => return false,
            }
        }
        true
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
