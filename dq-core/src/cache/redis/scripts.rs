//! The scripts, one set for each part.
//!
//! The text of a script names its part, so that a server which has started since knows none of them,
//! and the first one that runs in a part finds out what that means for it.

use crate::cache::redis::config::RedisStoreConfig;
use crate::redis::Script;

/// How long a lease is remembered after it ended, in milliseconds.
const LEASE_MEMORY_MS: u32 = 60_000;
/// For how long an entry that filled a gap may have done so after a foreign writer made it, in
/// milliseconds: longer than changes take to be heard of.
const GAP_MEMORY_MS: u32 = 10_000;

/// How much earlier than by its time an entry may expire, in microseconds.
const CLOCK_SLACK_US: u32 = 5000;

/// The scripts of one part.
#[derive(Clone, Debug)]
pub(crate) struct Scripts {
    pub(crate) get: Script,
    pub(crate) set: Script,
    pub(crate) invalidate: Script,
    pub(crate) claim: Script,
    pub(crate) renew: Script,
    pub(crate) release: Script,
    pub(crate) feed: Script,
    pub(crate) inspect: Script,
}

impl Scripts {
    pub(crate) fn new(shard: u16, config: &RedisStoreConfig) -> Self {
        let RedisStoreConfig { tombstones_max, stamps_max, announcements_max, .. } = config;
        let head = format!(
            "-- part {shard}\nlocal TOMBS_MAX, STAMPS_MAX, BUS_MAX = {tombstones_max}, {stamps_max}, {announcements_max}\n\
             local LEASE_MEMORY_MS, GAP_MEMORY_MS = {LEASE_MEMORY_MS}, {GAP_MEMORY_MS}\n\
             local CLOCK_SLACK_US = {CLOCK_SLACK_US}\n"
        );
        let common = include_str!("lua/common.lua");
        let script = |body: &str| Script::new(&format!("{head}{common}{body}"));
        Self {
            get: script(include_str!("lua/get.lua")).repeatable(),
            // Run twice, it may refuse what it has stored.
            set: script(include_str!("lua/set.lua")),
            invalidate: script(include_str!("lua/invalidate.lua")).repeatable(),
            claim: script(include_str!("lua/claim.lua")).repeatable(),
            renew: script(include_str!("lua/renew.lua")).repeatable(),
            release: script(include_str!("lua/release.lua")).repeatable(),
            feed: script(include_str!("lua/feed.lua")).repeatable(),
            inspect: script(include_str!("lua/inspect.lua")).repeatable(),
        }
    }
}
