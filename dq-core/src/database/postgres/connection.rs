//! Making one connection, and ending one that is stuck.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};

use crate::clock::{Clock, within};
use crate::database::postgres::config::{PostgresConfig, TlsMode, invalid};
use crate::database::postgres::error::from_sqlx;
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

/// Makes connections to one database.
pub(crate) struct Connector {
    options: PgConnectOptions,
    name: String,
    settings: String,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

/// A connection, and what is known about it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: PgConnection,
    pub(crate) session: Session,
    pub(crate) server: Server,
    pub(crate) since: Instant,
}

/// What tells the server's process of a connection from all others that are and were.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    process: String,
    began: String,
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

impl Connector {
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

    /// How reports and messages name the database.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Makes a connection.
    pub(crate) async fn connect(&self) -> Result<Opened> {
        let failed = |it| from_sqlx(format!("connect to `{}`", self.name), &it);
        let Some(opened) = within(&*self.clock, self.timeout, self.open()).await else {
            let (name, millis) = (&self.name, self.timeout.as_millis());
            let message = format!("cannot connect to `{name}`: no answer within {millis} ms");
            return Err(Error::new(ErrorKind::Timeout, message));
        };
        opened.map_err(failed)
    }

    /// Ends what the server does for a connection whose client has lost interest. The connection must
    /// still be there: afterwards its number may be another's.
    pub(crate) async fn end(&self, session: &Session) {
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
    }

    async fn open(&self) -> sqlx::Result<Opened> {
        let mut connection = PgConnection::connect_with(&self.options).await?;
        let version = connection.server_version_num().unwrap_or_default();
        let settings = sqlx::raw_sql(AssertSqlSafe(self.settings.clone()));
        let row = connection.fetch_one(settings).await?;
        let encoding = text(&row, 1)?;
        let (knows_characters, keeps_utf_8) = (encoding != "SQL_ASCII", encoding == "UTF8");
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
        Ok(Opened {
            connection,
            session: Session { process: text(&row, 0)?, began: text(&row, 2)? },
            server: Server { version, knows_characters, keeps_utf_8 },
            since: self.clock.now(),
        })
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("name", &self.name).finish_non_exhaustive()
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
