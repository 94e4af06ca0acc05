//! Backups.

use std::path::Path;
use std::sync::{Arc, Mutex};

use dq_core::ErrorKind;
use dq_core::database::sqlite::SqliteConfig;
use dq_core::database::{BackupProgress, DatabaseManager};

use crate::bench::{Folder, execute, filled, number, open};
use crate::process::Process;

async fn rows_in(path: &Path) -> i64 {
    let copy = open(SqliteConfig::new(path)).await;
    assert_eq!(
        number(
            &copy,
            "SELECT count(*) = 0 FROM pragma_integrity_check WHERE integrity_check <> 'ok'"
        )
        .await,
        1
    );
    let rows = number(&copy, "SELECT count(*) FROM t").await;
    copy.close().await;
    rows
}

#[tokio::test]
async fn a_backup_holds_every_committed_row_and_is_one_file() {
    for rollback in [false, true] {
        let folder = Folder::new();
        let config = if rollback { folder.rollback() } else { folder.config() };
        let database = filled(config, 10_000).await;
        let target = folder.path("copy.db");
        database.backup(&target, None).await.unwrap();
        execute(&database, "DELETE FROM t").await;
        database.close().await;
        assert_eq!(folder.names(), ["a.db", "copy.db"]);
        assert_eq!(rows_in(&target).await, 10_000);
    }
}

#[tokio::test]
async fn a_backup_is_of_one_moment_and_tells_how_far_it_is() {
    let folder = Folder::new();
    let database = filled(folder.config(), 1_000_000).await;
    let target = folder.path("copy.db");
    let other = Mutex::new(Process::start(&folder.path("a.db")));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = Arc::clone(&heard);
    let listener = Arc::new(move |progress: BackupProgress| {
        // Another process commits between any two steps.
        other.lock().unwrap().run("DELETE FROM t WHERE a % 10 = 0; UPDATE t SET a = a + 1");
        hearing.lock().unwrap().push(progress);
    });
    database.backup(&target, Some(listener)).await.unwrap();
    assert!(number(&database, "SELECT count(*) FROM t").await < 1_000_000);
    assert_eq!(rows_in(&target).await, 1_000_000);
    let heard = heard.lock().unwrap();
    assert!(heard.len() > 2, "{heard:?}");
    assert!(heard.windows(2).all(|it| it[0].bytes_done < it[1].bytes_done), "{heard:?}");
    let last = heard.last().unwrap();
    assert_eq!(
        (last.bytes_done, last.bytes_total),
        (std::fs::metadata(&target).unwrap().len(), last.bytes_done)
    );
}

#[tokio::test]
async fn what_exists_is_not_touched() {
    let folder = Folder::new();
    let database = filled(folder.config(), 3).await;
    std::fs::write(folder.path("b.db"), "mine").unwrap();
    std::fs::write(folder.path("c.db-wal"), "mine").unwrap();
    for name in ["a.db", "b.db", "c.db"] {
        let error = database.backup(&folder.path(name), None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{name}: {error}");
        assert!(error.message().contains("exists"), "{error}");
    }
    assert_eq!(std::fs::read(folder.path("b.db")).unwrap(), b"mine");
    assert_eq!(folder.names(), ["a.db", "a.db-shm", "a.db-wal", "b.db", "c.db-wal"]);
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 3);
}

#[tokio::test]
async fn a_failed_backup_leaves_nothing() {
    let folder = Folder::new();
    let database = filled(folder.config(), 3).await;
    let error = database.backup(&folder.path("none/copy.db"), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains("none/copy.db"), "{error}");
    assert_eq!(folder.names(), ["a.db", "a.db-shm", "a.db-wal"]);
    execute(&database, "DELETE FROM t").await;
}

#[tokio::test]
async fn a_dropped_backup_leaves_nothing() {
    let folder = Folder::new();
    let database = filled(folder.config(), 200_000).await;
    let (started, start) = tokio::sync::oneshot::channel();
    let (go_on, gate) = std::sync::mpsc::channel::<()>();
    let once = Mutex::new(Some((started, gate)));
    let listener = Arc::new(move |_| {
        if let Some((started, gate)) = once.lock().unwrap().take() {
            started.send(()).unwrap();
            // Ends when the other end is dropped.
            gate.recv().unwrap_err();
        }
    });
    let target = folder.path("copy.db");
    tokio::select! {
        _ = database.backup(&target, Some(listener)) => panic!("the backup did not wait"),
        it = start => it.unwrap(),
    }
    drop(go_on);
    execute(&database, "DELETE FROM t").await;
    database.close().await;
    assert_eq!(folder.names(), ["a.db"]);
}
