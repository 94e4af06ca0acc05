//! What a run took: its source, each of its rules, and the cache of verdicts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::executor::{ExecutorStatistics, NameStatistics};
use crate::validate::report::seconds;
use crate::validate::{Report, RuleReport};

/// What a run took. Reports have it where it was asked for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RunStatistics {
    /// How many snapshots of the source were read: one, or none for the verdict of an earlier run.
    pub snapshots: u64,
    /// How often the source was asked for one; an attempt that fails may be made again.
    pub attempts: u64,
    /// How many rows the source gave, those of queries included.
    pub rows: u64,
    /// About how many bytes of memory these rows took.
    pub bytes: u64,
    /// How long the run waited for its place at the source, and between attempts.
    #[serde(rename = "waited_seconds", with = "seconds")]
    pub waited: Duration,
    /// How long the source was read.
    #[serde(rename = "read_seconds", with = "seconds")]
    pub read: Duration,
    /// What each rule took, in the order of the rule set.
    pub rules: Vec<RuleStatistics>,
    /// What the cache of verdicts did, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheUse>,
}

/// What one rule took.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RuleStatistics {
    /// The id of the rule.
    pub id: String,
    /// How many rows its checks judged; a row counts for each of them.
    pub rows: u64,
    /// How many queries the source ran for this rule alone.
    pub queries: u64,
    /// How long its rows were judged, added up over threads, and its queries ran. What is done for several rules
    /// counts for each with its part; the reading of rows is for all together, and not in it.
    #[serde(rename = "seconds", with = "seconds")]
    pub took: Duration,
}

/// What a cache did for a run.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct CacheUse {
    /// How many look-ups found an earlier verdict.
    pub hits: u64,
    /// How many found none.
    pub misses: u64,
}

impl RunStatistics {
    /// What the run behind `report` took, by the figures of the executor that it passed as the call `name`, and
    /// as nothing else.
    pub fn of(report: &Report, executor: &ExecutorStatistics, name: &str) -> Self {
        let figures = |name: &str| executor.names.get(name).cloned().unwrap_or_default();
        let rule = |it: &RuleReport| {
            let NameStatistics { rows, attempts: queries, ran: took, .. } =
                figures(&format!("{name}/{}", it.id));
            RuleStatistics { id: it.id.clone(), rows, queries, took }
        };
        let run = figures(name);
        Self {
            snapshots: run.calls,
            attempts: run.attempts,
            rows: run.rows,
            bytes: run.bytes,
            waited: run.waited,
            read: run.ran,
            rules: report.rules.iter().map(rule).collect(),
            cache: None,
        }
    }
}
