//! Whether an earlier verdict will do.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use dq_core::config::{Config, ConfigSources};
use dq_core::{Error, ErrorKind, Result};

use crate::arguments::span;

/// Whether the verdict of an earlier run will do.
#[derive(Args, Debug)]
#[command(next_help_heading = "Earlier verdicts")]
pub(crate) struct CacheArguments {
    /// The configuration; if it has Redis, verdicts are kept there and used again while the data are
    /// unchanged [default: that which `DQ_CONFIG` names, if it is set]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// An earlier verdict will do if it is no older than this, even if nobody can tell whether the data have
    /// changed
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub(crate) max_age: Option<Duration>,
    /// Use no earlier verdict, and keep none
    #[arg(long, conflicts_with = "max_age")]
    no_cache: bool,
}

impl CacheArguments {
    /// The configuration, if there is one and earlier verdicts are wanted.
    pub(crate) fn config(&self) -> Result<Option<Config>> {
        let sources = ConfigSources::from_environment();
        let file = self.config.clone().or_else(|| sources.file.clone());
        if self.no_cache || file.is_none() {
            return self.max_age.map_or(Ok(None), |_| Err(nowhere()));
        }
        Config::load(&ConfigSources { file, ..sources }).map(Some)
    }
}

/// That there is nowhere to keep verdicts.
pub(crate) fn nowhere() -> Error {
    let message = "`--max-age` needs a configuration with Redis, where verdicts are kept";
    Error::new(ErrorKind::UsageInvalid, message)
}
