//! Where the rows are.

#[cfg(feature = "redis")]
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use dq_core::Result;
use dq_core::engine;
use dq_core::engine::Opened;
#[cfg(feature = "redis")]
use dq_core::secret::redacted_url;
use dq_core::source::Source;

use crate::arguments::ReadingArguments;

/// Where the rows are.
#[derive(Args, Debug)]
pub(crate) struct SourceArguments {
    /// What to check: a CSV or Parquet file, a folder or pattern of them, `sqlite:FILE`, `postgres://…`, `mysql://…`, `-` for standard input;
    /// several are checked together, and `NAME=SOURCE` names the table
    #[arg(value_name = "SOURCE", required = true)]
    sources: Vec<String>,
}

impl SourceArguments {
    pub(crate) fn open(&self, reading: &ReadingArguments) -> Result<Arc<dyn Source>> {
        self.open_by_kind(reading).map(Opened::source)
    }

    /// As [`open`](Self::open), and tells a database from what can only be scanned.
    pub(crate) fn open_by_kind(&self, reading: &ReadingArguments) -> Result<Opened> {
        reading.open_by_kind(&self.sources)
    }

    /// What names the data to be read so among all data there are; nothing if that is standard input.
    #[cfg(feature = "redis")]
    pub(crate) fn data(&self, reading: &ReadingArguments) -> Option<String> {
        self.data_on(machine().as_deref(), reading)
    }

    #[cfg(feature = "redis")]
    fn data_on(&self, machine: Option<&str>, reading: &ReadingArguments) -> Option<String> {
        let folder = std::env::current_dir().ok()?;
        let mut data = format!("{machine:?} {} {:?}", folder.display(), reading.options());
        for source in &self.sources {
            if engine::is_url(source) {
                data = format!("{data} {}", redacted_url(source));
                continue;
            }
            let path = engine::path_of(source);
            if path == Path::new("-") {
                return None;
            }
            let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            data = format!("{data} {source:?} {}", real.display());
        }
        Some(data)
    }

    /// The files that are sources, or parts of them.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.sources.iter().flat_map(|it| engine::files_of(it))
    }
}

/// The name of this machine, or of this container: others may have another file at the same path.
#[cfg(feature = "redis")]
fn machine() -> Option<String> {
    let variables = ["HOSTNAME", "COMPUTERNAME"].into_iter().find_map(|it| std::env::var(it).ok());
    std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or(variables)
}

#[cfg(all(test, feature = "redis"))]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        source: SourceArguments,
        #[command(flatten)]
        reading: ReadingArguments,
    }

    #[test]
    fn a_file_of_the_same_path_on_another_machine_is_other_data() {
        let data = |sources: &[&str], machine: &str| {
            let line = Line::parse_from([&["dq"], sources].concat());
            line.source.data_on(Some(machine), &line.reading)
        };
        let here = data(&["people.csv"], "one").unwrap();
        assert_eq!(data(&["people.csv"], "one").unwrap(), here);
        assert_ne!(data(&["people.csv"], "other").unwrap(), here);
        assert_ne!(data(&["towns.csv"], "one").unwrap(), here);
        assert_eq!(data(&["-"], "one"), None, "what standard input gives has no name");
    }
}
