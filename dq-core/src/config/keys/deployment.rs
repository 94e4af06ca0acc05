//! `deployment`: how many instances run.

use crate::config::key::Key;
use crate::config::kind::{DAY_MS, Kind};

const fn deployment(path: &'static str, kind: Kind, meaning: &'static str) -> Key {
    Key::new(path, kind, meaning).awaits("deployment")
}

pub(crate) const KEYS: &[Key] = &[
    deployment("deployment.scaling.min_instances", Kind::Whole(1, 10_000), "The fewest instances."),
    deployment("deployment.scaling.max_instances", Kind::Whole(1, 10_000), "The most instances."),
    deployment(
        "deployment.scaling.target_cpu",
        Kind::Decimal(0.0, 100.0),
        "The load of processors above which one is added, in percent.",
    ),
    deployment(
        "deployment.scaling.target_memory",
        Kind::Decimal(0.0, 100.0),
        "The use of memory above which one is added, in percent.",
    ),
    deployment("deployment.probes.*.path", Kind::Path, "The path that a probe asks for."),
    deployment("deployment.probes.*.initial_delay", Kind::seconds(0, DAY_MS), "When it begins."),
    deployment("deployment.probes.*.period", Kind::seconds(1_000, DAY_MS), "How often it asks."),
];
