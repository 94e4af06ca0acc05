//! `data_quality`: which rules are run, and how.

use crate::config::key::Key;
use crate::config::kind::{DAY_MS, Kind};

const fn quality(path: &'static str, kind: Kind, meaning: &'static str) -> Key {
    Key::new(path, kind, meaning).awaits("scheduled validation")
}

pub(crate) const KEYS: &[Key] = &[
    quality("data_quality.rules.*.enabled", Kind::Flag, "Whether the rule is run."),
    quality(
        "data_quality.rules.*.severity",
        Kind::Word(&["info", "low", "medium", "high", "critical"]),
        "How much a violation matters.",
    ),
    quality("data_quality.rules.*.cache_results", Kind::Flag, "Whether its verdict is cached."),
    quality(
        "data_quality.thresholds.max_execution_time",
        Kind::seconds(1_000, DAY_MS),
        "How long a run may take.",
    )
    .default("300"),
    quality(
        "data_quality.thresholds.max_memory",
        Kind::Size(1 << 20, 1 << 44),
        "How much memory a run may take.",
    ),
    quality(
        "data_quality.processing.chunk_size",
        Kind::Whole(1, 100_000_000),
        "How many rows are worked on at a time.",
    )
    .default("50000"),
    quality(
        "data_quality.processing.parallel_workers",
        Kind::Whole(1, 1_024),
        "How many threads work on a run.",
    )
    .default("4"),
    quality(
        "data_quality.results.retention",
        Kind::seconds(0, 3_650 * DAY_MS),
        "How long reports are kept.",
    )
    .default("30d"),
    quality(
        "data_quality.results.formats",
        Kind::List(&Kind::Word(&["xlsx", "csv", "json", "html"])),
        "The forms in which they are kept.",
    ),
    quality(
        "data_quality.results.max_export_size",
        Kind::Size(1 << 10, 1 << 44),
        "How large an export may be.",
    ),
];
