//! Makes the parts' own structs of settings.
//!
//! A key names the field that it sets by its place in [`Config`] as serde knows it: `sqlite.readers`. So a field
//! that is renamed, or whose type changes, cannot be missed: a test sets every key.

use serde_json::{Map, Value};

use crate::config::Config;
use crate::config::key::Reader;
use crate::config::kind::Kind;
use crate::config::settings::Settings;
use crate::config::value::SettingValue;
use crate::resilience::GuardConfig;

/// The guard that others are made of.
pub(crate) const DEFAULT_GUARD: &str = "default";

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// What a field of a part that was left out waits for.
pub(crate) fn missing(field: &str) -> Option<&'static str> {
    if field.starts_with("sqlite.") && !cfg!(feature = "sqlite") {
        return Some("the feature `sqlite`");
    }
    None
}

/// The default of a field.
pub(crate) fn default_of(kind: Kind, field: &str) -> Option<SettingValue> {
    let (defaults, path) = match field.strip_prefix("guards.*.") {
        Some(field) => (serde_json::to_value(GuardConfig::default()), field),
        None => (serde_json::to_value(Config::default()), field),
    };
    let defaults = defaults.ok()?;
    let value = path.split('.').try_fold(&defaults, |at, name| at.get(name))?;
    Some(match (kind, value) {
        (_, Value::Bool(it)) => SettingValue::Flag(*it),
        (Kind::Duration(..), it) => SettingValue::Milliseconds(it.as_u64()?),
        (Kind::Size(..), it) => SettingValue::Bytes(it.as_u64()? * unit_of(field)),
        (Kind::Decimal(..), it) => SettingValue::Decimal(it.as_f64()?),
        (_, Value::Number(it)) => SettingValue::Whole(it.as_u64()?),
        (_, Value::String(it)) => SettingValue::Text(it.clone()),
        _ => return None,
    })
}

/// The structs of the parts with what was set in them.
pub(crate) fn build(settings: &Settings, problems: &mut Vec<String>) -> Config {
    match assemble(settings) {
        Ok(config) => {
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
    if let Some(Value::Object(guards)) = tree.get_mut("guards") {
        inherit(guards);
    }
    let mut config: Config = serde_json::from_value(Value::Object(tree))?;
    config.open_database(settings);
    Ok(config)
}

/// What a guard does not say is as in the one called `default`.
fn inherit(guards: &mut Map<String, Value>) {
    let Some(default) = guards.get(DEFAULT_GUARD).cloned() else { return };
    for (_, guard) in guards.iter_mut().filter(|(name, _)| *name != DEFAULT_GUARD) {
        let own = std::mem::replace(guard, default.clone());
        overlay(guard, own);
    }
}

fn overlay(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (name, value) in above {
                overlay(below.entry(name).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above,
    }
}

/// Puts a value where a path of names leads.
fn put(tree: &mut Map<String, Value>, path: &[&str], value: Value) {
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

    /// What must be set too where a bound of one field depends on another.
    const COMPANIONS: [(&str, &str, &str); 6] = [
        ("breaker.sliding_window_size", "minimum_requests", "1"),
        ("breaker.minimum_requests", "sliding_window_size", "10000"),
        ("breaker.recovery_timeout_ms", "recovery_timeout_max", "1d"),
        ("breaker.recovery_timeout_max_ms", "recovery_timeout", "1ms"),
        ("retry.delay_ms", "retry.delay_max", "1h"),
        ("retry.delay_max_ms", "retry.delay", "1ms"),
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

    #[test]
    fn every_value_that_a_key_takes_fits_the_field_and_its_part() {
        for key in keys() {
            let Reader::Field(field) = key.reader else { continue };
            for value in extremes(key.kind) {
                let mut explicit = vec![(key.path.replace('*', "any"), value.clone())];
                let companion =
                    COMPANIONS.iter().find(|(it, ..)| field.ends_with(&format!("*.{it}")));
                if let Some((_, name, value)) = companion {
                    let path = format!("microservices.circuit_breakers.any.{name}");
                    explicit.push((path, (*value).to_owned()));
                }
                explicit.push(("database.primary.database".to_owned(), "a.db".to_owned()));
                let sources = ConfigSources { explicit, ..ConfigSources::default() };
                let config = Config::load(&sources).unwrap();
                let tree = serde_json::to_value(&config).unwrap();
                let at = field.replace('*', "any");
                let found = at.split('.').try_fold(&tree, |at, name| at.get(name)).unwrap();
                let expected = json_of(&key.kind.read(&value).unwrap(), field);
                let is_same = *found == expected || found.as_f64() == expected.as_f64();
                assert!(is_same, "{field}: {found} is not {expected}");
            }
        }
    }

    #[test]
    fn every_field_of_every_part_has_one_key() {
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
        let mut fields = BTreeMap::new();
        leaves("", &serde_json::to_value(Config::default()).unwrap(), &mut fields);
        fields.remove("guards");
        leaves("guards.*", &serde_json::to_value(GuardConfig::default()).unwrap(), &mut fields);
        // The name of the database and its type decide.
        fields.remove("sqlite.path");
        for key in keys() {
            if let Reader::Field(field) = key.reader
                && missing(field).is_none()
            {
                *fields.entry(field.to_owned()).or_default() += 1;
            }
        }
        let wrong: Vec<_> = fields.iter().filter(|(_, keys)| **keys != 1).collect();
        assert_eq!(wrong, Vec::<(&String, &usize)>::new());
    }

    #[test]
    fn every_field_has_its_default_in_the_table() {
        for key in keys() {
            if let Reader::Field(field) = key.reader
                && missing(field).is_none()
            {
                let default = key.default_value().unwrap();
                assert!(
                    key.default.is_none() && key.kind.read(&default.shown()).is_ok(),
                    "{field}"
                );
            }
        }
    }
}
