//! What cannot be read, and what is said about it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use dq_core::clock::SystemClock;
use dq_core::database::DatabaseManager;
use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
use dq_core::{Error, ErrorKind};

use crate::bench::{Folder, filled, number, open};
use crate::process::Process;

async fn refused(path: &Path) -> Error {
    let config = SqliteConfig { busy_timeout_ms: 10, ..SqliteConfig::new(path) };
    let error = SqliteDatabaseManager::open(config, Arc::new(SystemClock)).await.unwrap_err();
    assert!(error.message().contains(path.to_str().unwrap()), "{error}");
    error
}

#[tokio::test]
async fn a_missing_file_is_not_created() {
    let folder = Folder::new();
    assert_eq!(refused(&folder.path("none.db")).await.kind(), ErrorKind::NotFound);
    assert_eq!(refused(&folder.path("none/none.db")).await.kind(), ErrorKind::NotFound);
    assert!(folder.names().is_empty());
}

#[tokio::test]
async fn a_path_through_a_file_leads_nowhere() {
    let folder = Folder::new();
    fs::write(folder.path("file"), "x").unwrap();
    assert_eq!(refused(&folder.path("file/a.db")).await.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn what_is_no_database_is_said_to_be_none() {
    let folder = Folder::new();
    fs::write(folder.path("a.csv"), "id,name\n1,Anna\n".repeat(1_000)).unwrap();
    let error = refused(&folder.path("a.csv")).await;
    assert_eq!(error.kind(), ErrorKind::SourceInvalid);
    assert!(error.message().contains("not a database"), "{error}");
    assert!(!error.message().contains("Anna"), "{error}");

    fs::write(folder.path("empty.db"), "").unwrap();
    let error = refused(&folder.path("empty.db")).await;
    assert_eq!(error.kind(), ErrorKind::SourceInvalid);
    assert!(error.message().contains("empty"), "{error}");

    fs::create_dir(folder.path("folder.db")).unwrap();
    assert_eq!(refused(&folder.path("folder.db")).await.kind(), ErrorKind::SourceInvalid);
    assert_eq!(folder.names(), ["a.csv", "empty.db", "folder.db"]);
}

#[tokio::test]
async fn a_database_that_another_process_locks_is_busy() {
    let folder = Folder::new();
    filled(folder.rollback(), 3).await.close().await;
    let mut other = Process::start(&folder.path("a.db"));
    other.run("BEGIN EXCLUSIVE");
    let error = refused(&folder.path("a.db")).await;
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.message().contains("locked"), "{error}");
    other.run("COMMIT");

    let database = open(SqliteConfig { busy_timeout_ms: 10, ..folder.rollback() }).await;
    other.run("BEGIN IMMEDIATE");
    let busy = async || database.execute(&"DELETE FROM t".into()).await.unwrap_err().kind();
    assert_eq!(busy().await, ErrorKind::Busy);
    assert_eq!(database.begin().await.unwrap_err().kind(), ErrorKind::Busy);
    other.run("COMMIT");
    assert_eq!(database.execute(&"DELETE FROM t".into()).await.unwrap(), 3);
}

#[tokio::test]
async fn a_truncated_database_is_invalid_and_gives_no_rows() {
    let folder = Folder::new();
    filled(folder.rollback(), 100_000).await.close().await;
    let whole = fs::read(folder.path("a.db")).unwrap();
    for kept in [whole.len() / 2, 4_096, 1_000, 50] {
        fs::write(folder.path("b.db"), &whole[..kept]).unwrap();
        let config = SqliteConfig::new(folder.path("b.db"));
        let error = match SqliteDatabaseManager::open(config, Arc::new(SystemClock)).await {
            Err(error) => error,
            Ok(database) => database.query(&"SELECT sum(a) FROM t".into()).await.unwrap_err(),
        };
        assert_eq!(error.kind(), ErrorKind::SourceInvalid, "{kept} bytes: {error}");
        assert!(error.message().contains("b.db"), "{error}");
    }
}

#[tokio::test]
async fn a_file_without_permission_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    filled(folder.rollback(), 3).await.close().await;
    fs::set_permissions(folder.path("a.db"), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(folder.path("a.db")).is_ok() {
        eprintln!("skipped: whoever runs this test may read every file");
        return;
    }
    assert_eq!(refused(&folder.path("a.db")).await.kind(), ErrorKind::PermissionDenied);
}

#[tokio::test]
async fn a_database_in_wal_mode_is_read_where_its_files_cannot_be_created() {
    let folder = Folder::new();
    filled(folder.config(), 3).await.close().await;
    let bytes = fs::read(folder.path("a.db")).unwrap();
    // Even who may write everywhere cannot create a file in a folder that is not there.
    for name in ["a.db-shm", "a.db-wal"] {
        std::os::unix::fs::symlink(folder.path("none/file"), folder.path(name)).unwrap();
    }
    let database = open(SqliteConfig::new(folder.path("a.db"))).await;
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 3);
    assert_eq!(
        database.execute(&"DELETE FROM t".into()).await.unwrap_err().kind(),
        ErrorKind::PermissionDenied
    );
    database.close().await;
    assert_eq!(fs::read(folder.path("a.db")).unwrap(), bytes);
    // With a log there may be commits that nobody could see.
    fs::remove_file(folder.path("a.db-wal")).unwrap();
    fs::write(folder.path("a.db-wal"), "x").unwrap();
    assert_eq!(refused(&folder.path("a.db")).await.kind(), ErrorKind::PermissionDenied);
}
