//! Everything that is wrong is told at once.

use dq_core::config::{Config, ConfigSources};

use crate::{environment, parse, problems};

const WRONG: &str = "\
database:
  primary:
    type: postgres
    prot: 5432
    port: 70000
    pool_timeout: soon
    connection_pool_size: -1
    enable_query_logging: maybe
  read_replicas: [http://replica]
  sharding: [hash]
cache:
  redis: yes
  memory_cache: { max_size: [1], ttl: { seconds: 5 } }
  strategy: { warming: { schedule: hourly }, query_cache: mru }
api:
  host: a b
  rate_limiting: { default: 1000, endpoints: { jobs: often } }
  authentication:
    jwt_secret: your-secret-key
message_queue:
  redis: { url: localhost }
  queues: { imports: { retry_delay: [1, x, 3], max_retry: 3 } }
performance:
  caching: { cache_size_limit: 2 heaps, cache_hit_target: 850 }
microservices:
  circuit_breakers:
    database: { recovery_timeout: 10m, recovery_timeout_max: 1m }
    cache: { sliding_window_size: 5, failure_rate_threshold: 0 }
monitoring:
  alerting: { rules: { name: x } }
  logging:
    level: ${LEVEL}
    format: ${FORMAT:-json}
? [complex, key]
: 1
teh: end
";

#[test]
fn all_problems_are_told_together_with_their_places() {
    let variables = [
        ("REDIS_PORT", "tcp://10.0.0.11:6379"),
        ("DQ_CACHE_TTL", "0"),
        ("JWT_SECRET", "0123456789"),
        ("VEEVA_DB_SHARDING_CONFIG", "{\"strategy\": \"hsah\", \"shard\": 1}"),
        ("DQ_DB_PASSWORD_FILE", "/nowhere/secret"),
    ];
    let explicit = [("api.port", "none"), ("api.prt", "1"), ("api", "1")]
        .map(|(path, text)| (path.into(), text.into()));
    let sources = ConfigSources { explicit: explicit.into(), ..environment(variables) };
    let lines = problems(Config::parse("dq.yaml", WRONG, &sources));
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn fields_that_contradict_each_other_are_told_with_their_section() {
    let text = "microservices:\n  circuit_breakers:\n    api: { recovery_timeout: 10m, recovery_timeout_max: 2m }\n";
    assert_eq!(
        problems(parse(text)),
        [
            "dq.yaml:3:30: `microservices.circuit_breakers.api`: `recovery_timeout_max_ms` is 120000; \
          it must lie between 600000 and 86400000"
        ]
    );
    let text =
        "cache: { redis: { enabled: true, username: me }, tiered: { lease: 5, lease_renew: 4 } }";
    let lines = problems(parse(text));
    assert_eq!(
        lines,
        [
            "dq.yaml:1:28: `cache.redis`: `redis.password` is missing; `user` is given",
            "dq.yaml:1:28: `cache`: `lease_ms` is 5, not at least twice `lease_renew_ms`, 4",
        ]
    );
}

#[test]
fn a_misspelt_name_is_told_the_nearest_wherever_it_stands() {
    for (text, near) in [
        ("mesage_queue: {}", "message_queue"),
        ("cache: { redis: { pasword: x } }", "password"),
        ("microservices: { circuit_breakers: { any: { timout: 1 } } }", "timeout"),
        ("database: { sharding: { shards: [{ nam: x }] } }", "name"),
    ] {
        let lines = problems(parse(text));
        assert_eq!(lines.len(), 1);
        assert!(lines[0].ends_with(&format!("did you mean `{near}`?")), "{lines:?}");
    }
    assert_eq!(problems(parse("zebra: 1")), ["dq.yaml:1:1: `zebra` is not known"]);
}

#[test]
fn a_secret_that_everybody_knows_is_refused_from_wherever_it_comes() {
    let placeholder = "your-secret-key";
    for sources in [
        environment([("JWT_SECRET", placeholder)]),
        environment([("DQ_JWT_SECRET", placeholder)]),
        ConfigSources {
            explicit: vec![("api.authentication.jwt_secret".to_owned(), placeholder.to_owned())],
            ..ConfigSources::default()
        },
    ] {
        let lines = problems(Config::load(&sources));
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("placeholder"), "{lines:?}");
        assert!(!lines[0].contains(placeholder), "{lines:?}");
    }
}
