//! What a URL and the configuration say about connections, for the driver.

use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::database::postgres::config::{PostgresConfig, invalid};
use crate::database::server::TlsMode;
use crate::error::Result;
use crate::secret::{self, Secret};

/// The parameter that says whether a PgBouncer stands between.
const PGBOUNCER: &str = "pgbouncer";

/// The parameters that a URL may have, besides `options[…]`.
const PARAMETERS: [&str; 18] = [
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
    PGBOUNCER,
];

impl PostgresConfig {
    /// The same for the database at `url`. The password goes along if the configuration's own URL is of the same
    /// server, database and user,.
    pub(crate) fn at(&self, url: &str) -> Self {
        let mut config = Self { url: url.into(), ..self.clone() };
        let place = |config: &Self| {
            let options = PgConnectOptions::from_str(config.url.expose()).ok()?;
            let database = options.get_database().map(str::to_owned);
            let user = options.get_username().to_owned();
            Some((options.get_host().to_owned(), options.get_port(), database, user))
        };
        if self.url.is_empty() || place(self) != place(&config) {
            config.password = None;
        }
        config
    }
}

/// What the URL and the rest of `config` say, and whether a PgBouncer stands between, if they say so.
pub(crate) fn options(config: &PostgresConfig) -> Result<(PgConnectOptions, Option<bool>)> {
    let url = config.url.expose();
    if !["postgres://", "postgresql://"].iter().any(|it| url.starts_with(it)) {
        return Err(invalid("`url` does not begin with `postgres://`"));
    }
    if let Some(unknown) = unknown_parameter(url) {
        return Err(invalid(&secret::unknown_parameter(url, unknown)));
    }
    let (url, pgbouncer) = without_pgbouncer(url)?;
    let wrong = |it: sqlx::Error| match it {
        sqlx::Error::Configuration(reason) => invalid(&format!("`url` cannot be read: {reason}")),
        _ => invalid("`url` cannot be read"),
    };
    let mut options = PgConnectOptions::from_str(url.expose())
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
    Ok((options, config.pgbouncer.or(pgbouncer)))
}

/// The first parameter of `url` that nobody knows: misspelt, it would be without effect.
fn unknown_parameter(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    let mut names = query.split('&').filter_map(|it| it.split('=').next());
    names.find(|it| !it.is_empty() && !PARAMETERS.contains(it) && !it.starts_with("options"))
}

/// The URL without the parameter that only dq knows, and its value.
fn without_pgbouncer(url: &str) -> Result<(Secret, Option<bool>)> {
    let Some((base, query)) = url.split_once('?') else { return Ok((url.into(), None)) };
    let mut pgbouncer = None;
    let mut others = Vec::new();
    for parameter in query.split('&') {
        match parameter.split_once('=') {
            Some((PGBOUNCER, "true")) => pgbouncer = Some(true),
            Some((PGBOUNCER, "false")) => pgbouncer = Some(false),
            Some((PGBOUNCER, _)) => {
                return Err(invalid("`pgbouncer` in `url` is neither `true` nor `false`"));
            }
            _ => others.push(parameter),
        }
    }
    Ok((format!("{base}?{}", others.join("&")).into(), pgbouncer))
}
