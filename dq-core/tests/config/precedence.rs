//! Which layer wins.

use std::collections::BTreeMap;

use dq_core::config::{Config, ConfigSources};
use proptest::option::of;
use proptest::prelude::*;

use crate::{environment, parse, shown};

#[test]
fn without_anything_the_parts_have_their_defaults() {
    let config = Config::load(&ConfigSources::default()).unwrap();
    assert_eq!(config.executor, Config::default().executor);
    assert_eq!(config.sqlite, Config::default().sqlite);
    assert_eq!(config.guard("database"), dq_core::resilience::GuardConfig::default());
    assert_eq!(
        shown(&config, "database.primary.pool_timeout"),
        (Some("30s".to_owned()), "default".to_owned())
    );
    assert_eq!(config.not_yet_used(), Vec::<&dq_core::config::Setting>::new());
}

#[test]
fn an_empty_file_and_empty_sections_are_the_defaults() {
    for text in
        ["", "# nothing\n", "---\n", "{}", "database:\ncache: ~\n", "cache: { redis: null }"]
    {
        let config = parse(text).unwrap();
        assert_eq!(config.executor, Config::default().executor, "{text}");
        let set =
            config.settings().iter().filter(|it| it.origin().to_string() != "default").count();
        assert_eq!(set, 0, "{text}");
    }
}

#[test]
fn the_name_of_the_database_is_a_path_where_it_is_sqlite() {
    let path = |text: &str, name: &str| {
        let variables = [("VEEVA_DB_PATH", "old.db"), ("DQ_DB_PATH", name)];
        let config = Config::parse("dq.yaml", text, &environment(variables)).unwrap();
        config.sqlite.path.to_str().unwrap().to_owned()
    };
    assert_eq!(path("database: { primary: { database: file.db } }", "new.db"), "new.db");
    assert_eq!(path("", ""), "old.db", "an empty variable is not set");
    assert_eq!(path("database: { primary: { type: postgresql } }", "new.db"), "");
}

/// A setting with a value, or none, in each layer.
#[derive(Clone, Debug)]
struct Layers {
    file: Option<u64>,
    known: Option<u64>,
    own: Option<u64>,
    explicit: Option<u64>,
}

impl Layers {
    /// The value that counts, and whether `known` or `own` gave it.
    fn winner(&self) -> Option<u64> {
        self.explicit.or(self.own).or(self.known).or(self.file)
    }
}

/// Path, section lines for YAML, the seed's variable and dq's own.
const KEYS: [(&str, &str, &str); 4] = [
    ("performance.query_execution.max_workers", "MAX_WORKERS", "DQ_MAX_WORKERS"),
    ("performance.query_execution.timeout", "QUERY_TIMEOUT", "DQ_QUERY_TIMEOUT"),
    ("database.primary.connection_pool_size", "VEEVA_DB_POOL_SIZE", "DQ_DB_POOL_SIZE"),
    ("cache.redis.query_results_ttl", "CACHE_TTL", "DQ_CACHE_TTL"),
];

fn layers() -> impl Strategy<Value = Layers> {
    let value = || of(1..=1_000_u64);
    (value(), value(), value(), value()).prop_map(|(file, known, own, explicit)| Layers {
        file,
        known,
        own,
        explicit,
    })
}

proptest! {
    #[test]
    fn explicit_wins_over_environment_over_file_over_default(all in proptest::array::uniform4(layers())) {
        let mut variables = BTreeMap::new();
        let mut explicit = Vec::new();
        let mut sections: BTreeMap<String, String> = BTreeMap::new();
        for ((path, known, own), layers) in KEYS.iter().zip(&all) {
            variables.extend(layers.known.map(|it| ((*known).into(), it.to_string().into())));
            variables.extend(layers.own.map(|it| ((*own).into(), it.to_string().into())));
            explicit.extend(layers.explicit.map(|it| ((*path).to_owned(), it.to_string())));
            if let Some(value) = layers.file {
                let names: Vec<_> = path.split('.').collect();
                let section = sections.entry(format!("{}:\n  {}:\n", names[0], names[1])).or_default();
                section.extend([format!("    {}: {value}\n", names[2])]);
            }
        }
        let text: String = sections.into_iter().flat_map(|(head, keys)| [head, keys]).collect();
        let sources = ConfigSources { environment: variables, explicit, ..ConfigSources::default() };
        let config = Config::parse("dq.yaml", &text, &sources).unwrap();
        let default = Config::default();
        let [workers, timeout, pool, ttl] = all.each_ref().map(Layers::winner);
        let executor = &config.executor;
        prop_assert_eq!(executor.concurrent_max as u64, workers.unwrap_or(default.executor.concurrent_max as u64));
        prop_assert_eq!(executor.deadline_ms, timeout.map_or(default.executor.deadline_ms, |it| it * 1_000));
        prop_assert_eq!(config.sqlite.readers as u64, pool.unwrap_or(default.sqlite.readers as u64));
        prop_assert_eq!(executor.result_ttl_ms, ttl.map_or(default.executor.result_ttl_ms, |it| it * 1_000));
        for ((path, known, own), layers) in KEYS.iter().zip(&all) {
            let (_, origin) = shown(&config, path);
            let expected = match layers {
                Layers { explicit: Some(_), .. } => "set by the program",
                Layers { own: Some(_), .. } => own,
                Layers { known: Some(_), .. } => known,
                Layers { file: Some(_), .. } => "dq.yaml:",
                _ => "default",
            };
            prop_assert!(origin.starts_with(expected), "{} {} {}", path, origin, expected);
        }
    }
}
