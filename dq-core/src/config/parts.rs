//! Makes the parts' own structs of settings.
//!
//! A key names the field that it sets by its place in [`Config`] as serde knows it: `sqlite.readers`. So a field
//! that is renamed, or whose type changes, cannot be missed: a test sets every key.

use serde_json::{Map, Value};

use crate::config::Config;
use crate::config::guards;
use crate::config::key::Reader;
use crate::config::kind::Kind;
#[cfg(feature = "mysql")]
use crate::config::mysql;
#[cfg(feature = "postgres")]
use crate::config::postgres;
use crate::config::settings::Settings;
use crate::config::value::SettingValue;
use crate::resilience::GuardConfig;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// What a field of a part that was left out waits for.
pub(crate) fn missing(field: &str) -> Option<&'static str> {
    match field.split('.').next() {
        Some("sqlite") if !cfg!(feature = "sqlite") => Some("the feature `sqlite`"),
        Some("mysql") if !cfg!(feature = "mysql") => Some("the feature `mysql`"),
        Some("postgres" | "replicas") if !cfg!(feature = "postgres") => {
            Some("the feature `postgres`")
        }
        Some("cache" | "cache_encryption" | "verdicts") if !cfg!(feature = "cache") => {
            Some("the feature `cache`")
        }
        Some("redis" | "redis_store") if !cfg!(feature = "redis") => Some("the feature `redis`"),
        _ => None,
    }
}

/// The default of a field; nothing if it is none.
pub(crate) fn default_of(kind: Kind, field: &str) -> Option<SettingValue> {
    let defaults = defaults().ok()?;
    let value = field.split('.').try_fold(&defaults, |at, name| at.get(name))?;
    Some(match (kind, value) {
        (_, Value::Bool(it)) => SettingValue::Flag(*it),
        (Kind::Duration(..), it) => SettingValue::Milliseconds(it.as_u64()?),
        (Kind::Size(..), it) => SettingValue::Bytes(it.as_u64()? * unit_of(field)),
        (Kind::Decimal(..), it) => SettingValue::Decimal(it.as_f64()?),
        (_, Value::Number(it)) => SettingValue::Whole(it.as_u64()?),
        (_, Value::String(it)) if !it.is_empty() => SettingValue::Text(it.clone()),
        _ => return None,
    })
}

/// The defaults of all fields, also of those that are not there without being set.
fn defaults() -> serde_json::Result<Value> {
    let mut defaults = serde_json::to_value(Config::default())?;
    if let Value::Object(fields) = &mut defaults {
        let mut guard = Map::new();
        guard.insert("*".to_owned(), serde_json::to_value(GuardConfig::default())?);
        fields.insert("guards".to_owned(), Value::Object(guard));
        #[cfg(feature = "redis")]
        {
            let redis = serde_json::to_value(crate::redis::RedisConfig::default())?;
            fields.insert("redis".to_owned(), redis);
        }
    }
    Ok(defaults)
}

/// The structs of the parts with what was set in them.
pub(crate) fn build(settings: &Settings, problems: &mut Vec<String>) -> Config {
    match assemble(settings) {
        #[cfg_attr(not(feature = "cache"), expect(unused_mut, reason = "there are no keys then"))]
        Ok(mut config) => {
            #[cfg(feature = "cache")]
            config.take_keys(settings, problems);
            config.check(|section, error| {
                // The place of the section is that of the first value in it.
                let inside = format!("{section}.");
                let first = settings.iter().find(|it| it.path().starts_with(&inside));
                let place = first.map_or(String::new(), |it| format!("{}: ", it.origin()));
                problems.push(format!("{place}`{section}`: {}", error.message()));
            });
            config
        }
        Err(error) => {
            // The table of keys does not fit a part's struct, which a test of every key would have found.
            problems.push(format!("cannot make the configuration of its settings: {error}"));
            Config::default()
        }
    }
}

fn assemble(settings: &Settings) -> serde_json::Result<Config> {
    let mut tree = Map::new();
    for setting in settings.iter() {
        let (Reader::Field(field), Some(value)) = (setting.key.reader, &setting.value) else {
            continue;
        };
        if missing(field).is_none() {
            let any = setting.key.segments().position(|it| it == "*");
            let name = any.and_then(|it| setting.segments.get(it)).map_or("*", String::as_str);
            let path: Vec<_> =
                field.split('.').map(|it| if it == "*" { name } else { it }).collect();
            put(&mut tree, &path, json_of(value, field));
        }
    }
    guards::complete(&mut tree)?;
    #[cfg_attr(
        not(any(feature = "mysql", feature = "postgres", feature = "redis", feature = "sqlite")),
        expect(unused_mut, reason = "nothing is opened then")
    )]
    let mut config: Config = serde_json::from_value(Value::Object(tree))?;
    #[cfg(feature = "sqlite")]
    config.open_database(settings);
    #[cfg(feature = "postgres")]
    config.open_replicas(settings);
    #[cfg(feature = "postgres")]
    postgres::open(&mut config.postgres, settings);
    #[cfg(feature = "mysql")]
    mysql::open(&mut config.mysql, settings);
    #[cfg(feature = "redis")]
    config.open_redis(settings);
    Ok(config)
}

/// Puts a value where a path of names leads.
pub(crate) fn put(tree: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [name] => {
            tree.insert((*name).to_owned(), value);
        }
        [name, rest @ ..] => {
            let inside = tree.entry(*name).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inside) = inside {
                put(inside, rest, value);
            }
        }
    }
}

/// How many bytes the unit of a field has, by the end of its name.
fn unit_of(field: &str) -> u64 {
    match field.rsplit('_').next() {
        Some("kib") => KIB,
        Some("mib") => MIB,
        _ => 1,
    }
}

/// The value in the unit of the field. What is no whole number of units is rounded up.
fn json_of(value: &SettingValue, field: &str) -> Value {
    match value {
        SettingValue::Bytes(it) => it.div_ceil(unit_of(field)).into(),
        value => value.to_json(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigSources;
    use crate::config::keys::keys;
    use std::collections::BTreeMap;

    const KEY: &str = "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=";

    /// What must be set too where a bound of one field depends on another.
    const COMPANIONS: [(&str, &str, &str); 9] = [
        ("microservices.circuit_breakers.any.minimum_requests", "sliding_window_size", "10000"),
        ("microservices.circuit_breakers.any.recovery_timeout_max", "recovery_timeout", "1ms"),
        ("microservices.circuit_breakers.any.retry.delay_max", "retry.delay", "1ms"),
        ("microservices.circuit_breakers.any.hedge.delay_quantile", "hedge.delay", "1ms"),
        ("cache.tiered.lease", "lease_renew", "1ms"),
        ("cache.tiered.lease_renew", "lease", "1h"),
        ("cache.redis.tls.certificate_file", "tls.ca_file", "/dev/null"),
        ("cache.redis.username", "password", "any"),
        ("cache.encryption.write_with", "keys.{}", KEY),
    ];

    fn extremes(kind: Kind) -> Vec<String> {
        match kind {
            Kind::Flag => ["true", "false"].map(str::to_owned).into(),
            Kind::Word(words) => words.iter().map(|it| (*it).to_owned()).collect(),
            Kind::Whole(min, max) | Kind::Size(min, max) => {
                [min, max].map(|it| it.to_string()).into()
            }
            Kind::Duration(_, min, max) => [min, max].map(|it| format!("{it}ms")).into(),
            Kind::Decimal(min, max) => [min, max].map(|it| it.to_string()).into(),
            _ => ["localhost".to_owned()].into(),
        }
    }

    fn with(path: &str, wanted: &str) -> ConfigSources {
        let mut explicit = vec![(path.to_owned(), wanted.to_owned())];
        if let Some((_, name, value)) = COMPANIONS.iter().find(|(it, ..)| *it == path) {
            let section = path.strip_suffix(path.rsplit('.').next().unwrap()).unwrap();
            let section = section.strip_suffix("tls.").unwrap_or(section);
            let section = section.strip_suffix("retry.").unwrap_or(section);
            let section = section.strip_suffix("hedge.").unwrap_or(section);
            explicit
                .push((format!("{section}{}", name.replace("{}", wanted)), (*value).to_owned()));
        }
        explicit.push(("database.primary.database".to_owned(), "a.db".to_owned()));
        explicit.push(("cache.redis.enabled".to_owned(), "true".to_owned()));
        ConfigSources { explicit, ..ConfigSources::default() }
    }

    #[test]
    fn every_value_that_a_key_takes_fits_the_field_and_its_part() {
        // Files of certificates must be there.
        for key in
            keys().filter(|it| !it.path.starts_with("cache.redis.tls.") && it.awaited().is_none())
        {
            let Reader::Field(field) = key.reader else { continue };
            for value in extremes(key.kind) {
                let config = Config::load(&with(&key.path.replace('*', "any"), &value)).unwrap();
                let tree = serde_json::to_value(&config).unwrap();
                let at = field.replace('*', "any");
                let found = at.split('.').try_fold(&tree, |at, name| at.get(name)).unwrap();
                let expected = json_of(&key.kind.read(&value).unwrap(), field);
                let is_same = *found == expected || found.as_f64() == expected.as_f64();
                assert!(is_same, "{field}: {found} is not {expected}");
            }
        }
    }

    fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, usize>) {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                for (name, value) in fields {
                    leaves(&format!("{path}.{name}"), value, found);
                }
            }
            _ => {
                found.insert(path.trim_start_matches('.').to_owned(), 0);
            }
        }
    }

    #[test]
    fn every_field_of_every_part_has_one_key() {
        // Which the configuration makes of several keys, or of the guards of these names.
        let others = [
            "sqlite.path",
            "replicas.urls",
            "mysql.url",
            "mysql.password",
            "mysql.tls.mode",
            "mysql.readers",
            "mysql.idle_min",
            "mysql.acquire_timeout_ms",
            "mysql.statement_timeout_ms",
            "postgres.url",
            "postgres.password",
            "postgres.tls.mode",
            "postgres.readers",
            "postgres.idle_min",
            "postgres.acquire_timeout_ms",
            "postgres.statement_timeout_ms",
            "redis.url",
            "redis.nodes",
            "redis.password",
            "redis.sentinel_password",
            "redis.tls",
            "cache_encryption.keys",
        ];
        let of_guards =
            ["executor.breaker.", "executor.retry.", "cache.breaker.", "replicas.breaker."];
        let mut fields = BTreeMap::new();
        leaves("", &defaults().unwrap(), &mut fields);
        fields.retain(|it, _| !others.contains(&it.as_str()));
        fields.retain(|it, _| of_guards.iter().all(|of| !it.starts_with(of)));
        for key in keys() {
            if let Reader::Field(field) = key.reader
                && missing(field).is_none()
                && !field.starts_with("redis.tls.")
            {
                *fields.entry(field.to_owned()).or_default() += 1;
            }
        }
        let wrong: Vec<_> = fields.iter().filter(|(_, keys)| **keys != 1).collect();
        assert_eq!(wrong, Vec::<(&String, &usize)>::new());
    }

    #[test]
    fn the_default_of_a_field_is_that_of_its_part_and_within_its_range() {
        for key in keys() {
            if let (Reader::Field(field), Some(default)) = (key.reader, key.default_value()) {
                assert!(
                    key.default.is_none() && key.kind.read(&default.shown()).is_ok(),
                    "{field}"
                );
            }
        }
    }
}
