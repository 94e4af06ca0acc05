//! Making one connection, and ending one that is stuck.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Postgres, Row};

use crate::clock::{Clock, within};
use crate::database::postgres::config::{PostgresConfig, invalid};
use crate::database::postgres::error::{from_sqlx, is_lost, is_stale_plan};
use crate::database::server;
use crate::database::server::{Connector, TlsMode};
use crate::error::{Error, ErrorKind, Result};

/// The parameters that a URL may have, besides `options[…]`.
const PARAMETERS: [&str; 17] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// How often a server at work looks whether its client is still there, in milliseconds, where it can.
const CLIENT_CHECK_MS: u64 = 1_000;

/// The first version that can look.
const CLIENT_CHECK_VERSION: u32 = 140_000;

/// Begins a transaction that only reads.
pub(crate) const READ: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY";

/// Connections that are lent out.
pub(crate) type Pool = server::Pool<PostgresConnector>;

/// The right to one of them.
pub(crate) type Lease = server::Lease<PostgresConnector>;

/// Makes connections to one database.
pub(crate) struct PostgresConnector {
    options: PgConnectOptions,
    name: String,
    settings: String,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

/// What tells the server's process of a connection from all others that are and were.
#[derive(Debug)]
pub(crate) struct Session {
    process: String,
    began: String,
    server: Server,
}

/// What kind of server answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    /// As a number: 150018 is 15.18.
    pub(crate) version: u32,
    /// Whether it knows the characters of its text, and so sends valid UTF-8.
    pub(crate) knows_characters: bool,
}

impl PostgresConnector {
    /// What `config` says, with the environment and the URL.
    pub(crate) fn new(config: &PostgresConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        config.validate()?;
        let options = options(config)?;
        let place = match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None if options.get_host().contains(':') => format!("[{}]", options.get_host()),
            None => options.get_host().to_owned(),
        };
        let database = options.get_database().unwrap_or(options.get_username());
        let name = format!("postgres://{place}:{}/{database}", options.get_port());
        let (statement, lock) = (config.statement_timeout_ms, config.lock_timeout_ms);
        let settings = format!(
            "SELECT pg_backend_pid()::text, current_setting('server_encoding'), \
             coalesce((SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()), ''), \
             set_config('statement_timeout', '{statement}', false), \
             set_config('lock_timeout', '{lock}', false)"
        );
        Ok(Self { options, name, settings, timeout: config.connect_timeout(), clock })
    }

    async fn open(&self) -> sqlx::Result<(PgConnection, Session)> {
        let mut connection = PgConnection::connect_with(&self.options).await?;
        let version = connection.server_version_num().unwrap_or_default();
        let settings = sqlx::raw_sql(AssertSqlSafe(self.settings.clone()));
        let row = connection.fetch_one(settings).await?;
        let knows_characters = text(&row, 1)? != "SQL_ASCII";
        if !knows_characters {
            // Else the server refuses to send what is not UTF-8.
            connection.execute("SET client_encoding = 'SQL_ASCII'").await?;
        }
        if version >= CLIENT_CHECK_VERSION {
            let set = format!("SET client_connection_check_interval = {CLIENT_CHECK_MS}");
            match connection.execute(sqlx::raw_sql(AssertSqlSafe(set))).await {
                // Some systems cannot look.
                Ok(_) | Err(sqlx::Error::Database(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let server = Server { version, knows_characters };
        Ok((connection, Session { process: text(&row, 0)?, began: text(&row, 2)?, server }))
    }
}

impl Connector for PostgresConnector {
    type Database = Postgres;
    type Session = Session;

    fn name(&self) -> &str {
        &self.name
    }

    async fn connect(&self) -> Result<(PgConnection, Session)> {
        let Some(opened) = within(&*self.clock, self.timeout, self.open()).await else {
            let (name, millis) = (&self.name, self.timeout.as_millis());
            let message = format!("cannot connect to `{name}`: no answer within {millis} ms");
            return Err(Error::new(ErrorKind::Timeout, message));
        };
        opened.map_err(|it| from_sqlx(format!("connect to `{}`", self.name), &it))
    }

    async fn run(connection: &mut PgConnection, sql: &str) -> sqlx::Result<()> {
        connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.map(drop)
    }

    async fn end(&self, connection: PgConnection, session: Session) {
        let ended = async {
            let mut connection = PgConnection::connect_with(&self.options).await?;
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
    lease.session().map_or(Server { version: 0, knows_characters: true }, |it| it.server)
}

impl fmt::Debug for PostgresConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConnector").field("name", &self.name).finish_non_exhaustive()
    }
}

fn text(row: &PgRow, column: usize) -> sqlx::Result<String> {
    row.try_get(column)
}

fn options(config: &PostgresConfig) -> Result<PgConnectOptions> {
    let url = config.url.expose();
    if !["postgres://", "postgresql://"].iter().any(|it| url.starts_with(it)) {
        return Err(invalid("`url` does not begin with `postgres://`"));
    }
    if let Some(unknown) = unknown_parameter(url) {
        return Err(invalid(&format!("`url` has an unknown parameter `{unknown}`")));
    }
    let wrong = |it: sqlx::Error| match it {
        sqlx::Error::Configuration(reason) => invalid(&format!("`url` cannot be read: {reason}")),
        _ => invalid("`url` cannot be read"),
    };
    let mut options = PgConnectOptions::from_str(url)
        .map_err(wrong)?
        .application_name(&config.application_name)
        .disable_statement_logging();
    if let Some(password) = &config.password {
        options = options.password(password.expose());
    }
    let tls = &config.tls;
    if let Some(mode) = tls.mode {
        options = options.ssl_mode(match mode {
            TlsMode::Disable => PgSslMode::Disable,
            TlsMode::Prefer => PgSslMode::Prefer,
            TlsMode::Require => PgSslMode::Require,
            TlsMode::VerifyCa => PgSslMode::VerifyCa,
            TlsMode::VerifyFull => PgSslMode::VerifyFull,
        });
    }
    if let Some(path) = &tls.ca_file {
        options = options.ssl_root_cert(path);
    }
    match (&tls.certificate_file, &tls.key_file) {
        (None, None) => {}
        (Some(certificate), Some(key)) => {
            options = options.ssl_client_cert(certificate).ssl_client_key(key);
        }
        _ => return Err(invalid("`tls.certificate_file` and `tls.key_file` belong together")),
    }
    Ok(options)
}

/// The first parameter of `url` that nobody knows: misspelt, it would be without effect.
fn unknown_parameter(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    let mut names = query.split('&').filter_map(|it| it.split('=').next());
    names.find(|it| !it.is_empty() && !PARAMETERS.contains(it) && !it.starts_with("options"))
}
