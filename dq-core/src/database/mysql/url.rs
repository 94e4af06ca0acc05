//! The URL of a database, as the driver wants to hear it.

use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use crate::database::mysql::config::{MySqlConfig, invalid};
use crate::database::server::TlsMode;
use crate::error::Result;
use crate::secret;

/// How a URL begins.
const SCHEMES: [&str; 2] = ["mysql://", "mariadb://"];

/// The parameters that a URL may have. Those that would change how text and time are sent are not among them.
const PARAMETERS: [&str; 9] = [
    "sslmode", "ssl-mode", "sslca", "ssl-ca", "sslcert", "ssl-cert", "sslkey", "ssl-key", "socket",
];

/// How many prepared statements a connection keeps: as many as the checks of a large rule set need.
const STATEMENTS_MAX: usize = 500;

/// The modes by our words, and by the driver's.
const MODES: [(&str, &str); 5] = [
    ("disable", "disabled"),
    ("prefer", "preferred"),
    ("require", "required"),
    ("verify-ca", "verify_ca"),
    ("verify-full", "verify_identity"),
];

impl MySqlConfig {
    /// The same for the database at `url`. The password goes along if the configuration's own URL is of the same
    /// server, database and user.
    pub(crate) fn at(&self, url: &str) -> Self {
        let mut config = Self { url: url.into(), ..self.clone() };
        let place = |config: &Self| {
            let options =
                MySqlConnectOptions::from_str(&translated(config.url.expose()).ok()?).ok()?;
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

/// What `config` says, with the URL.
pub(crate) fn options(config: &MySqlConfig) -> Result<MySqlConnectOptions> {
    let url = config.url.expose();
    if !SCHEMES.iter().any(|it| url.starts_with(it)) {
        return Err(invalid("`url` does not begin with `mysql://` or `mariadb://`"));
    }
    let wrong = |it: sqlx::Error| match it {
        sqlx::Error::Configuration(reason) => invalid(&format!("`url` cannot be read: {reason}")),
        _ => invalid("`url` cannot be read"),
    };
    let options = MySqlConnectOptions::from_str(&translated(url)?).map_err(wrong)?;
    if options.get_database().is_none() {
        return Err(invalid("`url` names no database: it ends with `/database`"));
    }
    let host = options.get_host().trim_matches(['[', ']']).to_owned();
    let mut options = options
        .host(&host)
        .timezone(None)
        .set_names(false)
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .statement_cache_capacity(STATEMENTS_MAX)
        .disable_statement_logging();
    if let Some(password) = &config.password {
        options = options.password(password.expose());
    }
    let tls = &config.tls;
    if let Some(mode) = tls.mode {
        options = options.ssl_mode(match mode {
            TlsMode::Disable => MySqlSslMode::Disabled,
            TlsMode::Prefer => MySqlSslMode::Preferred,
            TlsMode::Require => MySqlSslMode::Required,
            TlsMode::VerifyCa => MySqlSslMode::VerifyCa,
            TlsMode::VerifyFull => MySqlSslMode::VerifyIdentity,
        });
    }
    if let Some(path) = &tls.ca_file {
        options = options.ssl_ca(path);
    }
    match (&tls.certificate_file, &tls.key_file) {
        (None, None) => Ok(options),
        (Some(certificate), Some(key)) => {
            Ok(options.ssl_client_cert(certificate).ssl_client_key(key))
        }
        _ => Err(invalid("`tls.certificate_file` and `tls.key_file` belong together")),
    }
}

/// How reports and messages name the database.
pub(crate) fn name(url: &str, options: &MySqlConnectOptions) -> String {
    let scheme = SCHEMES.into_iter().find(|it| url.starts_with(it)).unwrap_or("mysql://");
    let database = options.get_database().unwrap_or_default();
    match options.get_socket() {
        Some(socket) => format!("{scheme}{}/{database}", socket.display()),
        None if options.get_host().contains(':') => {
            format!("{scheme}[{}]:{}/{database}", options.get_host(), options.get_port())
        }
        None => format!("{scheme}{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

/// The URL with the driver's words for modes. A parameter that nobody knows is refused: misspelt, it would be
/// without effect.
fn translated(url: &str) -> Result<String> {
    let Some((place, query)) = url.split_once('?') else { return Ok(url.to_owned()) };
    let mut parameters = Vec::new();
    for parameter in query.split('&').filter(|it| !it.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if !PARAMETERS.contains(&name) {
            return Err(invalid(&secret::unknown_parameter(url, name)));
        }
        let is_mode = matches!(name, "sslmode" | "ssl-mode");
        let mode = MODES.iter().find(|(ours, _)| is_mode && *ours == value);
        parameters.push(format!("{name}={}", mode.map_or(value, |it| it.1)));
    }
    Ok(format!("{place}?{}", parameters.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str) -> String {
        let config = MySqlConfig::new(url);
        options(&config).map_or_else(|it| it.to_string(), |it| name(url, &it))
    }

    #[test]
    fn a_database_is_named_without_user_and_password() {
        assert_eq!(named("mysql://u:pw@db.example/registry"), "mysql://db.example:3306/registry");
        assert_eq!(named("mariadb://u@[::1]:33/d?sslmode=disable"), "mariadb://[::1]:33/d");
        assert_eq!(named("mysql://u@h/d?socket=/run/m.sock"), "mysql:///run/m.sock/d");
    }

    #[test]
    fn modes_go_by_both_words() {
        for url in ["mysql://h/d?sslmode=verify-full", "mysql://h/d?ssl-mode=VERIFY_IDENTITY"] {
            let options = options(&MySqlConfig::new(url)).unwrap();
            assert!(matches!(options.get_ssl_mode(), MySqlSslMode::VerifyIdentity), "{url}");
        }
    }

    #[test]
    fn a_password_goes_only_where_it_belongs() {
        let config =
            MySqlConfig { password: Some("pw".into()), ..MySqlConfig::new("mysql://u@h:3306/d") };
        assert!(config.at("mariadb://u@h/d?sslmode=require").password.is_some());
        for url in ["mysql://u@other/d", "mysql://v@h/d", "mysql://u@h/e", "mysql://u@h:1/d"] {
            assert!(config.at(url).password.is_none(), "{url}");
        }
    }

    #[test]
    fn what_would_be_without_effect_is_refused() {
        assert!(named("mysql://h/d?charset=latin1").ends_with("unknown parameter `charset`"));
        let message = named("mysql://u:pass?word&more@h/d");
        assert!(!message.contains("word&") && message.contains("`%3F`"), "{message}");
        assert!(named("mysql://h").contains("names no database"));
        assert!(named("postgres://h/d").contains("does not begin with"));
        assert!(named("mysql://h/d?sslmode=maybe").contains("cannot be read"));
    }
}
