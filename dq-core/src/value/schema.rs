//! What a table looks like before any of its rows is read.

/// The type of a column as its source declares it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ValueType {
    /// True or false.
    Boolean,
    /// Whole numbers.
    Integer,
    /// Binary floating-point numbers.
    Float,
    /// Days.
    Date,
    /// Points in time.
    Timestamp,
    /// Text.
    Text,
    /// Bytes that are not text.
    Bytes,
    /// Whatever each row holds: a SQLite column of NUMERIC or BLOB affinity, an expression of a view.
    Any,
}

/// A column of a table.
#[derive(Clone, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct ColumnSchema {
    /// The name, as the source spells it.
    pub name: String,
    /// The type. A source whose types bind nobody (SQLite) may still hold other values.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// Whether NULL is possible.
    pub nullable: bool,
}

impl ColumnSchema {
    /// A nullable column.
    pub fn new(name: impl Into<String>, value_type: ValueType) -> Self {
        Self { name: name.into(), value_type, nullable: true }
    }
}

/// A table: its name, columns, primary key and an estimate of its size.
#[derive(Clone, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct TableSchema {
    /// The name, as the source spells it.
    pub name: String,
    /// The columns in their order.
    pub columns: Vec<ColumnSchema>,
    /// The names of the columns of the primary key; empty where there is none.
    pub primary_key: Vec<String>,
    /// About how many rows there are, for progress bars only; `None` where nobody knows.
    pub rows_estimate: Option<u64>,
}

impl TableSchema {
    /// The position of the column called `name`: exactly so, or else the only one that differs in
    /// the case of ASCII letters.
    pub fn position(&self, name: &str) -> Option<usize> {
        let exact = self.columns.iter().position(|it| it.name == name);
        exact.or_else(|| {
            let mut alike = self
                .columns
                .iter()
                .enumerate()
                .filter(|(_, it)| it.name.eq_ignore_ascii_case(name));
            let (position, _) = alike.next()?;
            alike.next().is_none().then_some(position)
        })
    }

    /// The column called `name`, found as [`position`](Self::position) finds it.
    pub fn column(&self, name: &str) -> Option<&ColumnSchema> {
        self.position(name).and_then(|it| self.columns.get(it))
    }
}
