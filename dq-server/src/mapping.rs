//! SQLite databases are mapped into memory while they are read, which costs less than to copy their pages.

use dq_core::config::{Config, Origin};
use dq_core::database::sqlite::SqliteConfig;

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

/// Maps all of a database, where the program can [tell](crate::faults) what goes wrong with it.
fn mapped(config: SqliteConfig) -> SqliteConfig {
    let mmap_size_mib = if cfg!(target_os = "linux") { ALL_MIB } else { config.mmap_size_mib };
    SqliteConfig { mmap_size_mib, ..config }
}
