//! The arguments of `dq database`.

use clap::{Args, Subcommand, ValueEnum};
use dq_core::config::ConfigSources;

use crate::arguments::ColorChoice;

const EXAMPLES: &str = "\
Examples:
  # Can dq use this database, and what may it do there?
  dq database check postgres://quality@db.example/providers
  dq database check sqlite:providers.db

  # The database that the environment or a configuration names
  VEEVA_DB_TYPE=postgresql VEEVA_DB_HOST=db.example VEEVA_DB_NAME=providers dq database check
  DQ_CONFIG=dq.yaml dq database check --format json | jq .nodes

Exit codes:
  0    the database answers, every table can be read, every server is used
  1    it answers, but a table cannot be read, or a server is not used
  2    bad usage or configuration
  3    it does not answer, or the result could not be written";

#[derive(Debug, Subcommand)]
pub(crate) enum DatabaseCommand {
    /// Find out whether a database can be used, and for what
    ///
    /// Connects, and tells the version, how fast it answers, what the user may do with each table, and which
    /// servers it is made of, with how far each is behind. Reads no rows and changes nothing.
    #[command(after_help = EXAMPLES)]
    Check(DatabaseCheckArguments),
}

#[derive(Args, Debug)]
pub(crate) struct DatabaseCheckArguments {
    /// The database: `sqlite:FILE` or `postgres://…` [default: the one that the configuration names]
    #[arg(value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = DatabaseFormat::Text)]
    pub(crate) format: DatabaseFormat,
    /// When to use colours; `NO_COLOR` turns them off too
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto)]
    pub(crate) color: ColorChoice,
}

/// The form in which a check is shown.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DatabaseFormat {
    Text,
    Json,
}

impl DatabaseCheckArguments {
    /// Where the configuration is, if no URL is given.
    pub(crate) fn sources() -> ConfigSources {
        ConfigSources::from_environment()
    }
}
