//! Reads the values of a document, and notes everything that is wrong with them.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use crate::config::environment::Environment;
use crate::config::key::Key;
use crate::config::keys::keys;
use crate::config::kind::Kind;
use crate::config::settings::joined;
use crate::config::value::SettingValue;
use crate::document::{Content, Node, Place, Problems, nearest, replace};

/// Any name, in the path of a key.
const ANY: &str = "*";

/// Each item of a list, in the path of a key.
const ITEM: &str = "[]";

/// Walks down a document beside the table of keys.
pub(crate) struct Walk<'a> {
    pub(crate) environment: Environment<'a>,
    pub(crate) problems: Problems,
    pub(crate) found: Vec<Found>,
}

/// A value that was understood.
pub(crate) struct Found {
    pub(crate) segments: Vec<String>,
    pub(crate) key: &'static Key,
    pub(crate) value: SettingValue,
    pub(crate) place: Place,
}

/// Where the walk is: in the document, and in the table.
#[derive(Clone, Default)]
pub(crate) struct Position {
    pub(crate) segments: Vec<String>,
    pub(crate) pattern: Vec<&'static str>,
}

impl Position {
    /// A section by its path.
    pub(crate) fn of(section: &'static str) -> Self {
        let pattern: Vec<_> = section.split('.').collect();
        Self { segments: pattern.iter().map(|it| (*it).to_owned()).collect(), pattern }
    }

    fn inside(&self, segment: String, pattern: &'static str) -> Self {
        let mut position = self.clone();
        position.segments.push(segment);
        position.pattern.push(pattern);
        position
    }

    /// The key here, if it is one and not a section.
    pub(crate) fn key(&self) -> Option<&'static Key> {
        keys().find(|key| key.segments().eq(self.pattern.iter().copied()))
    }

    /// What may stand inside of this section.
    fn names(&self) -> BTreeSet<&'static str> {
        let depth = self.pattern.len();
        let is_inside = |key: &&Key| key.segments().take(depth).eq(self.pattern.iter().copied());
        keys().filter(is_inside).filter_map(|key| key.segments().nth(depth)).collect()
    }

    /// Where `name` leads to; the error is a hint at what may have been meant.
    pub(crate) fn step(&self, name: &str) -> Result<Self, String> {
        let names = self.names();
        let known = names.get(name).or_else(|| names.get(ANY));
        match known.filter(|it| **it != ITEM) {
            Some(pattern) => Ok(self.inside(name.to_owned(), pattern)),
            None => Err(nearest(name, names)),
        }
    }
}

impl<'a> Walk<'a> {
    pub(crate) fn new(environment: Environment<'a>) -> Self {
        Self { environment, problems: Problems::default(), found: Vec::new() }
    }

    /// Reads everything below a node. What is NULL is as if it were not there.
    pub(crate) fn read(&mut self, node: &Node, position: &Position) {
        if node.is_null() {
            return;
        }
        if let Some(key) = position.key() {
            self.value(node, key, position);
        } else if position.names().contains(ITEM) {
            self.list(node, position);
        } else {
            self.section(node, position);
        }
    }

    fn section(&mut self, node: &Node, position: &Position) {
        let Content::Mapping(entries) = &node.content else {
            return self.expected("a mapping", node, position);
        };
        for (name, value) in entries {
            let Some(text) = name.as_text() else {
                let message = format!("a name is expected here, found {}", name.kind());
                self.problems.add(name.place, message);
                continue;
            };
            match position.step(text) {
                Ok(inside) => self.read(value, &inside),
                Err(hint) => {
                    let path = joined(&position.inside(text.to_owned(), ANY).segments);
                    self.problems.add(name.place, format!("`{path}` is not known{hint}"));
                }
            }
        }
    }

    fn list(&mut self, node: &Node, position: &Position) {
        let Content::Sequence(items) = &node.content else {
            return self.expected("a list", node, position);
        };
        for (index, item) in items.iter().enumerate() {
            self.read(item, &position.inside(format!("[{index}]"), ITEM));
        }
    }

    fn value(&mut self, node: &Node, key: &'static Key, position: &Position) {
        let value = match (&node.content, key.kind) {
            (Content::Sequence(items), Kind::List(kind)) => {
                let values = items.iter().filter_map(|it| self.scalar(it, *kind, position));
                Some(SettingValue::List(values.collect()))
            }
            (Content::Scalar(..), kind) => self.scalar(node, kind, position),
            (_, kind) => return self.expected(&kind.described(), node, position),
        };
        if let Some(value) = value {
            let segments = position.segments.clone();
            self.found.push(Found { segments, key, value, place: node.place });
        }
    }

    /// Gives nothing for an empty text, which is as if it were not there.
    fn scalar(&mut self, node: &Node, kind: Kind, position: &Position) -> Option<SettingValue> {
        let Content::Scalar(text, _) = &node.content else {
            self.expected(&kind.described(), node, position);
            return None;
        };
        let mut wrong = Vec::new();
        let value_of = |it: &str| self.environment.placeholder(it, kind);
        let text = Zeroizing::new(replace(text, &value_of, &mut |it| wrong.push(it)));
        let value = if wrong.is_empty() && !text.is_empty() {
            kind.read(&text).map_err(|it| wrong.push(it)).ok()
        } else {
            None
        };
        let path = joined(&position.segments);
        for message in wrong {
            self.problems.add(node.place, format!("`{path}`: {message}"));
        }
        value
    }

    fn expected(&mut self, what: &str, node: &Node, position: &Position) {
        let path = match position.segments.as_slice() {
            [] => "a configuration".to_owned(),
            segments => format!("`{}`", joined(segments)),
        };
        self.problems.add(node.place, format!("{path}: expected {what}, found {}", node.kind()));
    }
}
