//! What the managers of databases on servers share: a pool of connections, and the right to one of them.
//!
//! A backend brings a [`Connector`]: how a connection is made, and how one that is stuck is ended.

mod bounds;
mod consequence;
mod lease;
mod level;
mod numbered;
mod pool;
mod tls;
mod told;
mod unanswered;
mod unique;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;

use sqlx::Database;
use sqlx::database::HasStatementCache;

use crate::error::{Error, Result};

pub(crate) use bounds::check;
pub(crate) use consequence::{not_committed, unknown_if_lost};
pub(crate) use lease::{Lease, State};
pub use level::IsolationLevel;
pub(crate) use numbered::{Numbered, parameter_name, word_behind};
pub(crate) use pool::{Limits, Pool};
pub use tls::{TlsConfig, TlsMode};
pub(crate) use told::{one_line, without_place};
#[cfg(feature = "postgres")]
pub(crate) use unanswered::is_unanswered;
pub(crate) use unanswered::unanswered;
pub(crate) use unique::unique_name;

/// A connection of a connector's driver.
pub(crate) type Driver<C> = <<C as Connector>::Database as Database>::Connection;

/// Makes connections to one database, and knows what their errors mean.
pub(crate) trait Connector: fmt::Debug + Send + Sync + 'static {
    /// The driver.
    type Database: Database + HasStatementCache;

    /// What is known about a connection, and tells it from all others to the server.
    type Session: fmt::Debug + Send + Sync + 'static;

    /// How reports and messages name the database.
    fn name(&self) -> &str;

    /// Makes a connection. Ends with an error after a while.
    fn connect(&self) -> impl Future<Output = Result<(Driver<Self>, Self::Session)>> + Send;

    /// How a command is written for a connection with this session. Default: as it is.
    fn command<'a>(session: &Self::Session, sql: &'a str) -> Cow<'a, str> {
        let _ = session;
        sql.into()
    }

    /// Runs a command without parameters, or several, each followed by `;`.
    fn run(
        connection: &mut Driver<Self>,
        sql: &str,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Ends what the server does for a connection whose caller has lost interest in the middle of it, and the
    /// connection. Its number must stay taken until then: afterwards it may be another's. Ends after a while,
    /// come what may.
    fn end(
        &self,
        connection: Driver<Self>,
        session: Self::Session,
    ) -> impl Future<Output = ()> + Send;

    /// Whether nothing more can be asked of the connection.
    fn is_lost(error: &sqlx::Error) -> bool;

    /// Whether a statement had been prepared for another shape of its table, and may be tried again when it is
    /// forgotten.
    fn is_stale(error: &sqlx::Error) -> bool;

    /// The error to show; `doing` says what was being done, such as "query `postgres://host/a`".
    fn error(doing: &str, error: &sqlx::Error) -> Error;
}
