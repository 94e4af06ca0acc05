//! Databases: where rows live that can be queried and changed, not only scanned. A folder for each
//! backend, with the same file names in each.

#[cfg(feature = "sqlite")]
pub mod sqlite;
