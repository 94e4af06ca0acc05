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
    /// Spread a table of PostgreSQL over several servers
    ///
    /// In place of the table comes one whose partitions are tables of `postgres_fdw`, by the hash of a column; its
    /// rows are moved in one transaction. A table that is spread like that already is left alone.
    #[cfg(feature = "postgres")]
    #[command(after_help = DISTRIBUTE_EXAMPLES)]
    Distribute(DatabaseDistributeArguments),
}

#[cfg(feature = "postgres")]
const DISTRIBUTE_EXAMPLES: &str = "\
Examples:
  # What would be done
  dq database distribute postgres://dq@coordinator/registry providers \\
    --shard postgres://dq:…@db-1/registry --shard postgres://dq:…@db-2/registry --dry-run

Exit codes:
  0    the table is spread over the shards
  2    bad usage
  3    the table cannot be spread, a server does not answer, or a statement failed: the table is as it was";

#[cfg(feature = "postgres")]
#[derive(Args, Debug)]
pub(crate) struct DatabaseDistributeArguments {
    /// The database with the table: `postgres://…`
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// The table
    #[arg(value_name = "TABLE")]
    pub(crate) table: String,
    /// A database that takes a part of the rows: `postgres://…`. The password in it is kept by the server of the
    /// table; give it once for each
    #[arg(long = "shard", value_name = "URL", required = true)]
    pub(crate) shards: Vec<String>,
    /// A column by whose hash rows are spread; give it once for each [default: the first of the primary key]
    #[arg(long = "column", value_name = "COLUMN")]
    pub(crate) columns: Vec<String>,
    /// Print the statements, without passwords, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DatabaseCheckArguments {
    /// The database: `sqlite:FILE`, `postgres://…` or `mysql://…` [default: the one that the configuration names]
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
