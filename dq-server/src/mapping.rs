//! SQLite databases are mapped into memory while they are read, which costs less than to copy their pages; and
//! the program says so and ends where one of them is cut short meanwhile.

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

/// Maps all of a database, where the program can [tell](tell_of_faults) what goes wrong with it.
fn mapped(config: SqliteConfig) -> SqliteConfig {
    let mmap_size_mib = if cfg!(target_os = "linux") { ALL_MIB } else { config.mmap_size_mib };
    SqliteConfig { mmap_size_mib, ..config }
}

/// From now on the program ends with a message and its exit code where a page of a mapped file of `sources` cannot be
/// read: the file was cut short, or its disk failed. Otherwise the operating system would kill it.
#[cfg(target_os = "linux")]
pub(crate) fn tell_of_faults(sources: &[String]) {
    use dq_core::ErrorKind;
    use rustix::{io, stdio};
    use signal_hook::{consts::SIGBUS, low_level};

    let message = message(sources);
    let end = move || {
        let _ = io::write(stdio::stderr(), message.as_bytes());
        low_level::exit(ErrorKind::SourceChanged.exit_code().into());
    };
    #[expect(
        unsafe_code,
        reason = "the page cannot be read, so the program must not go on where it was; mapping makes a run 5 % cheaper, \
                  and 10 to 40 % where the file is read from the disk"
    )]
    // SAFETY: a handler of a signal may only call what is safe there. This one calls `write` and `_exit`, which POSIX
    // lists as such, with memory that was made ready before.
    let _ = unsafe { low_level::register(SIGBUS, end) };
}

#[cfg(target_os = "linux")]
fn message(sources: &[String]) -> String {
    use dq_core::report::visible;
    use std::path::Path;

    // Other sources may have passwords in their names, and are not mapped.
    let path = |it: &'_ String| it.strip_prefix("sqlite:").unwrap_or(it).to_owned();
    let files: Vec<_> = sources.iter().map(path).filter(|it| Path::new(it).is_file()).collect();
    let names =
        if files.is_empty() { "a file".to_owned() } else { format!("`{}`", files.join("` or `")) };
    format!(
        "dq: cannot read {}: it was cut short, or its disk failed, while it was read; run again when it is whole\n",
        visible(&names)
    )
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn tell_of_faults(_: &[String]) {}
