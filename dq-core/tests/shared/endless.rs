//! Work that never ends by itself.
//!
//! Included by the test binaries that need it with `#[path = "../shared/endless.rs"] mod endless;`.

use dq_core::database::{DatabaseManager, RowStream};

/// Rows without end.
pub(crate) const ENDLESS: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

/// Takes every connection that reads.
pub(crate) async fn exhaust(database: &dyn DatabaseManager) -> Vec<RowStream> {
    let mut streams = Vec::new();
    for _ in 0..database.statistics().readers.size {
        streams.push(database.stream(&ENDLESS.into()).await.unwrap());
    }
    streams
}
