//! Programs without a runtime.

use std::sync::Arc;

use dq_core::ErrorKind;
use dq_core::clock::SystemClock;
use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
use dq_core::executor::{
    AsyncQueryExecutor, BlockingQueryExecutor, Call, ExecutorConfig, QueryExecutor,
};

use crate::bench::{ENDLESS, HUNG, whole};

async fn executor(path: std::path::PathBuf) -> dq_core::Result<Arc<dyn QueryExecutor>> {
    let config = SqliteConfig { create_if_missing: true, ..SqliteConfig::new(path) };
    let clock = Arc::new(SystemClock);
    let database = SqliteDatabaseManager::open(config, Arc::clone(&clock) as _).await?;
    let config = ExecutorConfig::default();
    let executor = AsyncQueryExecutor::new(Arc::new(database), config, clock)?;
    Ok(Arc::new(executor))
}

#[test]
fn everything_works_without_a_runtime_and_from_many_threads() {
    let folder = tempfile::tempdir().unwrap();
    let executor = BlockingQueryExecutor::open(executor(folder.path().join("a.db"))).unwrap();
    let call = Call::default();
    executor.execute(&"CREATE TABLE t (a INTEGER)".into(), &call).unwrap();
    let fill = format!("INSERT INTO t {ENDLESS} LIMIT 50000").into();
    assert_eq!(executor.execute(&fill, &call).unwrap().value, 50_000);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let count = executor.query(&"SELECT count(*) FROM t".into(), &call).unwrap();
                assert_eq!(whole(count.value.scalar()), 50_000);
                let rows = executor.stream(&"SELECT a FROM t".into(), &call).unwrap();
                assert_eq!(rows.map(|it| it.unwrap().rows()).sum::<usize>(), 50_000);
            });
        }
    });
    let all = executor.query_all(&["SELECT 1".into(), "SELECT".into()], &call).unwrap();
    assert!(all[0].is_ok() && all[1].is_err());
    let short = Call { deadline: Some(std::time::Duration::from_millis(20)), ..Call::default() };
    let error = executor.query(&HUNG.into(), &short).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(executor.statistics().running, 0);
    executor.close().unwrap();
    assert_eq!(
        executor.query(&"SELECT 1".into(), &call).unwrap_err().kind(),
        ErrorKind::Unavailable
    );
}

#[test]
fn a_thread_of_a_runtime_is_not_blocked_but_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let outside = BlockingQueryExecutor::open(executor(path.clone())).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let error = BlockingQueryExecutor::open(executor(path)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UsageInvalid);
        assert!(error.message().contains("AsyncQueryExecutor"), "{error}");
        let error = outside.query(&"SELECT 1".into(), &Call::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UsageInvalid);
    });
    outside.query(&"SELECT 1".into(), &Call::default()).unwrap();
}

#[test]
fn an_executor_that_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let error = BlockingQueryExecutor::open(async move {
        let missing = SqliteConfig::new(folder.path().join("missing.db"));
        SqliteDatabaseManager::open(missing, Arc::new(SystemClock)).await?;
        unreachable!()
    })
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
