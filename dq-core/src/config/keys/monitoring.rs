//! `monitoring`: what dq tells about itself.

use crate::config::key::Key;
use crate::config::kind::{DAY_MS, Kind};

const fn monitoring(path: &'static str, kind: Kind, meaning: &'static str) -> Key {
    Key::new(path, kind, meaning).awaits("monitoring")
}

pub(crate) const KEYS: &[Key] = &[
    monitoring(
        "monitoring.collection_interval",
        Kind::seconds(1_000, DAY_MS),
        "How often figures are collected.",
    )
    .default("30"),
    monitoring("monitoring.retention", Kind::seconds(0, 3_650 * DAY_MS), "How long they are kept.")
        .default("7d"),
    monitoring("monitoring.prometheus.enabled", Kind::Flag, "Whether Prometheus may fetch them.")
        .default("false"),
    monitoring("monitoring.prometheus.path", Kind::Path, "Under which path.").default("/metrics"),
    monitoring("monitoring.prometheus.port", Kind::Whole(1, 65_535), "On which port.")
        .default("9090"),
    monitoring("monitoring.logging.format", Kind::Word(&["json", "text"]), "The form of the log.")
        .default("json"),
    monitoring(
        "monitoring.logging.level",
        Kind::Word(&["error", "warn", "info", "debug", "trace"]),
        "The least weight of what is logged.",
    )
    .default("info")
    .set_by(&["DQ_LOG_LEVEL"]),
    monitoring("monitoring.alerting.enabled", Kind::Flag, "Whether somebody is told.")
        .default("false"),
    monitoring("monitoring.alerting.rules.[].name", Kind::Text, "What an alert is called."),
    monitoring(
        "monitoring.alerting.rules.[].condition",
        Kind::Text,
        "When it is raised, such as `error_rate > 5%`.",
    ),
    monitoring(
        "monitoring.alerting.rules.[].severity",
        Kind::Word(&["info", "warning", "critical"]),
        "How much it matters.",
    ),
    monitoring(
        "monitoring.alerting.webhook",
        Kind::Secret,
        "The URL that is told; whoever knows it may write there.",
    ),
];
