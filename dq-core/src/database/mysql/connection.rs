//! Making one connection, and ending what one does.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Connection, Executor, MySql, Row};

use crate::clock::{Clock, within};
use crate::database::mysql::config::MySqlConfig;
use crate::database::mysql::error::{from_sqlx, is_interrupted, is_lost};
use crate::database::mysql::url;
use crate::database::server;
use crate::database::server::{Connector, unanswered};
use crate::error::{Error, ErrorKind, Result};

/// How long the server waits for a client that is slow to take rows: rules are judged meanwhile, and what does not
/// fit into memory goes to a disk.
const NET_WRITE_TIMEOUT_S: u32 = 3_600;

/// How long a connection may have nothing to do, as the server would have it by itself: a snapshot rests between
/// two tables.
const WAIT_TIMEOUT_S: u32 = 28_800;

/// The longest time that one waits for a row's lock; about as long as it takes.
const LOCK_TIMEOUT_MAX_S: u64 = 31_536_000;

/// Connections that are lent out.
pub(crate) type Pool = server::Pool<MySqlConnector>;

/// The right to one of them.
pub(crate) type Lease = server::Lease<MySqlConnector>;

/// Makes connections to one database.
pub(crate) struct MySqlConnector {
    options: MySqlConnectOptions,
    name: String,
    settings: String,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

/// What tells a connection from all others that the server has and had.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    id: u64,
    /// Its address as the server sees it.
    host: String,
    pub(crate) server: Server,
}

/// What kind of server answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    pub(crate) is_mariadb: bool,
    /// Whether it refuses to overwrite what a transaction has not seen.
    pub(crate) checks_snapshots: bool,
}

impl MySqlConnector {
    /// What `config` says, with the URL.
    pub(crate) fn new(config: &MySqlConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        config.validate()?;
        let options = url::options(config)?;
        let name = url::name(config.url.expose(), &options);
        let lock = match config.lock_timeout_ms {
            0 => LOCK_TIMEOUT_MAX_S,
            millis => millis.div_ceil(1_000),
        };
        // Text is exact only if it comes as UTF-8, with no blanks added to it; points in time only in UTC.
        let settings = format!(
            "SET NAMES utf8mb4, time_zone = '+00:00', autocommit = 1, completion_type = 'NO_CHAIN', \
             sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
             innodb_lock_wait_timeout = {lock}, lock_wait_timeout = {lock}, wait_timeout = {WAIT_TIMEOUT_S}, \
             net_write_timeout = {NET_WRITE_TIMEOUT_S}{timeout}; \
             SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
             SELECT CAST(connection_id() AS CHAR), version(), \
             (SELECT host FROM information_schema.processlist WHERE id = connection_id())",
            timeout = timeout(config.statement_timeout_ms)
        );
        Ok(Self { options, name, settings, timeout: config.connect_timeout(), clock })
    }

    /// Ends the statement that `connection` is in the middle of, and throws its rows away: it may be used again.
    pub(crate) async fn cut(
        &self,
        connection: &mut MySqlConnection,
        session: &Session,
    ) -> sqlx::Result<()> {
        let cut = async {
            self.kill("KILL QUERY", session).await?;
            let mut ready = be_ready(connection).await;
            if ready.as_ref().is_err_and(is_interrupted) {
                ready = be_ready(connection).await;
            }
            // Here it can only have been one that had ended before.
            if ready.as_ref().is_err_and(is_interrupted) {
                ready = be_ready(connection).await;
            }
            ready
        };
        within(&*self.clock, self.timeout, cut).await.unwrap_or_else(|| Err(silent()))
    }

    /// How long a connection is waited for that is made.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Asks the server, on a connection of its own, to end what `session` does.
    async fn kill(&self, command: &str, session: &Session) -> sqlx::Result<()> {
        let mut connection = MySqlConnection::connect_with(&self.options).await?;
        let find = "SELECT 1 FROM information_schema.processlist WHERE id = ? AND host = ?";
        let query = sqlx::query(find).bind(session.id).bind(session.host.as_str());
        if connection.fetch_optional(query).await?.is_some() {
            Self::run(&mut connection, &format!("{command} {}", session.id)).await?;
        }
        connection.close().await
    }

    async fn open(&self) -> sqlx::Result<(MySqlConnection, Session)> {
        let mut connection = MySqlConnection::connect_with(&self.options).await?;
        let settings = sqlx::raw_sql(AssertSqlSafe(self.settings.clone()));
        let row = connection.fetch_one(settings).await?;
        let is_mariadb = text(&row, 1)?.contains("MariaDB");
        let mut checks_snapshots = false;
        if is_mariadb {
            match connection.execute("SET SESSION innodb_snapshot_isolation = ON").await {
                Ok(_) => checks_snapshots = true,
                // Early versions do not know it.
                Err(sqlx::Error::Database(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let server = Server { is_mariadb, checks_snapshots };
        let id = text(&row, 0)?.parse().map_err(|_| silent())?;
        Ok((connection, Session { id, host: text(&row, 2)?, server }))
    }
}

impl Connector for MySqlConnector {
    type Database = MySql;
    type Session = Session;

    fn name(&self) -> &str {
        &self.name
    }

    async fn connect(&self) -> Result<(MySqlConnection, Session)> {
        let Some(opened) = within(&*self.clock, self.timeout, self.open()).await else {
            return Err(unanswered(&self.name, self.timeout));
        };
        opened.map_err(|it| from_sqlx(format!("connect to `{}`", self.name), &it))
    }

    async fn run(connection: &mut MySqlConnection, sql: &str) -> sqlx::Result<()> {
        connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.map(drop)
    }

    async fn end(&self, connection: MySqlConnection, session: Session) {
        // Where it fails, the server finds out when it next sends a row.
        drop(within(&*self.clock, self.timeout, self.kill("KILL", &session)).await);
        drop(connection);
    }

    fn is_lost(error: &sqlx::Error) -> bool {
        is_lost(error)
    }

    /// The server prepares a statement again by itself.
    fn is_stale(_: &sqlx::Error) -> bool {
        false
    }

    fn error(doing: &str, error: &sqlx::Error) -> Error {
        from_sqlx(doing, error)
    }
}

/// How a transaction that only reads begins; a query in it gives at most so many rows.
pub(crate) fn begin_reading(statement_timeout_ms: u64, rows_max: Option<usize>) -> String {
    let rows = rows_max.map_or("DEFAULT".to_owned(), |it| it.saturating_add(1).to_string());
    let timeout = timeout(statement_timeout_ms);
    format!("SET sql_select_limit = {rows}{timeout}; START TRANSACTION READ ONLY")
}

/// What statements of rules rest on: that keys are sorted by as much of them as is compared, that regular
/// expressions mean what they say, and that keys without an index are joined by their hash.
const SQL_OF_RULES: &str =
    " /*M!100100 , max_sort_length = 16384, default_regex_flags = '', join_cache_level = 4*/";

/// Begins a transaction that sees one moment, however long its statements run.
pub(crate) fn begin_moment() -> String {
    let timeout = timeout(0);
    format!(
        "SET sql_select_limit = DEFAULT{timeout}{SQL_OF_RULES}; \
         START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
    )
}

/// One more part of `SET`. Each server reads the comment that is meant for it; MySQL times only what reads.
fn timeout(millis: u64) -> String {
    let seconds = millis as f64 / 1_000.0;
    format!(
        " /*M!100100 , max_statement_time = {seconds}*/ /*!80000 , max_execution_time = {millis}*/"
    )
}

/// Throws away what still comes. What was to be ended may have ended before, and then it is what comes next that is
/// killed: here nothing.
async fn be_ready(connection: &mut MySqlConnection) -> sqlx::Result<()> {
    connection.ping().await?;
    connection.execute("DO 0").await.map(drop)
}

/// What is known about the connection of a lease.
pub(crate) fn session_of(lease: &Lease) -> Result<Session> {
    let lost = || Error::new(ErrorKind::Unavailable, "cannot use a connection: it was lost");
    lease.session().cloned().ok_or_else(lost)
}

/// The text in a column, whatever type the server gives it.
pub(crate) fn text(row: &MySqlRow, column: usize) -> sqlx::Result<String> {
    optional_text(row, column).map(Option::unwrap_or_default)
}

/// As [`text`]; `None` for NULL.
pub(crate) fn optional_text(row: &MySqlRow, column: usize) -> sqlx::Result<Option<String>> {
    row.try_get_unchecked(column)
}

fn silent() -> sqlx::Error {
    sqlx::Error::Protocol("the server gives no sign of life".to_owned())
}

impl fmt::Debug for MySqlConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MySqlConnector").field("name", &self.name).finish_non_exhaustive()
    }
}
