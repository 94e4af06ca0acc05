//! A piece of SQL with the values of its parameters.

use crate::value::OwnedValue;

/// A piece of SQL; each `?` in its text has a value, in their order. Values never become text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fragment {
    sql: String,
    parameters: Vec<OwnedValue>,
    /// How many regular expressions it matches: databases keep few of them compiled.
    patterns: usize,
}

impl Fragment {
    /// A piece without parameters.
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), parameters: Vec::new(), patterns: 0 }
    }

    /// Adds text, which is ours: keywords, operators, names that were quoted.
    #[must_use]
    pub(crate) fn text(mut self, sql: &str) -> Self {
        self.sql.push_str(sql);
        self
    }

    /// Adds a piece.
    #[must_use]
    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.sql.push_str(&other.sql);
        self.parameters.extend_from_slice(&other.parameters);
        self.patterns += other.patterns;
        self
    }

    /// Adds a parameter.
    #[must_use]
    pub(crate) fn bind(mut self, value: impl Into<OwnedValue>) -> Self {
        self.sql.push('?');
        self.parameters.push(value.into());
        self
    }

    /// Says that one more regular expression is matched.
    #[must_use]
    pub(crate) fn with_pattern(mut self) -> Self {
        self.patterns += 1;
        self
    }

    /// Pieces with something between them.
    pub(crate) fn joined<'a>(parts: impl IntoIterator<Item = &'a Self>, between: &str) -> Self {
        let mut all = Self::default();
        for (position, part) in parts.into_iter().enumerate() {
            all = all.text(if position > 0 { between } else { "" }).and(part);
        }
        all
    }

    /// The piece in parentheses.
    #[must_use]
    pub(crate) fn enclosed(&self) -> Self {
        Self::new("(").and(self).text(")")
    }

    /// The text.
    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    pub(crate) fn patterns(&self) -> usize {
        self.patterns
    }

    pub(crate) fn parameters(&self) -> &[OwnedValue] {
        &self.parameters
    }

    pub(crate) fn into_parts(self) -> (String, Vec<OwnedValue>) {
        (self.sql, self.parameters)
    }
}
