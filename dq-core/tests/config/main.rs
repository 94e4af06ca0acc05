//! The configuration: its layers, its messages, its secrets.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "what a test builds on must be there, or else the test fails"
)]

mod documents;
mod environment;
mod parts;
mod precedence;
mod problems;
mod reference;
mod secrets;
mod seed;

use dq_core::config::{Config, ConfigSources, SettingValue};

/// Sources with nothing but these environment variables.
fn environment<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> ConfigSources {
    let environment = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
    ConfigSources { environment: environment.collect(), ..ConfigSources::default() }
}

/// The configuration of a text and no environment.
fn parse(text: &str) -> dq_core::Result<Config> {
    Config::parse("dq.yaml", text, &ConfigSources::default())
}

/// The lines of the error.
fn problems(loaded: dq_core::Result<Config>) -> Vec<String> {
    let error = loaded.expect_err("there are problems");
    assert_eq!(error.kind(), dq_core::ErrorKind::ConfigInvalid);
    error.message().lines().map(str::to_owned).collect()
}

/// What a setting is shown as, and where it comes from.
fn shown(config: &Config, path: &str) -> (Option<String>, String) {
    let settings = config.settings();
    let setting = settings.iter().find(|it| it.path() == path).expect("the path is set or read");
    (setting.value().map(SettingValue::shown), setting.origin().to_string())
}
