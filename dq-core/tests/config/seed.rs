//! A file that describes a whole deployment.

use std::collections::BTreeSet;

use dq_core::config::{Config, SettingValue};

use crate::{environment, problems, shown};

pub(crate) const TEXT: &str = include_str!("scalability.yaml");

/// The variables that the file needs.
pub(crate) const VARIABLES: [(&str, &str); 3] = [
    ("DB_PASSWORD", "canary-database"),
    ("JWT_SECRET", "canary-q8Zx3vT1mR7pLk2Wn5Yc9Hd4Jf6Gb0As"),
    ("ALERT_WEBHOOK_URL", "https://hooks.example.org/canary-hook"),
];

#[test]
fn everything_in_it_is_used_or_named_as_not_yet_used() {
    let config = Config::parse("scalability.yaml", TEXT, &environment(VARIABLES)).unwrap();
    let set: Vec<_> = config.settings();
    let set: Vec<_> = set.iter().filter(|it| it.origin().to_string() != "default").collect();
    // Each scalar of the file but the empty password, lists counted once.
    assert_eq!(set.len(), 139);
    let sections: BTreeSet<_> =
        set.iter().map(|it| it.path().split('.').next().unwrap().to_owned()).collect();
    let top = |line: &&str| line.starts_with(|it: char| it.is_ascii_lowercase());
    let expected: BTreeSet<_> =
        TEXT.lines().filter(top).map(|it| it.trim_end_matches(':').to_owned()).collect();
    assert_eq!(sections, expected);
    assert_eq!(set.iter().filter(|it| !it.is_used()).count(), config.not_yet_used().len());
    for setting in config.not_yet_used() {
        assert!(setting.key().awaited().is_some_and(|it| !it.is_empty()), "{}", setting.path());
    }
}

#[test]
fn what_dq_has_a_part_for_reaches_it() {
    let config = Config::parse("scalability.yaml", TEXT, &environment(VARIABLES)).unwrap();
    assert_eq!((config.executor.concurrent_max, config.executor.deadline_ms), (8, 300_000));
    assert_eq!(config.sqlite.readers, 20);
    assert_eq!(config.sqlite.path.to_str(), Some(""), "the database is no file");
    let postgres = &config.postgres;
    assert_eq!(postgres.url.expose(), "postgres://veeva_user@localhost:5432/veeva_data_quality");
    assert_eq!((postgres.idle_min, postgres.readers), (20, 60));
    assert_eq!((postgres.acquire_timeout_ms, postgres.statement_timeout_ms), (30_000, 300_000));
    assert_eq!(config.executor.breaker.failure_threshold, 10);
    assert_eq!(config.cache.breaker.failure_threshold, 3);
    assert_eq!(config.cache.memory.bytes_max, 2_000_000_000);
    assert_eq!(config.verdicts.ttl_ms, 7_200_000);
    assert_eq!(config.redis.as_ref().unwrap().nodes, ["localhost:6379"]);
    let database = config.guard("database");
    assert_eq!(
        (database.breaker.failure_threshold, database.breaker.recovery_timeout_ms),
        (10, 30_000)
    );
    assert_eq!((database.breaker.success_threshold, database.attempt_timeout_ms), (3, 30_000));
    let expected = (Some("0.0.0.0".to_owned()), "scalability.yaml:51:9".to_owned());
    assert_eq!(shown(&config, "api.host"), expected);
    let shards = shown(&config, "database.sharding.shards[1].hash_range");
    assert_eq!(shards.0.as_deref(), Some("128, 255"));
}

#[test]
fn a_variable_that_it_needs_and_that_is_not_set_is_named() {
    let lines = problems(Config::parse("scalability.yaml", TEXT, &environment([])));
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert_eq!(
        lines[0],
        "scalability.yaml:9:15: `database.primary.password`: environment variable `DB_PASSWORD` is not set: \
         set it, or write `${DB_PASSWORD:default}`"
    );
    assert!(
        lines[3].contains("`JWT_SECRET`") && lines[4].contains("`ALERT_WEBHOOK_URL`"),
        "{lines:#?}"
    );
}

#[test]
fn what_is_shown_can_be_read_again() {
    let config = Config::parse("scalability.yaml", TEXT, &environment(VARIABLES)).unwrap();
    // But for the secret that must be hard to guess.
    let shown = config.to_yaml();
    let shown: Vec<_> = shown.lines().filter(|it| !it.contains("jwt_secret")).collect();
    let again = Config::parse("shown.yaml", &shown.join("\n"), &environment([])).unwrap();
    assert_eq!(again.executor, config.executor);
    assert_eq!(again.sqlite, config.sqlite);
    assert_eq!(again.guards, config.guards);
    let values = |config: &Config| {
        let settings = config.settings();
        let values =
            settings.iter().filter(|it| it.key().path() != "api.authentication.jwt_secret");
        values.map(|it| (it.path(), it.value().map(SettingValue::shown))).collect::<Vec<_>>()
    };
    assert_eq!(values(&again), values(&config));
}
