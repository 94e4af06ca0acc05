//! Which engine answers the checks of a run.

/// Which engine answers the checks of a run.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, PartialEq, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// SQL for tables whose rows lie on several servers, where the rows are; all else natively.
    #[default]
    Auto,
    /// Rows are scanned and judged in this process: the fastest, unless the way to the database is slow.
    Native,
    /// Rules become SQL that the database runs; what SQL cannot say exactly is judged as by
    /// [`Native`](Self::Native) in the same run. The counts are the same.
    Sql,
}

impl Engine {
    /// The word for it: `auto`, `native`, `sql`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Native => "native",
            Self::Sql => "sql",
        }
    }
}
