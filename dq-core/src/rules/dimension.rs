//! Which quality of the data a check is about.

use std::fmt;
use std::str::FromStr;

use crate::rules::check::Check;

/// Which quality of the data a check is about. Each has a score of its own in the report.
#[derive(
    Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    /// What should be there is there.
    Completeness,
    /// Values are what such values can be.
    Validity,
    /// Nothing is there twice.
    Uniqueness,
    /// Values, rows and tables do not contradict each other.
    Consistency,
    /// The data are as recent as they should be.
    Timeliness,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 5] =
        [Self::Completeness, Self::Validity, Self::Uniqueness, Self::Consistency, Self::Timeliness];

    /// The word for it: `completeness`, `validity`, `uniqueness`, `consistency`, `timeliness`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completeness => "completeness",
            Self::Validity => "validity",
            Self::Uniqueness => "uniqueness",
            Self::Consistency => "consistency",
            Self::Timeliness => "timeliness",
        }
    }

    /// The dimension of a check whose rule does not name one. An `expression` over several columns
    /// compares them, and so is about consistency.
    pub(crate) fn of_check(check: &Check) -> Self {
        match check.name() {
            "not_null" | "not_blank" | "completeness" | "row_count" => Self::Completeness,
            "unique" | "distinct_count" => Self::Uniqueness,
            "functional_dependency" | "references" | "referenced" | "cardinality" => {
                Self::Consistency
            }
            "expression" if check.columns().len() > 1 => Self::Consistency,
            "freshness" => Self::Timeliness,
            _ => Self::Validity,
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Dimension {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == text);
        found.ok_or_else(|| {
            let words = "completeness, validity, uniqueness, consistency or timeliness";
            format!("`{text}` is no dimension: {words}")
        })
    }
}
