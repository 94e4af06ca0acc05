//! Values with their paths and origins.

use std::collections::BTreeMap;
use std::fmt;

use crate::config::key::Key;
use crate::config::keys::keys;
use crate::config::value::SettingValue;
use crate::document::Place;

/// Where a value comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A place in the configuration file; lines and columns count from 1.
    File {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// The column, in characters.
        column: usize,
    },
    /// An environment variable.
    Variable(String),
    /// The program itself.
    Explicit,
}

impl Origin {
    pub(crate) fn in_file(file: &str, place: Place) -> Self {
        Self::File { file: file.to_owned(), line: place.line, column: place.column }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Variable(name) => f.write_str(name),
            Self::Explicit => f.write_str("set by the program"),
        }
    }
}

/// The value of a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub(crate) segments: Vec<String>,
    pub(crate) key: &'static Key,
    pub(crate) value: Option<SettingValue>,
    pub(crate) origin: Origin,
}

impl Setting {
    /// The names from the top of the file down to the value, such as `cache.redis.port` or
    /// `database.sharding.shards[0].name`.
    pub fn path(&self) -> String {
        joined(&self.segments)
    }

    /// The key in the table of all keys.
    pub fn key(&self) -> &'static Key {
        self.key
    }

    /// The value; `None` if the key has no default and nobody set it.
    pub fn value(&self) -> Option<&SettingValue> {
        self.value.as_ref()
    }

    /// Where the value comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether a part of dq reads it.
    pub fn is_used(&self) -> bool {
        self.key.awaited().is_none()
    }
}

/// Names with dots between them; positions in lists stand in brackets.
pub(crate) fn joined(segments: &[String]) -> String {
    let mut path = String::new();
    for segment in segments {
        if !path.is_empty() && !segment.starts_with('[') {
            path.push('.');
        }
        path.push_str(segment);
    }
    path
}

/// The values of all keys that have one, by path.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Settings(BTreeMap<String, Setting>);

impl Settings {
    /// Adds a value, in the place of any that the path had.
    pub(crate) fn insert(&mut self, setting: Setting) {
        self.0.insert(setting.path(), setting);
    }

    /// Forgets everything below a section.
    pub(crate) fn remove_section(&mut self, section: &str) {
        let inside = format!("{section}.");
        self.0.retain(|path, _| !path.starts_with(&inside));
    }

    /// Everything below a section.
    #[cfg(feature = "cache")]
    pub(crate) fn below(&self, section: &str) -> impl Iterator<Item = &Setting> {
        let inside = format!("{section}.");
        self.0.iter().filter(move |(path, _)| path.starts_with(&inside)).map(|(_, it)| it)
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Setting> {
        self.0.get(path)
    }

    /// The value at a path, if it was set.
    #[cfg(any(feature = "mysql", feature = "postgres", feature = "redis", feature = "sqlite"))]
    pub(crate) fn value(&self, path: &str) -> Option<&SettingValue> {
        self.0.get(path).and_then(Setting::value)
    }

    /// The text at a path, if it was set.
    #[cfg(any(feature = "mysql", feature = "postgres", feature = "redis", feature = "sqlite"))]
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        match self.value(path) {
            Some(SettingValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Setting> {
        self.0.values()
    }

    /// The settings in the order of the table of keys.
    pub(crate) fn in_order(&self) -> Vec<&Setting> {
        let position = |it: &Setting| keys().position(|key| key == it.key);
        let mut settings: Vec<_> = self.0.values().collect();
        settings.sort_by_cached_key(|it| position(it));
        settings
    }
}
