//! What a profile holds. These types serialise to JSON; `docs/profile.schema.json` describes it.

use std::time::Duration;

use serde_json::Value;

use crate::profile::figure::Figure;
use crate::profile::kind::Kind;
use crate::profile::suggestion::Suggestion;
use crate::value::ValueType;

/// The version of the JSON form. It changes when a reader of the old one would misread the new one.
pub const FORMAT: u32 = 1;

/// What is known of the tables of a source.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Profile {
    /// The version of this form: [`FORMAT`].
    pub format: u32,
    /// The name of the source, without credentials.
    pub source: String,
    /// What to know about how the rows were read.
    pub notes: Vec<String>,
    /// The tables, in the order of the source.
    pub tables: Vec<TableProfile>,
    /// Columns whose values are in a key of another table.
    pub references: Vec<Reference>,
    /// The rules that the data suggest; only where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestions: Option<Vec<Suggestion>>,
    /// How long it took.
    #[serde(rename = "seconds", serialize_with = "as_seconds")]
    pub elapsed: Duration,
}

/// What is known of a table.
#[derive(Clone, Debug, serde::Serialize)]
pub struct TableProfile {
    /// Its name.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// Its columns, in their order.
    pub columns: Vec<ColumnProfile>,
    /// Columns, or where there is none pairs of columns, that tell its rows apart.
    pub keys: Vec<CandidateKey>,
    /// Columns that tell another column, the strongest first.
    pub dependencies: Vec<Dependency>,
}

/// What is known of a column. All counts are of rows.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// The type that the source declares.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// How many rows are NULL.
    pub nulls: u64,
    /// How many rows are empty or of white space alone.
    pub blanks: u64,
    /// How many different values there are, blank ones included, NULL not.
    pub distinct: Figure,
    /// What the values that are neither NULL nor blank read as, the most frequent kind first.
    pub kinds: Vec<KindCount>,
    /// The least of the values that read as most do; text is ordered by code point. None where values
    /// are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Value>,
    /// The greatest of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Value>,
    /// The mean of the values that are numbers, where most are; to within the rounding of a double.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// How many characters the values have; none of no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<LengthProfile>,
    /// The most frequent values that occur more than once; none where values are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<FrequentValue>>,
    /// The most frequent shapes of the values that are neither NULL nor blank, with exact counts.
    pub shapes: Vec<ShapeCount>,
    /// How many shapes there are; none where there are too many to count.
    pub shapes_distinct: Option<u64>,
}

/// How many values read as a kind.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct KindCount {
    /// What they read as.
    pub kind: Kind,
    /// How many rows.
    pub count: u64,
}

/// Numbers of characters.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct LengthProfile {
    /// Of the shortest value.
    pub min: u64,
    /// Of the longest.
    pub max: u64,
    /// The mean.
    pub mean: f64,
}

/// A value that occurs often.
#[derive(Clone, Debug, serde::Serialize)]
pub struct FrequentValue {
    /// Its text, of which at most the first 233 bytes.
    pub value: String,
    /// How many rows have it.
    pub count: Figure,
}

/// A shape: `A` stands for an upper-case letter, `a` for any other, `9` for a digit; `A+`, `a+` and `9+` stand
/// for one or more of them, where a column has too many shapes otherwise.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ShapeCount {
    /// The shape.
    pub shape: String,
    /// How many rows have a value of this shape.
    pub count: u64,
}

/// Columns whose values tell rows apart: none is NULL, and no two rows have the same.
#[derive(Clone, Debug, serde::Serialize)]
pub struct CandidateKey {
    /// The columns.
    pub columns: Vec<String>,
    /// Whether only a sample of the table says so.
    pub estimate: bool,
}

/// A column that tells another: rows that agree in `from` agree in `to`, but for the violations.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Dependency {
    /// The column that tells.
    pub from: String,
    /// The column that is told.
    pub to: String,
    /// How many rows were compared: those where neither is NULL.
    pub rows: u64,
    /// How many of them the check `functional_dependency` counts.
    pub violations: u64,
    /// The share of the rows that are no violations.
    pub share: f64,
    /// What share of the uncertainty about `to` is gone once `from` is known: 1 is all, 0 is what chance
    /// would do.
    pub strength: f64,
    /// Whether all this is of a sample of the rows.
    pub estimate: bool,
}

/// A column whose values are in a key of another table.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Reference {
    /// The table that refers.
    pub table: String,
    /// Its column.
    pub column: String,
    /// The table that is referred to.
    pub parent: String,
    /// Its key.
    pub key: String,
    /// How many rows have a value.
    pub rows: u64,
    /// How many of them have one that is not in the key.
    pub violations: u64,
    /// Whether all this is of a sample of the values.
    pub estimate: bool,
}

impl Profile {
    /// The table called `name`.
    pub fn table(&self, name: &str) -> Option<&TableProfile> {
        self.tables.iter().find(|it| it.table == name)
    }
}

impl TableProfile {
    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&ColumnProfile> {
        self.columns.iter().find(|it| it.name == name)
    }
}

fn as_seconds<S: serde::Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(elapsed.as_secs_f64())
}
