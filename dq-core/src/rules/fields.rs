//! Reads the fields of a mapping, and notes everything that is wrong with them.

use std::cell::RefCell;
use std::collections::HashSet;

use crate::document::{Content, Node, Place, Problems, nearest};

/// The fields of a mapping. Each is taken by its name; what nobody took is unknown.
pub(crate) struct Fields<'a> {
    what: &'static str,
    place: Place,
    entries: &'a [(Node, Node)],
    asked: Vec<&'static str>,
    problems: &'a RefCell<Problems>,
}

impl<'a> Fields<'a> {
    /// The fields of `node`, which is called `what` in messages.
    pub(crate) fn of(
        node: &'a Node,
        what: &'static str,
        problems: &'a RefCell<Problems>,
    ) -> Option<Self> {
        let Content::Mapping(entries) = &node.content else {
            let message = format!("expected {what} as a mapping, found {}", node.kind());
            problems.borrow_mut().add(node.place, message);
            return None;
        };
        Some(Self { what, place: node.place, entries, asked: Vec::new(), problems })
    }

    /// Where the mapping stands.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Notes a problem.
    pub(crate) fn problem(&self, place: Place, message: impl Into<String>) {
        self.problems.borrow_mut().add(place, message);
    }

    /// The fields of `node`, noting problems in the same list.
    pub(crate) fn inside(&self, node: &'a Node, what: &'static str) -> Option<Self> {
        Self::of(node, what, self.problems)
    }

    /// The names of the fields, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.entries.iter().filter_map(|(key, _)| key.as_text())
    }

    /// Takes a field that may be missing.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'a Node> {
        self.asked.push(name);
        let found = self.entries.iter().find(|(key, _)| key.as_text() == Some(name));
        found.map(|(_, value)| value).filter(|it| !it.is_null())
    }

    /// Takes a field that must be there.
    pub(crate) fn require(&mut self, name: &'static str) -> Option<&'a Node> {
        let found = self.take(name);
        if found.is_none() {
            self.problem(self.place, format!("{} needs `{name}`", self.what));
        }
        found
    }

    /// Takes a single value.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        let node = self.take(name)?;
        self.text_of(node, name)
    }

    /// The text of a single value.
    pub(crate) fn text_of(&self, node: &Node, name: &str) -> Option<String> {
        let text = node.as_text().map(str::to_owned);
        if text.is_none() {
            self.problem(
                node.place,
                format!("expected `{name}` as a single value, found {}", node.kind()),
            );
        }
        text
    }

    /// The text of a single value that names something; `hint` says what to do where it is blank.
    pub(crate) fn name_of(&self, node: &Node, name: &str, hint: &str) -> Option<String> {
        let text = self.text_of(node, name)?;
        if !text.trim().is_empty() {
            return Some(text);
        }
        self.problem(node.place, format!("`{name}` is blank: {hint}"));
        None
    }

    /// Takes a list of single values; one value alone stands for a list of one.
    pub(crate) fn texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        let node = self.take(name)?;
        self.texts_of(node, name)
    }

    /// The texts of a list of single values, or of one value alone.
    pub(crate) fn texts_of(&self, node: &Node, name: &str) -> Option<Vec<String>> {
        let Content::Sequence(items) = &node.content else {
            return self.text_of(node, name).map(|it| vec![it]);
        };
        if items.is_empty() {
            self.problem(node.place, format!("`{name}` is an empty list"));
            return None;
        }
        items.iter().map(|it| self.text_of(it, name)).collect()
    }

    /// Takes a list of columns, none of which stands there twice; one alone stands for a list of one.
    pub(crate) fn columns(&mut self, name: &'static str) -> Option<Vec<String>> {
        let node = self.take(name)?;
        self.columns_of(node, name)
    }

    /// The names of columns, none of which stands there twice.
    pub(crate) fn columns_of(&self, node: &Node, name: &str) -> Option<Vec<String>> {
        let names = self.texts_of(node, name)?;
        let Content::Sequence(items) = &node.content else { return Some(names) };
        let mut known = HashSet::new();
        let again = items.iter().zip(&names).find(|(_, it)| !known.insert(it.as_str()));
        let Some((item, column)) = again else { return Some(names) };
        let message = format!("`{name}` names the column `{column}` twice: leave one out");
        self.problem(item.place, message);
        None
    }

    /// A whole number that is not negative.
    fn count_of(&self, node: &Node, name: &str) -> Option<u64> {
        let count = self.text_of(node, name)?.parse().ok();
        if count.is_none() {
            self.problem(node.place, format!("expected `{name}` as a whole number, 0 or more"));
        }
        count
    }

    /// Takes `min` and `max` as whole numbers; at least one of them must be there.
    pub(crate) fn counts_between(&mut self) -> Option<(u64, u64)> {
        let (low, high) = (self.take("min"), self.take("max"));
        if low.is_none() && high.is_none() {
            self.problem(self.place, format!("{} needs `min`, `max` or both", self.what));
            return None;
        }
        let min = low.map_or(Some(0), |it| self.count_of(it, "min"));
        let max = high.map_or(Some(u64::MAX), |it| self.count_of(it, "max"));
        let (min, max) = (min?, max?);
        if min > max {
            self.problem(self.place, format!("`min` {min} is greater than `max` {max}"));
            return None;
        }
        Some((min, max))
    }

    /// Ends the reading: every field that was not taken is unknown.
    pub(crate) fn finish(self) {
        for (key, _) in self.entries {
            let Some(name) = key.as_text() else {
                self.problem(key.place, format!("a name is expected here, found {}", key.kind()));
                continue;
            };
            if !self.asked.contains(&name) {
                let hint = nearest(name, self.asked.iter().copied());
                self.problem(key.place, format!("{} has no field `{name}`{hint}", self.what));
            }
        }
    }
}
