//! Which engine answers the checks.

use clap::ValueEnum;
use dq_core::validate::Engine;

/// Which engine answers the checks.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum EngineChoice {
    /// Where the rows are, for tables that lie on several servers; all else as `native`
    #[default]
    Auto,
    /// Rows are read and judged by dq: the fastest, unless the way to the database is slow
    Native,
    /// The database answers what can be said exactly in its SQL; rows are read for the rest only
    Sql,
}

impl From<EngineChoice> for Engine {
    fn from(choice: EngineChoice) -> Self {
        match choice {
            EngineChoice::Auto => Self::Auto,
            EngineChoice::Native => Self::Native,
            EngineChoice::Sql => Self::Sql,
        }
    }
}
