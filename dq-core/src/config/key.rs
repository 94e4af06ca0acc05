//! What can be configured: one entry for each key.

use crate::config::kind::Kind;
use crate::config::parts;
use crate::config::value::SettingValue;

/// A key of the configuration: what it may be, what it is without being set, and what sets it.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    pub(crate) default: Option<&'static str>,
    pub(crate) variables: &'static [&'static str],
    pub(crate) meaning: &'static str,
    pub(crate) reader: Reader,
}

/// Who reads a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reader {
    /// A field of a part's own struct, by its place in [`Config`](crate::config::Config): `sqlite.readers`.
    Field(&'static str),
    /// The configuration itself, which makes something else of it.
    Config,
    /// A part that does not exist yet.
    Awaited(&'static str),
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Key {
    /// A key that no part reads yet.
    pub(crate) const fn new(path: &'static str, kind: Kind, meaning: &'static str) -> Self {
        let reader = Reader::Awaited("");
        Self { path, kind, default: None, variables: &[], meaning, reader }
    }

    /// What the key is without being set. That of a field is the default of its struct.
    pub(crate) const fn default(self, text: &'static str) -> Self {
        Self { default: Some(text), ..self }
    }

    /// The variables that set it; the first that is set counts.
    pub(crate) const fn set_by(self, variables: &'static [&'static str]) -> Self {
        Self { variables, ..self }
    }

    pub(crate) const fn sets(self, field: &'static str) -> Self {
        Self { reader: Reader::Field(field), ..self }
    }

    pub(crate) const fn read_by_config(self) -> Self {
        Self { reader: Reader::Config, ..self }
    }

    pub(crate) const fn awaits(self, part: &'static str) -> Self {
        Self { reader: Reader::Awaited(part), ..self }
    }

    /// The names from the top of the file down to the key, with dots between them. `*` is any name, and
    /// `[]` is each item of a list.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// What it is for.
    pub fn meaning(&self) -> &'static str {
        self.meaning
    }

    /// The values that it may have, with their unit, in words.
    pub fn range(&self) -> String {
        self.kind.described()
    }

    /// The environment variables that set it; the first that is set counts.
    pub fn variables(&self) -> &'static [&'static str] {
        self.variables
    }

    /// Whether its value is never shown.
    pub fn is_secret(&self) -> bool {
        self.kind.is_secret()
    }

    /// The part that will read it, if no part does yet.
    pub fn awaited(&self) -> Option<&'static str> {
        match self.reader {
            Reader::Awaited(part) => Some(part),
            Reader::Field(field) => parts::missing(field),
            Reader::Config => None,
        }
    }

    /// The value without being set, as a person reads it.
    pub fn default_text(&self) -> Option<String> {
        self.default_value().map(|it| it.shown())
    }

    /// The value without being set: that of the field, or what the table says.
    pub(crate) fn default_value(&self) -> Option<SettingValue> {
        match self.reader {
            Reader::Field(field) => parts::default_of(self.kind, field),
            Reader::Config | Reader::Awaited(_) => self.kind.read(self.default?).ok(),
        }
    }

    /// Whether the key stands for any number of them.
    pub(crate) fn is_pattern(&self) -> bool {
        self.segments().any(|it| matches!(it, "*" | "[]"))
    }

    /// Whether each of its variables has another with `_FILE` behind its name, which names a file with the
    /// value: where it is a secret, or may hold one as URLs do.
    pub fn has_file_variables(&self) -> bool {
        self.kind.may_hold_secret()
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('.')
    }
}
