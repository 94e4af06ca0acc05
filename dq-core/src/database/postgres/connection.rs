//! Making one connection, and ending one that is stuck.
//!
//! A PgBouncer that pools transactions gives each transaction another connection to the server. It is found out by
//! a parameter at the start that a server takes and tells again, and that PgBouncer refuses or forgets. Then
//! nothing is prepared for later, every statement is in a transaction, and each transaction begins with the
//! settings that a connection has otherwise.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection, Executor, Postgres, Row};

use crate::clock::{Clock, within};
use crate::database::postgres::config::{PostgresConfig, invalid};
use crate::database::postgres::error::{from_sqlx, is_lost, is_stale_plan, of_connecting};
use crate::database::postgres::options::options;
use crate::database::server;
use crate::database::server::{Connector, unanswered};
use crate::error::{Error, Result};

/// How often a server at work looks whether its client is still there, in milliseconds, where it can.
const CLIENT_CHECK: &str = "client_connection_check_interval = 1000";

/// The first version that can look.
const CLIENT_CHECK_VERSION: u32 = 140_000;

/// The parameter that only arrives at a server where nobody stands between.
const DIRECT: &str = "dq.direct";

/// What decides how values of some types are written as text, as it is where nobody has set anything: whatever is set
/// for the database or the user, a value is the same text.
const AS_TEXT: [(&str, &str); 3] =
    [("IntervalStyle", "postgres"), ("bytea_output", "hex"), ("quote_all_identifiers", "off")];

/// Where the driver cannot set it at the start: floating-point numbers are written without loss.
const FLOAT_DIGITS: &str = "SET LOCAL extra_float_digits = 1";

/// Begins a transaction that only reads.
pub(crate) const READ: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY";

/// Connections that are lent out.
pub(crate) type Pool = server::Pool<PostgresConnector>;

/// The right to one of them.
pub(crate) type Lease = server::Lease<PostgresConnector>;

/// Makes connections to one database.
pub(crate) struct PostgresConnector {
    /// Without anybody between.
    direct: PgConnectOptions,
    /// Through a PgBouncer.
    pooled: PgConnectOptions,
    /// Whether one stands between, if it was said.
    told: Option<bool>,
    /// Whether one was found.
    is_pooled: AtomicBool,
    name: String,
    statement_timeout_ms: u64,
    lock_timeout_ms: u64,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

/// What is known about a connection.
#[derive(Debug)]
pub(crate) struct Session {
    /// What tells the server's process from all others that are and were.
    process: String,
    began: String,
    server: Server,
    /// What each transaction begins with, where a PgBouncer stands between.
    settings: Option<String>,
}

/// What kind of server answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    /// As a number: 150018 is 15.18.
    pub(crate) version: u32,
    /// Whether it knows the characters of its text, and so sends valid UTF-8.
    pub(crate) knows_characters: bool,
    /// Whether it keeps its text as UTF-8.
    pub(crate) keeps_utf_8: bool,
}

impl PostgresConnector {
    /// What `config` says, with the environment and the URL.
    pub(crate) fn new(config: &PostgresConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        config.validate()?;
        let (options, told) = options(config)?;
        let place = match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None if options.get_host().contains(':') => format!("[{}]", options.get_host()),
            None => options.get_host().to_owned(),
        };
        let database = options.get_database().unwrap_or(options.get_username());
        let name = format!("postgres://{place}:{}/{database}", options.get_port());
        if told == Some(true) && options.get_options().is_some() {
            return Err(invalid("`options` in `url` do not reach a server behind PgBouncer"));
        }
        Ok(Self {
            direct: options.clone().options([(DIRECT, "1")]),
            pooled: options.extra_float_digits(None).statement_cache_capacity(0),
            told,
            is_pooled: AtomicBool::new(told == Some(true)),
            name,
            statement_timeout_ms: config.statement_timeout_ms,
            lock_timeout_ms: config.lock_timeout_ms,
            timeout: config.connect_timeout(),
            clock,
        })
    }

    /// How long a connection is waited for that is made.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    async fn open(&self) -> sqlx::Result<(PgConnection, Session)> {
        if self.is_pooled.load(Ordering::Relaxed) {
            return self.open_pooled().await;
        }
        let mut connection = match PgConnection::connect_with(&self.direct).await {
            Err(error) if self.told.is_none() && refuses_parameters(&error) => {
                return self.open_pooled().await;
            }
            connected => connected?,
        };
        // Nothing must be set before it is known whose connection this is.
        let is_direct = format!("coalesce(current_setting('{DIRECT}', true), '') = '1'");
        let (statement, lock) = (self.statement_timeout_ms, self.lock_timeout_ms);
        let as_text = AS_TEXT
            .map(|(name, value)| format!(", set_config('{name}', '{value}', false)"))
            .concat();
        let settings = format!(
            "SELECT {SESSION}, CASE WHEN {is_direct} THEN concat(\
             set_config('statement_timeout', '{statement}', false), \
             set_config('lock_timeout', '{lock}', false){as_text}) END"
        );
        let row = connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(settings))).await?;
        if row.try_get::<Option<String>, _>(3)?.is_none() && self.told.is_none() {
            drop(connection);
            return self.open_pooled().await;
        }
        let session = session(&connection, &row, None)?;
        if !session.server.knows_characters {
            // Else the server refuses to send what is not UTF-8.
            connection.execute("SET client_encoding = 'SQL_ASCII'").await?;
        }
        if session.server.version >= CLIENT_CHECK_VERSION {
            can_look(connection.execute(raw(format!("SET {CLIENT_CHECK}"))).await)?;
        }
        Ok((connection, session))
    }

    /// A connection through a PgBouncer.
    async fn open_pooled(&self) -> sqlx::Result<(PgConnection, Session)> {
        if self.pooled.get_options().is_some() {
            let reason = "`options` of the URL do not reach a server behind PgBouncer";
            return Err(sqlx::Error::Configuration(reason.into()));
        }
        let mut connection = PgConnection::connect_with(&self.pooled).await?;
        self.is_pooled.store(true, Ordering::Relaxed);
        let (statement, lock) = (self.statement_timeout_ms, self.lock_timeout_ms);
        let as_text =
            AS_TEXT.map(|(name, value)| format!("; SET LOCAL {name} = '{value}'")).concat();
        let mut settings = format!(
            "; SET LOCAL statement_timeout = {statement}; SET LOCAL lock_timeout = {lock}; {FLOAT_DIGITS}{as_text}"
        );
        let row = connection.fetch_one(raw(format!("SELECT {SESSION}"))).await?;
        let server = session(&connection, &row, None)?.server;
        if server.version >= CLIENT_CHECK_VERSION {
            let look = format!("BEGIN; SET LOCAL {CLIENT_CHECK}; ROLLBACK");
            if can_look(connection.execute(raw(look)).await)? {
                settings = format!("{settings}; SET LOCAL {CLIENT_CHECK}");
            } else {
                connection.execute("ROLLBACK").await?;
            }
        }
        if !server.knows_characters {
            settings.push_str("; SET LOCAL client_encoding = 'SQL_ASCII'");
        }
        let session = session(&connection, &row, Some(settings))?;
        Ok((connection, session))
    }
}

/// What was prepared on a connection of the server, by whomever, is of no use to anybody afterwards. It is forgotten
/// after the moment of a transaction is settled, which it would settle itself.
const FORGET: &str = "; DEALLOCATE ALL";

/// What is asked of every new connection.
const SESSION: &str = "pg_backend_pid()::text, current_setting('server_encoding'), \
     coalesce((SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()), '')";

fn session(
    connection: &PgConnection,
    row: &PgRow,
    settings: Option<String>,
) -> sqlx::Result<Session> {
    let encoding = text(row, 1)?;
    let server = Server {
        version: connection.server_version_num().unwrap_or_default(),
        knows_characters: encoding != "SQL_ASCII",
        keeps_utf_8: encoding == "UTF8",
    };
    Ok(Session { process: text(row, 0)?, began: text(row, 2)?, server, settings })
}

/// Whether the server can look after its client. Some systems cannot.
fn can_look<T>(set: sqlx::Result<T>) -> sqlx::Result<bool> {
    match set {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether it is not the server that answers, but somebody who does not know all parameters of one.
fn refuses_parameters(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(it) if it.message().contains("unsupported startup parameter"))
}

fn raw(sql: String) -> sqlx::RawSql {
    sqlx::raw_sql(AssertSqlSafe(sql))
}

impl Connector for PostgresConnector {
    type Database = Postgres;
    type Session = Session;

    fn name(&self) -> &str {
        &self.name
    }

    async fn connect(&self) -> Result<(PgConnection, Session)> {
        let Some(opened) = within(&*self.clock, self.timeout, self.open()).await else {
            return Err(unanswered(&self.name, self.timeout));
        };
        opened.map_err(|it| of_connecting(&self.name, &it))
    }

    fn command<'a>(session: &Session, sql: &'a str) -> Cow<'a, str> {
        let Some(settings) = &session.settings else { return sql.into() };
        if sql.starts_with("BEGIN") {
            let (begin, rest) = sql.find(';').map_or((sql, ""), |at| sql.split_at(at));
            return format!("{begin}{settings}{rest}{FORGET}").into();
        }
        match sql {
            "COMMIT" | "ROLLBACK" => format!("{sql}{FORGET}").into(),
            _ => sql.into(),
        }
    }

    async fn run(connection: &mut PgConnection, sql: &str) -> sqlx::Result<()> {
        connection.execute(raw(sql.to_owned())).await.map(drop)
    }

    async fn end(&self, connection: PgConnection, session: Session) {
        if session.settings.is_some() {
            // The process is somebody else's by now; PgBouncer leaves the server when its client is gone.
            return;
        }
        let ended = async {
            let mut connection = PgConnection::connect_with(&self.direct).await?;
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE pid = $1::text::int AND backend_start::text = $2";
            let query = sqlx::query(end).bind(&session.process).bind(&session.began);
            connection.execute(query).await?;
            connection.close().await
        };
        // Where it fails, the server finds out when it looks after its client.
        drop(within(&*self.clock, self.timeout, ended).await);
        drop(connection);
    }

    fn is_lost(error: &sqlx::Error) -> bool {
        is_lost(error)
    }

    fn is_stale(error: &sqlx::Error) -> bool {
        is_stale_plan(error)
    }

    fn error(doing: &str, error: &sqlx::Error) -> Error {
        from_sqlx(doing, error)
    }
}

/// What kind of server answers.
pub(crate) fn server_of(lease: &Lease) -> Server {
    lease
        .session()
        .map_or(Server { version: 0, knows_characters: true, keeps_utf_8: true }, |it| it.server)
}

impl fmt::Debug for PostgresConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConnector").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Whether nothing outlasts a transaction on its connection.
pub(crate) fn is_pooled(lease: &Lease) -> bool {
    lease.session().is_some_and(|it| it.settings.is_some())
}

fn text(row: &PgRow, column: usize) -> sqlx::Result<String> {
    row.try_get(column)
}
