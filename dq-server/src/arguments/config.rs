//! The arguments of `dq config`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use dq_core::config::ConfigSources;

const EXAMPLES: &str = "\
Examples:
  # Is the file right, together with the environment?
  dq config check dq.yaml

  # Which value counts, and where does it come from?
  dq config show dq.yaml
  DQ_CACHE_TTL=60 dq config show dq.yaml --format json | jq '.settings[\"cache.redis.query_results_ttl\"]'

Exit codes:
  0    the configuration can be used
  2    it cannot: every problem is told with its place; or bad usage
  3    the result could not be written";

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Find everything that is wrong with a configuration
    ///
    /// Prints every problem with its place: unknown keys, wrong types, values out of their range, in the file and
    /// in the environment. Tells which settings no part of dq reads yet.
    #[command(after_help = EXAMPLES)]
    Check(ConfigFile),
    /// Print the configuration that counts, and where each value comes from
    ///
    /// Defaults, then the file, then the environment; the later wins. Secrets are never shown.
    #[command(after_help = EXAMPLES)]
    Show(ConfigShowArguments),
}

#[derive(Args, Debug)]
pub(crate) struct ConfigFile {
    /// The configuration, YAML or JSON [default: that which `DQ_CONFIG` names, if it is set]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct ConfigShowArguments {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = ConfigFormat::Yaml)]
    pub(crate) format: ConfigFormat,
}

/// The form in which a configuration is shown.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ConfigFormat {
    Yaml,
    Json,
}

impl ConfigFile {
    /// The file that is named here or in the environment, and the environment.
    pub(crate) fn sources(&self) -> ConfigSources {
        let sources = ConfigSources::from_environment();
        ConfigSources { file: self.file.clone().or(sources.file), ..sources }
    }
}
