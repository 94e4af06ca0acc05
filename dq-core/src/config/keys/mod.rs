//! The table of all keys, a file for each section.

mod api;
mod cache;
mod data_quality;
mod database;
mod deployment;
mod message_queue;
mod microservices;
mod migration;
mod monitoring;
mod performance;
mod security;

use crate::config::key::Key;

const SECTIONS: [&[Key]; 11] = [
    database::KEYS,
    cache::KEYS,
    performance::KEYS,
    microservices::KEYS,
    api::KEYS,
    message_queue::KEYS,
    monitoring::KEYS,
    data_quality::KEYS,
    security::KEYS,
    migration::KEYS,
    deployment::KEYS,
];

/// Variables that hold a whole section, as JSON or YAML; the first that is set counts. Each has another with
/// `_FILE` behind its name, as there may be secrets in a section.
pub(crate) const SECTION_VARIABLES: [(&str, &[&str]); 2] = [
    ("database.sharding", &["DQ_DB_SHARDING_CONFIG", "VEEVA_DB_SHARDING_CONFIG"]),
    ("cache.encryption.keys", &["DQ_CACHE_ENCRYPTION_KEYS"]),
];

/// Every key, in the order of the documentation.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    SECTIONS.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_key_and_no_variable_stands_in_the_table_twice() {
        let paths: HashSet<_> = keys().map(Key::path).collect();
        assert_eq!(paths.len(), keys().count());
        let variables: Vec<_> = keys().flat_map(Key::variables).collect();
        assert_eq!(variables.iter().collect::<HashSet<_>>().len(), variables.len());
    }

    #[test]
    fn no_key_is_also_a_section() {
        for key in keys() {
            let inside = format!("{}.", key.path());
            assert!(keys().all(|it| !it.path().starts_with(&inside)), "{inside}");
        }
    }

    #[test]
    fn every_default_can_be_read_and_every_key_has_a_reader() {
        for key in keys() {
            if let Some(default) = key.default {
                assert!(key.kind.read(default).is_ok(), "{}", key.path());
            }
            assert_ne!(key.awaited(), Some(""), "{}", key.path());
        }
    }

    #[test]
    fn variables_of_dq_come_before_those_that_mean_the_same() {
        for key in keys().filter(|it| !it.variables().is_empty()) {
            let is_own: Vec<_> = key.variables().iter().map(|it| it.starts_with("DQ_")).collect();
            assert!(is_own.is_sorted_by(|a, b| a >= b) && is_own.contains(&true), "{key:?}");
        }
    }
}
