//! Whether an earlier verdict will do.

use std::time::Duration;

use clap::Args;
use dq_core::{Error, ErrorKind};

use crate::arguments::span;

/// Whether the verdict of an earlier run will do.
#[derive(Args, Debug)]
#[command(next_help_heading = "Earlier verdicts")]
pub(crate) struct CacheArguments {
    /// An earlier verdict will do if it is no older than this, even if nobody can tell whether the data have
    /// changed
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub(crate) max_age: Option<Duration>,
    /// Use no earlier verdict, and keep none
    #[arg(long, conflicts_with = "max_age")]
    pub(crate) no_cache: bool,
}

/// That there is nowhere to keep verdicts.
pub(crate) fn nowhere() -> Error {
    let message = "`--max-age` needs a configuration with Redis, where verdicts are kept";
    Error::new(ErrorKind::UsageInvalid, message)
}
