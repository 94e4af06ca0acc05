//! What reaches the parts.

use std::path::Path;

use dq_core::config::Config;
use dq_core::database::postgres::{PostgresConfig, TlsMode};
use dq_core::redis::RedisMode;
use dq_core::resilience::GuardConfig;

use crate::{environment, parse};

/// The configuration with these guards.
fn guards(text: &str) -> Config {
    parse(&format!("microservices: {{ circuit_breakers: {{ {text} }} }}")).unwrap()
}

#[test]
fn a_section_of_a_guard_says_what_differs_from_the_default_one() {
    let config =
        guards("default: { failure_threshold: 7, timeout: 10 }, api: { failure_threshold: 3 }");
    let [default, api, other] = ["default", "api", "mail"].map(|it| config.guard(it));
    assert_eq!((default.breaker.failure_threshold, default.attempt_timeout_ms), (7, 10_000));
    assert_eq!((api.breaker.failure_threshold, api.attempt_timeout_ms), (3, 10_000));
    assert_eq!(other, default);
    assert_eq!(api.retry, GuardConfig::default().retry);
    config.validate().unwrap();
}

#[test]
fn the_database_and_the_cache_are_guarded_by_their_sections() {
    let plain = Config::default();
    let config = guards(
        "default: { success_threshold: 4 }, database: { failure_threshold: 9, retry: { attempts_max: 2 } }",
    );
    assert_eq!(
        (config.executor.breaker.failure_threshold, config.executor.breaker.success_threshold),
        (9, 4)
    );
    assert_eq!(config.executor.retry.attempts_max, 2);
    assert_eq!(config.cache, plain.cache, "the cache takes nothing from `default`");
    let config = guards("cache: { failure_threshold: 3, recovery_timeout: 10 }");
    assert_eq!(config.executor, plain.executor);
    let breaker = &config.cache.breaker;
    assert_eq!((breaker.failure_threshold, breaker.recovery_timeout_ms), (3, 10_000));
    assert_eq!(breaker.half_open_permits, plain.cache.breaker.half_open_permits);
    let config = guards("default: { failure_threshold: 6 }");
    assert_eq!(config.executor.breaker.failure_threshold, 6);
}

#[test]
fn a_bound_moves_with_what_it_bounds_unless_it_is_set() {
    let guard =
        guards("api: { recovery_timeout: 10m, sliding_window_size: 5, retry: { delay: 9s } }")
            .guard("api");
    assert_eq!(guard.breaker.recovery_timeout_max_ms, 600_000);
    assert_eq!(guard.breaker.minimum_requests, 5);
    assert_eq!(guard.retry.delay_max_ms, 9_000);
    let guard = guards("api: { recovery_timeout: 1, sliding_window_size: 500 }").guard("api");
    let default = GuardConfig::default().breaker;
    assert_eq!(guard.breaker.recovery_timeout_max_ms, default.recovery_timeout_max_ms);
    assert_eq!(guard.breaker.minimum_requests, default.minimum_requests);
}

#[test]
fn postgres_is_made_of_the_keys_of_every_database_and_of_its_own() {
    let config = parse(
        "database:\n  primary: { type: postgresql, host: db, port: 5433, database: 'a b', username: 'u@x', \
         password: canary, connection_pool_size: 5, max_overflow: 7, pool_timeout: 2s, query_timeout: 1m }\n  \
         postgres: { application_name: quality, write_pool_size: 3, pgbouncer: yes, tls: { ca_file: ca.pem } }\n\
         security: { ssl_mode: verify-ca }",
    )
    .unwrap();
    let postgres = &config.postgres;
    assert_eq!(postgres.url.expose(), "postgres://u%40x@db:5433/a%20b");
    assert_eq!(postgres.password.as_ref().unwrap().expose(), "canary");
    assert_eq!((postgres.idle_min, postgres.readers, postgres.writers), (5, 12, 3));
    assert_eq!((postgres.acquire_timeout_ms, postgres.statement_timeout_ms), (2_000, 60_000));
    assert_eq!((postgres.application_name.as_str(), postgres.pgbouncer), ("quality", Some(true)));
    assert_eq!(postgres.tls.mode, Some(TlsMode::VerifyCa));
    assert_eq!(postgres.tls.ca_file.as_deref(), Some(Path::new("ca.pem")));
    assert_eq!(config.sqlite.path.to_str(), Some(""), "the database is no file");
    assert!(!format!("{config:?} {}", config.to_yaml()).contains("canary"));
}

#[test]
fn without_a_word_postgres_is_as_its_part_says_and_has_no_url() {
    let plain = PostgresConfig::default();
    assert_eq!(parse("").unwrap().postgres, plain);
    let config = parse("database: { primary: { database: a.db, password: canary } }").unwrap();
    assert_eq!(config.postgres, plain, "the password is that of another database");
    let sources = environment([("VEEVA_DB_TYPE", "postgresql"), ("VEEVA_DB_HOST", "::1")]);
    let config = Config::parse("dq.yaml", "", &sources).unwrap();
    assert_eq!(config.postgres.url.expose(), "postgres://[::1]:5432");
}

#[test]
fn redis_is_there_when_it_is_enabled() {
    let load = |text: &str, variables: &[(&'static str, &'static str)]| {
        Config::parse("dq.yaml", text, &environment(variables.iter().copied())).unwrap().redis
    };
    assert_eq!(load("cache: { redis: { host: cache, port: 6380 } }", &[]), None);
    let enabled = ("REDIS_ENABLED", "true");
    let redis = load("", &[enabled, ("REDIS_HOST", "cache"), ("REDIS_PASSWORD", "pw")]).unwrap();
    assert_eq!(redis.nodes, ["cache:6379"]);
    assert_eq!(redis.password.unwrap().expose(), "pw");
    assert_eq!((redis.url, redis.tls, redis.database), (None, None, 0));
    let text = "cache: { redis: { nodes: ['a:1', 'b:2'], mode: sentinel, db: 3, username: u, password: p, \
                tls: { enabled: true }, command_deadline: 250, key_prefix: 'test:' } }";
    let redis = load(text, &[enabled]).unwrap();
    assert_eq!((redis.nodes.len(), redis.mode, redis.database), (2, RedisMode::Sentinel, 3));
    assert_eq!((redis.command_deadline_ms, redis.prefix.as_str()), (250, "test:"));
    assert!(redis.tls.is_some() && redis.user.as_deref() == Some("u"));
    let redis = load("", &[enabled, ("REDIS_URL", "redis://:pw@cache/2"), ("REDIS_HOST", "other")])
        .unwrap();
    assert_eq!(redis.url.unwrap().expose(), "redis://:pw@cache/2");
    assert_eq!(redis.nodes, Vec::<String>::new());
}

#[test]
fn sizes_and_times_reach_their_fields_in_their_units() {
    let config = parse(
        "database: { sqlite: { cache_size: 1MiB, mmap_size: 1.5MiB, busy_timeout: 2s } }\n\
         performance: { caching: { cache_size_limit: 2GB } }\n\
         cache: { redis: { validation_results_ttl: 2h }, verdicts: { keep_samples: yes } }",
    )
    .unwrap();
    assert_eq!((config.sqlite.cache_size_kib, config.sqlite.mmap_size_mib), (1_024, 2));
    assert_eq!(config.sqlite.busy_timeout_ms, 2_000);
    assert_eq!(config.cache.memory.bytes_max, 2_000_000_000);
    assert_eq!((config.verdicts.ttl_ms, config.verdicts.keep_samples), (7_200_000, true));
}
