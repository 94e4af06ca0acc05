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
    let defaults = serde_json::to_value(Config::default()).ok()?;
    let value = field.split('.').try_fold(&defaults, |at, name| at.get(name))?;
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
            problems.extend(config.validate().err().map(|it| it.message().to_owned()));
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
            put(&mut tree, field, json_of(value, field));
        }
    }
    let mut config: Config = serde_json::from_value(Value::Object(tree))?;
    config.open_database(settings);
    Ok(config)
}

/// Puts a value at a path of names with dots between them.
fn put(tree: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            tree.insert(path.to_owned(), value);
        }
        Some((name, rest)) => {
            let inside = tree.entry(name).or_insert_with(|| Value::Object(Map::new()));
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
