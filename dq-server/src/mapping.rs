//! SQLite databases are mapped into memory while they are read, which costs less than to copy their pages.

use dq_core::config::{Config, Origin};
use dq_core::database::sqlite::SqliteConfig;
#[cfg(target_os = "linux")]
use rustix::process::{Resource, getrlimit};

/// All of a database: more than SQLite maps in any case.
const ALL_MIB: u32 = 1 << 20;

/// The setting that says how much is mapped.
const SETTING: &str = "database.sqlite.mmap_size";

/// How SQLite databases are opened where there is no configuration.
pub(crate) fn by_default() -> SqliteConfig {
    mapped(SqliteConfig::default())
}

/// How SQLite databases are opened with `config`, which may say how much of them is mapped.
pub(crate) fn configured(config: &Config) -> SqliteConfig {
    let sqlite = config.sqlite.clone();
    let settings = config.settings();
    let setting = settings.iter().find(|it| it.path() == SETTING);
    let is_said = setting.is_some_and(|it| *it.origin() != Origin::Default);
    if is_said { sqlite } else { mapped(sqlite) }
}

/// Maps all of a database where that can do no harm.
fn mapped(config: SqliteConfig) -> SqliteConfig {
    let mmap_size_mib = if may_map() { ALL_MIB } else { config.mmap_size_mib };
    SqliteConfig { mmap_size_mib, ..config }
}

/// Whether the program can [tell](crate::faults) what goes wrong with a mapped file, and has address space without
/// bounds: otherwise the keys of checks may need what there is.
#[cfg(target_os = "linux")]
fn may_map() -> bool {
    getrlimit(Resource::As).current.is_none()
}

#[cfg(not(target_os = "linux"))]
fn may_map() -> bool {
    false
}
