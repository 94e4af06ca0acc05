//! What an executor adds to the bare database manager. See README.md in this folder.

#[path = "measure.rs"]
#[expect(dead_code, reason = "only some of it is needed here")]
mod measure;

use std::collections::BTreeMap;
use std::io::{Write, stdout};
use std::sync::Arc;

use anyhow::{Result, ensure};
use dq_core::cache::{MemoryCache, MemoryConfig};
use dq_core::clock::{Clock, SystemClock};
use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
use dq_core::database::{DatabaseManager, Statement};
use dq_core::executor::{AsyncQueryExecutor, Call, ExecutorConfig, QueryExecutor, Reuse};
use dq_core::rules::RuleSet;
use dq_core::source::Source;
use dq_core::validate::{Trust, ValidateOptions, VerdictCache, VerdictCacheConfig};

use crate::measure::median;

/// How often each way is taken in a round.
const CALLS: u32 = 2_000;

/// The rounds, in which all ways are taken by turns.
const ROUNDS: usize = 15;

const RULES: &str = "
version: 1
rules:
  - id: r
    table: t
    checks:
      - { column: a, between: { min: 1 } }
      - { unique: [a] }
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a.db");
    let config = SqliteConfig { create_if_missing: true, ..SqliteConfig::new(&path) };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let database = Arc::new(SqliteDatabaseManager::open(config, Arc::clone(&clock)).await?);
    database.execute(&"CREATE TABLE t (a INTEGER PRIMARY KEY)".into()).await?;
    let fill = "INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n";
    ensure!(database.execute(&fill.into()).await? == 100_000, "the table has 100,000 rows");
    let manager: Arc<dyn DatabaseManager> = Arc::clone(&database) as _;
    let cache = Arc::new(MemoryCache::new(&MemoryConfig::default(), Arc::clone(&clock))?);
    let limits = ExecutorConfig::default();
    let executor = AsyncQueryExecutor::new(manager, limits, Arc::clone(&clock))?
        .with_cache(Arc::clone(&cache) as _, path.to_string_lossy())?;
    queries(&*database, &executor).await?;
    verdicts(database, VerdictCache::new(cache, VerdictCacheConfig::default())?).await
}

/// One query by its key, bare and through the executor, by turns.
async fn queries(database: &dyn DatabaseManager, executor: &AsyncQueryExecutor) -> Result<()> {
    let statement = Statement::new("SELECT a FROM t WHERE a = ?").bind(7);
    let asked = Call::named("by key");
    let reused = Call { reuse: Reuse::Unchanged(vec!["t".to_owned()]), ..asked.clone() };
    let (mut bare, mut through, mut known) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = SystemClock.now();
        for _ in 0..CALLS {
            database.query(&statement).await?;
        }
        bare.push(micros(begun));
        let begun = SystemClock.now();
        for _ in 0..CALLS {
            executor.query(&statement, &asked).await?;
        }
        through.push(micros(begun));
        let begun = SystemClock.now();
        for _ in 0..CALLS {
            executor.query(&statement, &reused).await?;
        }
        known.push(micros(begun));
    }
    let added = bare.iter().zip(&through).map(|(bare, through)| through - bare);
    let added = median(added.collect::<Vec<_>>());
    let (bare, through, known) = (median(bare), median(through), median(known));
    let out = &mut stdout();
    writeln!(out, "a query by key: bare {bare:.1} µs, through the executor {through:.1} µs")?;
    writeln!(out, "the executor adds {added:.1} µs (median of {ROUNDS} rounds)")?;
    Ok(writeln!(out, "from the cache, after a look at the version: {known:.1} µs")?)
}

/// A run, and its verdict from the cache.
async fn verdicts(database: Arc<dyn Source>, verdicts: VerdictCache) -> Result<()> {
    let rules = RuleSet::parse("rules.yaml", RULES, &BTreeMap::new())?;
    let (options, trust) = (ValidateOptions::default(), Trust::Unchanged);
    let first = verdicts.validate(&database, &rules, &options, &trust).await?;
    let mut again = Vec::new();
    for _ in 0..CALLS {
        let begun = SystemClock.now();
        let report = verdicts.validate(&database, &rules, &options, &trust).await?;
        again.push(micros(begun) * f64::from(CALLS));
        ensure!(report.cached, "nothing has changed");
    }
    let (ran, again) = (first.elapsed.as_secs_f64() * 1e3, median(again));
    let line = format!("a verdict: run {ran:.1} ms, from the cache {again:.0} µs");
    Ok(writeln!(stdout(), "{line}")?)
}

/// Microseconds for each call since `begun`.
fn micros(begun: std::time::Instant) -> f64 {
    SystemClock.now().saturating_duration_since(begun).as_secs_f64() * 1e6 / f64::from(CALLS)
}
