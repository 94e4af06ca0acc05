//! What every database manager promises.

use dq_core::database::conformance::{Bench, Case, cases};
use dq_core::database::sqlite::{JournalMode, SqliteConfig};

use crate::bench::{Folder, open};

async fn keep(case: Case, config: impl Fn(SqliteConfig) -> SqliteConfig) -> Result<(), String> {
    let folder = Folder::new();
    let bench = Bench { database: open(config(folder.config())).await, bytes_type: "BLOB" };
    case.run(bench).await.map_err(|it| format!("\n{}: {it}", case.name))
}

async fn keep_all(config: impl Fn(SqliteConfig) -> SqliteConfig) {
    let mut broken = String::new();
    for case in cases() {
        broken.extend(keep(case, &config).await.err());
    }
    assert!(broken.is_empty(), "{broken}");
}

#[tokio::test]
async fn promises_hold_on_a_current_thread_runtime() {
    keep_all(|it| it).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn promises_hold_on_many_threads() {
    keep_all(|it| it).await;
}
