//! Versions: equal only where rows are equal.

use std::sync::Arc;
use std::time::Duration;

use dq_core::database::DatabaseManager;
use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
use dq_core::source::{Source, Version};

#[cfg(unix)]
use crate::bench::number;
use crate::bench::{Folder, Sleep, TestClock, execute, filled, query};
use crate::process::Process;

/// A manager for which so much time has passed since the last change.
async fn later(config: SqliteConfig, seconds: u64) -> SqliteDatabaseManager {
    let clock = TestClock { ahead: Duration::from_secs(seconds), sleep: Sleep::Forever };
    SqliteDatabaseManager::open(config, Arc::new(clock)).await.unwrap()
}

async fn version(database: &SqliteDatabaseManager) -> Version {
    database.version("t").await.unwrap().unwrap()
}

fn both(folder: &Folder) -> [SqliteConfig; 2] {
    [folder.config(), folder.rollback()]
}

#[tokio::test]
async fn every_commit_of_another_process_changes_the_version() {
    for index in 0..2 {
        let folder = Folder::new();
        let config = both(&folder)[index].clone();
        filled(config.clone(), 3).await.close().await;
        let database = later(config.clone(), 10).await;
        let mut other = Process::start(&config.path);
        let mut seen: Vec<Version> = Vec::new();
        for _ in 0..20 {
            let version = version(&database).await;
            assert!(seen.iter().all(|it| it.local() != version.local()), "{version:?}");
            assert!(seen.iter().all(|it| it.shared() != version.shared()), "{version:?}");
            assert!(version.shared().is_some());
            seen.push(version);
            other.run("UPDATE t SET a = a + 1");
        }
    }
}

#[tokio::test]
async fn a_commit_that_is_checkpointed_and_overwritten_changes_the_version() {
    let folder = Folder::new();
    filled(folder.config(), 3).await.close().await;
    let database = later(folder.config(), 10).await;
    let mut other = Process::start(&folder.path("a.db"));
    let mut seen = Vec::new();
    for _ in 0..10 {
        other.run("UPDATE t SET a = a + 1; PRAGMA wal_checkpoint(RESTART)");
        let version = version(&database).await.shared().map(str::to_owned);
        assert!(version.is_some() && !seen.contains(&version), "{version:?}");
        seen.push(version);
    }
}

/// Copies what tells readers how much of the log is shown: two copies of a header of 48 bytes, at the beginning of
/// the file that is given or that is written. In a process of its own: SQLite's locks of this one would be gone when
/// it closes the file.
#[cfg(unix)]
fn copy_shown(from: &std::path::Path, to: &std::path::Path) {
    let (from, to) = (format!("if={}", from.display()), format!("of={}", to.display()));
    let copied = std::process::Command::new("dd")
        .args([&from, &to, "bs=96", "count=1", "conv=notrunc", "status=none"])
        .status();
    assert!(copied.unwrap().success());
}

#[cfg(unix)]
#[tokio::test]
async fn a_commit_that_is_shown_long_after_it_was_written_changes_the_version_when_it_is_shown() {
    let folder = Folder::new();
    let _keeps_the_log = filled(folder.config(), 3).await;
    let (index, before, after) = (folder.path("a.db-shm"), folder.path("1"), folder.path("2"));
    let mut other = Process::start(&folder.path("a.db"));
    other.run("UPDATE t SET a = 1");
    copy_shown(&index, &before);
    other.run("UPDATE t SET a = 2");
    // As if the other process had been stopped after it wrote the commit to the log.
    copy_shown(&index, &after);
    copy_shown(&before, &index);
    let database = later(folder.config(), 60).await;
    let written = version(&database).await;
    assert_eq!(number(&database, "SELECT max(a) FROM t").await, 1);
    assert!(written.shared().is_some());
    assert_eq!(version(&database).await, written);
    copy_shown(&after, &index);
    assert_eq!(number(&database, "SELECT max(a) FROM t").await, 2);
    let shown = version(&database).await;
    assert_ne!(shown.shared(), written.shared());
    assert_ne!(shown.local(), written.local());
    let of_files = |it: &Version| it.shared().unwrap().rsplit_once('-').unwrap().0.to_owned();
    assert_eq!(of_files(&shown), of_files(&written), "the files do not tell it");
}

#[tokio::test]
async fn processes_share_a_version_while_nothing_changes() {
    for index in 0..2 {
        let folder = Folder::new();
        let config = both(&folder)[index].clone();
        filled(config.clone(), 3).await.close().await;
        let (one, two) = (later(config.clone(), 10).await, later(config.clone(), 20).await);
        let first = version(&one).await;
        query(&two, "SELECT * FROM t").await;
        let second = version(&two).await;
        assert!(first.shared().is_some());
        assert_eq!(first.shared(), second.shared());
        assert_ne!(first.local(), second.local(), "what one manager sees means nothing to another");
        one.close().await;
        two.close().await;
        let third = version(&later(config, 30).await).await;
        assert_eq!(
            third.shared(),
            first.shared(),
            "opening and closing for reading changes nothing"
        );
    }
}

#[tokio::test]
async fn a_young_change_has_no_shared_version() {
    let folder = Folder::new();
    filled(folder.config(), 3).await.close().await;
    let now = later(folder.config(), 0).await;
    let mut other = Process::start(&folder.path("a.db"));
    other.run("UPDATE t SET a = 0");
    assert_eq!(version(&now).await.shared(), None);
    assert!(version(&later(folder.config(), 60).await).await.shared().is_some());
}

#[tokio::test]
async fn a_change_with_an_old_date_has_no_shared_version() {
    let folder = Folder::new();
    filled(folder.rollback(), 3).await.close().await;
    let file = std::fs::File::options().append(true).open(folder.path("a.db")).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
        .unwrap();
    drop(file);
    assert_eq!(version(&later(folder.rollback(), 0).await).await.shared(), None);
}

#[tokio::test]
async fn a_rolled_back_transaction_keeps_the_local_version() {
    let folder = Folder::new();
    let database = filled(folder.config(), 3).await;
    let before = version(&database).await;
    let mut transaction = database.begin().await.unwrap();
    transaction.execute(&"DELETE FROM t".into()).await.unwrap();
    assert_eq!(version(&database).await.local(), before.local());
    transaction.rollback().await.unwrap();
    assert_eq!(version(&database).await.local(), before.local());
    execute(&database, "DELETE FROM t").await;
    assert_ne!(version(&database).await.local(), before.local());
}
