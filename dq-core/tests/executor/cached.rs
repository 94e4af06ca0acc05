//! Results that are used again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::cache::{CacheManager, CacheStatistics, MemoryCache, MemoryConfig};
use dq_core::clock::SystemClock;
use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
use dq_core::database::{DatabaseManager, Statement};
use dq_core::executor::{AsyncQueryExecutor, Call, ExecutorConfig, QueryExecutor, Reuse};
use rusqlite::Connection;

use crate::bench::{Bench, HUNG, limits, until, whole, within};
use crate::flaky::Flaky;

/// An executor with a cache, over a database that counts how often it is asked.
struct Cached {
    bench: Bench,
    asked: Arc<Flaky>,
    executor: Arc<AsyncQueryExecutor>,
    cache: MemoryCache,
}

impl Cached {
    async fn new(config: ExecutorConfig) -> Self {
        let bench = Bench::new(config.clone()).await;
        let asked = Flaky::new(Arc::clone(&bench.database) as _, 0);
        let clock = Arc::new(bench.clock.clone());
        let cache = MemoryCache::new(&MemoryConfig::default(), Arc::clone(&clock) as _).unwrap();
        let database: Arc<dyn DatabaseManager> = Arc::clone(&asked) as _;
        let executor = AsyncQueryExecutor::new(database, config, clock).unwrap();
        let executor = executor.with_cache(Arc::new(cache.clone()), "a.db").unwrap();
        Self { bench, asked, executor: Arc::new(executor), cache }
    }

    /// The answer, and whether it is an earlier one.
    async fn ask(&self, statement: impl Into<Statement>, reuse: &Reuse) -> (i64, bool) {
        let call = Call { reuse: reuse.clone(), ..Call::named("asked") };
        let executed = self.executor.query(&statement.into(), &call).await.unwrap();
        assert_eq!(executed.statistics.attempts == 0, executed.statistics.cached);
        (whole(executed.value.scalar()), executed.statistics.cached)
    }

    fn asked(&self) -> usize {
        self.asked.asked.load(Ordering::Relaxed)
    }
}

fn unchanged() -> Reuse {
    Reuse::Unchanged(vec!["t".to_owned()])
}

const COUNT: &str = "SELECT count(*) FROM t";

#[tokio::test]
async fn a_question_is_asked_once_as_long_as_nothing_changes() {
    let cached = Cached::new(ExecutorConfig::default()).await;
    assert_eq!(cached.ask(COUNT, &unchanged()).await, (1000, false));
    for _ in 0..3 {
        assert_eq!(cached.ask(COUNT, &unchanged()).await, (1000, true));
    }
    assert_eq!(cached.asked(), 1);
    let other = Connection::open(cached.bench.path()).unwrap();
    other.execute_batch("DELETE FROM t WHERE a = 1").unwrap();
    assert_eq!(cached.ask(COUNT, &unchanged()).await, (999, false));
    assert_eq!(cached.ask(COUNT, &unchanged()).await, (999, true));
    let delete = "DELETE FROM t WHERE a = 2".into();
    cached.executor.execute(&delete, &Call::default()).await.unwrap();
    assert_eq!(cached.ask(COUNT, &unchanged()).await, (998, false));
    let names = cached.executor.statistics().names;
    assert_eq!((names["asked"].calls, names["asked"].cached, names["asked"].attempts), (7, 4, 3));
}

#[tokio::test]
async fn who_does_not_allow_it_gets_no_earlier_answer() {
    let cached = Cached::new(ExecutorConfig::default()).await;
    for count in 1..4 {
        assert_eq!(cached.ask(COUNT, &Reuse::Never).await, (1000, false));
        assert_eq!(cached.asked(), count);
    }
    assert_eq!(cached.cache.statistics(), CacheStatistics::default());
}

#[tokio::test]
async fn parameters_are_part_of_the_question() {
    let cached = Cached::new(ExecutorConfig::default()).await;
    for (number, is_known) in [(1, false), (2, false), (1, true), (2, true)] {
        let statement = Statement::new("SELECT ?").bind(number);
        assert_eq!(cached.ask(statement, &unchanged()).await, (number.into(), is_known));
    }
}

#[tokio::test]
async fn an_answer_for_some_time_is_used_for_that_time_and_no_longer() {
    let cached = Cached::new(ExecutorConfig::default()).await;
    let recent = Reuse::For(Duration::from_secs(10));
    assert_eq!(cached.ask(COUNT, &recent).await, (1000, false));
    cached.bench.database.execute(&"DELETE FROM t WHERE a = 1".into()).await.unwrap();
    assert_eq!(cached.ask(COUNT, &recent).await, (1000, true));
    let more_recent = Reuse::For(Duration::from_secs(1));
    assert_eq!(cached.ask(COUNT, &more_recent).await, (999, false));
    cached.bench.clock.advance(Duration::from_secs(10));
    assert_eq!(cached.ask(COUNT, &recent).await, (999, false));
}

#[tokio::test]
async fn where_nobody_can_tell_whether_something_changed_the_database_is_asked() {
    let cached = Cached::new(ExecutorConfig::default()).await;
    let view = "CREATE VIEW v AS SELECT random() AS a".into();
    cached.bench.database.execute(&view).await.unwrap();
    for table in ["v", "nowhere"] {
        let reuse = Reuse::Unchanged(vec!["t".to_owned(), table.to_owned()]);
        for _ in 0..2 {
            assert_eq!(cached.ask(COUNT, &reuse).await, (1000, false));
        }
    }
}

#[tokio::test]
async fn what_changed_before_it_was_asked_is_not_kept() {
    let cached = Cached::new(ExecutorConfig::default()).await;
    *cached.asked.writer.lock().unwrap() = Some("DELETE FROM t WHERE a = 1");
    assert_eq!(cached.ask(COUNT, &unchanged()).await, (999, false));
    assert_eq!(cached.cache.statistics().memory.entries, 0);
    assert_eq!(cached.ask(COUNT, &unchanged()).await, (999, false));
    assert_eq!(cached.ask(COUNT, &unchanged()).await, (999, true));
}

#[tokio::test]
async fn what_is_too_large_is_not_kept() {
    let config =
        ExecutorConfig { cached_result_size_max_bytes: 1_000, ..ExecutorConfig::default() };
    let cached = Cached::new(config).await;
    for _ in 0..3 {
        assert_eq!(cached.ask("SELECT a FROM t", &unchanged()).await, (1, false));
        cached.ask(COUNT, &unchanged()).await;
    }
    assert_eq!(cached.asked(), 4);
    assert_eq!(cached.executor.statistics().names["asked"].calls, 6);
}

#[tokio::test]
async fn a_thousand_who_ask_the_same_ask_the_database_once() {
    let cached = Arc::new(Cached::new(limits(4, 10)).await);
    let ask = || {
        let cached = Arc::clone(&cached);
        tokio::spawn(async move { cached.ask(COUNT, &unchanged()).await.0 })
    };
    let tasks: Vec<_> = (0..1_000).map(|_| ask()).collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 1000);
    }
    assert_eq!(cached.asked(), 1);
    assert_eq!(cached.executor.statistics().total.calls, 1_000);
}

#[tokio::test]
async fn what_is_known_is_known_while_the_database_is_down() {
    let cached = Cached::new(ExecutorConfig::default()).await;
    let recent = Reuse::For(Duration::from_secs(10));
    cached.ask(COUNT, &recent).await;
    cached.executor.gate().breaker().force_open();
    assert_eq!(cached.ask(COUNT, &recent).await, (1000, true));
    // Whether something has changed only the database could tell, and it is not asked.
    for (sql, reuse) in [("SELECT 2", recent), (COUNT, unchanged())] {
        let call = Call { reuse, ..Call::default() };
        let error = cached.executor.query(&sql.into(), &call).await.unwrap_err();
        assert!(error.message().contains("open by order"), "{error}");
    }
}

#[tokio::test]
async fn who_gives_up_takes_the_answer_from_nobody() {
    let cached = Arc::new(Cached::new(limits(1, 10)).await);
    let blocker = {
        let executor = Arc::clone(&cached.executor);
        tokio::spawn(
            async move { executor.query(&HUNG.into(), &Call::default()).await.map(|_| ()) },
        )
    };
    until("it runs", || cached.executor.statistics().running == 1).await;
    let ask = || {
        let cached = Arc::clone(&cached);
        tokio::spawn(async move { cached.ask(COUNT, &unchanged()).await.0 })
    };
    let first = ask();
    until("it waits", || cached.executor.statistics().waiting == 1).await;
    let second = ask();
    first.abort();
    blocker.abort();
    assert_eq!(second.await.unwrap(), 1000);
    cached.bench.idle().await;
}

#[tokio::test]
async fn a_query_for_which_nobody_waits_any_more_is_interrupted() {
    let cached = Arc::new(Cached::new(limits(1, 10)).await);
    let ask = || {
        let executor = Arc::clone(&cached.executor);
        let call = Call { reuse: unchanged(), ..within(3600) };
        tokio::spawn(async move { executor.query(&HUNG.into(), &call).await.map(drop) })
    };
    let running = || cached.bench.database.statistics().readers.in_use;
    let first = ask();
    until("it runs", || cached.asked() == 1 && running() == 1).await;
    let second = ask();
    until("another waits for it", || cached.cache.statistics().coalesced == 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!((cached.executor.statistics().running, running(), cached.asked()), (1, 1, 1));
    second.abort();
    until("its place is free", || cached.executor.statistics().running == 0).await;
    until("its connection is free", || running() == 0).await;
    assert_eq!(cached.ask(COUNT, &Reuse::Never).await, (1000, false));
    let asked = cached.executor.statistics().names[""].clone();
    assert_eq!((asked.calls, asked.dropped), (2, 2));
}

#[tokio::test]
async fn a_closed_executor_gives_no_earlier_result_either() {
    let cached = Cached::new(ExecutorConfig::default()).await;
    cached.ask(COUNT, &unchanged()).await;
    cached.executor.close().await;
    let call = Call { reuse: unchanged(), ..Call::named("late") };
    let error = cached.executor.query(&COUNT.into(), &call).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn the_deadline_holds_while_the_database_tells_its_version() {
    let cached = Cached::new(ExecutorConfig::default()).await;
    // Nobody else may even look.
    let owner = Connection::open(cached.bench.path()).unwrap();
    cached.bench.database.close().await;
    let config = SqliteConfig { busy_timeout_ms: 60_000, ..SqliteConfig::new(cached.bench.path()) };
    let database = SqliteDatabaseManager::open(config, Arc::new(SystemClock)).await.unwrap();
    owner.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM t").unwrap();
    let executor = AsyncQueryExecutor::new(
        Arc::new(database),
        ExecutorConfig::default(),
        Arc::new(cached.bench.clock.clone()),
    );
    let executor = executor.unwrap().with_cache(Arc::new(cached.cache.clone()), "b.db").unwrap();
    let call = Call { reuse: unchanged(), ..within(1) };
    let asked = tokio::spawn(async move { executor.query(&COUNT.into(), &call).await.map(drop) });
    until("it waits", || cached.bench.clock.sleeping() > 0).await;
    cached.bench.clock.advance(Duration::from_secs(2));
    let error = asked.await.unwrap().unwrap_err();
    drop(owner);
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
}

#[tokio::test]
async fn who_joins_a_caller_in_a_hurry_has_all_of_its_own_time() {
    let cached = Cached::new(ExecutorConfig::default()).await;
    let ask = |seconds| {
        let executor = Arc::clone(&cached.executor);
        let call = Call { reuse: Reuse::For(Duration::from_mins(1)), ..within(seconds) };
        tokio::spawn(async move { executor.query(&HUNG.into(), &call).await.map(drop) })
    };
    let hurried = ask(1);
    until("the first asks", || cached.asked() == 1).await;
    let patient = ask(3600);
    until("the second waits", || cached.cache.statistics().coalesced == 1).await;
    cached.bench.clock.advance(Duration::from_secs(2));
    assert_eq!(hurried.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    until("the second asks or ends", || cached.asked() == 2 || patient.is_finished()).await;
    assert!(!patient.is_finished());
    cached.bench.clock.advance(Duration::from_hours(1));
    assert_eq!(patient.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
}
