//! What was opened, and how it is read within limits.

use std::sync::Arc;

use crate::clock::Clock;
use crate::database::DatabaseManager;
use crate::error::Result;
use crate::executor::{AsyncQueryExecutor, Call, ExecutorConfig, Gate, GatedSource};
use crate::source::Source;

/// What a specification opens.
#[derive(Clone, Debug)]
pub enum Opened {
    /// A database, of which more can be asked than scans.
    Database(Arc<dyn DatabaseManager>),
    /// What can only be scanned: files, and several sources as one.
    Source(Arc<dyn Source>),
}

impl Opened {
    /// The database, if it is one: to close it, or to ask it more.
    pub fn database(&self) -> Option<Arc<dyn DatabaseManager>> {
        match self {
            Self::Database(database) => Some(Arc::clone(database)),
            Self::Source(_) => None,
        }
    }

    /// As a source, to be scanned without limits.
    pub fn source(self) -> Arc<dyn Source> {
        match self {
            Self::Database(database) => database,
            Self::Source(source) => source,
        }
    }

    /// As a source that is read within the limits of an executor: each snapshot is a call as `call` says. A database
    /// has an [`AsyncQueryExecutor`]; what can only be scanned has its [`Gate`].
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` for a value out of its range.
    pub fn within(
        self,
        config: ExecutorConfig,
        clock: Arc<dyn Clock>,
        call: Call,
    ) -> Result<GatedSource> {
        match self {
            Self::Database(database) => {
                Ok(AsyncQueryExecutor::new(database, config, clock)?.source(call))
            }
            Self::Source(source) => {
                let gate = Gate::new(source.name(), config, clock)?;
                Ok(GatedSource::new(source, gate, call))
            }
        }
    }
}
