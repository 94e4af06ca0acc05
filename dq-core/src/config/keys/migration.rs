//! `migration`: moving from one database to another.

use crate::config::key::Key;
use crate::config::kind::{DAY_MS, Kind};

const fn migration(path: &'static str, kind: Kind, meaning: &'static str) -> Key {
    Key::new(path, kind, meaning).awaits("migrations")
}

pub(crate) const KEYS: &[Key] = &[
    migration(
        "migration.chunk_size",
        Kind::Whole(1, 10_000_000),
        "How many rows are moved at a time.",
    )
    .default("10000"),
    migration("migration.parallel_chunks", Kind::Whole(1, 256), "How many such moves run at once.")
        .default("2"),
    migration(
        "migration.validation_enabled",
        Kind::Flag,
        "Whether both sides are compared afterwards.",
    )
    .default("true"),
    migration(
        "migration.strategy",
        Kind::Word(&["online", "offline"]),
        "Whether the source may change meanwhile.",
    )
    .default("offline"),
    migration(
        "migration.rollback.backup_before_migration",
        Kind::Flag,
        "Whether the target is saved first.",
    )
    .default("true"),
    migration(
        "migration.rollback.rollback_timeout",
        Kind::seconds(1_000, 7 * DAY_MS),
        "How long undoing may take.",
    )
    .default("3600"),
    migration("migration.zero_downtime.dual_write", Kind::Flag, "Whether both sides are written."),
    migration("migration.zero_downtime.read_from_new", Kind::Flag, "Whether the target is read."),
    migration(
        "migration.zero_downtime.verification_percentage",
        Kind::Decimal(0.0, 100.0),
        "The share of reads that is compared, in percent.",
    ),
];
