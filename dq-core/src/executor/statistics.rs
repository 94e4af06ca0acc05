//! What an executor tells about its work.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

/// An answer, and what it took.
#[derive(Clone, Debug)]
pub struct Executed<T> {
    /// The answer.
    pub value: T,
    /// What it took.
    pub statistics: CallStatistics,
}

/// What one call took.
#[derive(Clone, Debug, Serialize)]
pub struct CallStatistics {
    /// The rows that it gave; of a write, those that it changed.
    pub rows: u64,
    /// About how many bytes of memory these rows take.
    pub bytes: u64,
    /// How long it waited for a place and between attempts.
    #[serde(rename = "waited_seconds", serialize_with = "as_seconds")]
    pub waited: Duration,
    /// How long the database worked, over all attempts, or the cache.
    #[serde(rename = "ran_seconds", serialize_with = "as_seconds")]
    pub ran: Duration,
    /// Whether the answer is an earlier one.
    pub cached: bool,
    /// How often the database was asked; 0 for an earlier answer.
    pub attempts: u32,
    /// The database that answered, without credentials.
    #[serde(serialize_with = "as_text")]
    pub node: Arc<str>,
}

/// What an executor has done since it was made, and what it is doing now.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ExecutorStatistics {
    /// How many calls have a place at the database.
    pub running: usize,
    /// How many wait for one.
    pub waiting: usize,
    /// All calls together.
    pub total: NameStatistics,
    /// By the names of the calls, and of their parts: see [`GatedSource`](crate::executor::GatedSource). Of more than 1000 names the later ones are together under `…`.
    pub names: BTreeMap<String, NameStatistics>,
}

/// What the calls of one name took together.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct NameStatistics {
    /// How many calls have ended, whichever way.
    pub calls: u64,
    /// How many of them ended with an error.
    pub errors: u64,
    /// How many were dropped by their caller before they ended.
    pub dropped: u64,
    /// How many were answered by an earlier answer.
    pub cached: u64,
    /// How often the database was asked.
    pub attempts: u64,
    /// The rows that they gave or changed.
    pub rows: u64,
    /// About how many bytes of memory these rows took.
    pub bytes: u64,
    /// How long they waited.
    #[serde(rename = "waited_seconds", serialize_with = "as_seconds")]
    pub waited: Duration,
    /// How long the database worked.
    #[serde(rename = "ran_seconds", serialize_with = "as_seconds")]
    pub ran: Duration,
}

impl CallStatistics {
    /// Nothing so far.
    pub(crate) fn none(node: Arc<str>) -> Self {
        let (waited, ran) = (Duration::ZERO, Duration::ZERO);
        Self { rows: 0, bytes: 0, waited, ran, cached: false, attempts: 0, node }
    }
}

impl NameStatistics {
    /// Adds a call that has ended.
    pub(crate) fn add(&mut self, call: &CallStatistics, end: End) {
        self.calls += 1;
        self.errors += u64::from(end == End::Failed);
        self.dropped += u64::from(end == End::Dropped);
        self.cached += u64::from(call.cached);
        self.attempts += u64::from(call.attempts);
        self.rows += call.rows;
        self.bytes += call.bytes;
        self.waited += call.waited;
        self.ran += call.ran;
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// With an answer.
    Answered,
    /// With an error.
    Failed,
    /// Its caller did not wait for the end.
    Dropped,
}

fn as_seconds<S: serde::Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(span.as_secs_f64())
}

fn as_text<S: serde::Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}
