//! One SQL statement with its parameters.

use crate::value::OwnedValue;

/// One SQL statement in the dialect of its database, with its parameters.
///
/// Parameters are written `?` and bound by position, or written `:name` and bound by name; one
/// statement uses one of the two ways. Values travel beside the text and never become part of it.
///
/// ```
/// use dq_core::database::Statement;
///
/// let adults = Statement::new("SELECT id FROM person WHERE age >= ? AND city = ?").bind(18).bind("Zug");
/// let one = Statement::new("SELECT * FROM person WHERE id = :id").bind_named("id", 7).limit(1);
/// # let _ = (adults, one);
/// ```
#[derive(Clone, Debug)]
pub struct Statement {
    sql: String,
    parameters: Parameters,
    limit: Option<usize>,
}

/// The parameters of a statement.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    /// Bound by position, from the first.
    pub positional: Vec<OwnedValue>,
    /// Bound by name; names come without a colon.
    pub named: Vec<(String, OwnedValue)>,
}

impl Statement {
    /// A statement without parameters.
    pub fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), parameters: Parameters::default(), limit: None }
    }

    /// Binds the next parameter by position.
    #[must_use]
    pub fn bind(mut self, value: impl Into<OwnedValue>) -> Self {
        self.parameters.positional.push(value.into());
        self
    }

    /// Binds the parameter `:name`; `name` comes without the colon.
    #[must_use]
    pub fn bind_named(mut self, name: impl Into<String>, value: impl Into<OwnedValue>) -> Self {
        self.parameters.named.push((name.into(), value.into()));
        self
    }

    /// Asks a query for the first `rows` rows; its result says whether there were more.
    #[must_use]
    pub fn limit(mut self, rows: usize) -> Self {
        self.limit = Some(rows);
        self
    }

    /// The text.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// How many rows were asked for, if not all.
    pub fn row_limit(&self) -> Option<usize> {
        self.limit
    }
}

impl From<&str> for Statement {
    fn from(sql: &str) -> Self {
        Self::new(sql)
    }
}

impl From<String> for Statement {
    fn from(sql: String) -> Self {
        Self::new(sql)
    }
}
