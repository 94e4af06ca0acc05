//! What a user may do with a table.

/// What the user of a connection may do with a table or view.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct TablePrivileges {
    /// The table, as the catalog names it.
    pub table: String,
    /// Whether its rows may be read.
    pub select: bool,
    /// Whether rows may be added.
    pub insert: bool,
    /// Whether rows may be changed.
    pub update: bool,
    /// Whether rows may be deleted.
    pub delete: bool,
}

impl TablePrivileges {
    /// Nothing may be done with `table`.
    pub fn none(table: impl Into<String>) -> Self {
        let table = table.into();
        Self { table, select: false, insert: false, update: false, delete: false }
    }
}
