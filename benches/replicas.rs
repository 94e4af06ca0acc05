//! What it costs to find the server that answers a query, how many reads replicas answer, how soon one that lags or
//! hangs is left out, and how soon writes go on after a promotion. See README.md in this folder.

#[path = "measure.rs"]
#[expect(dead_code, reason = "only some of it is needed here")]
mod measure;
#[expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_imports,
    reason = "a server that does not start ends the benchmark"
)]
#[path = "../dq-core/tests/servers/mod.rs"]
mod servers;

use std::io::{Write, stdout};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use dq_core::clock::{Clock, SystemClock};
use dq_core::database::postgres::PostgresConfig;
use dq_core::database::replicas::{Consistency, ReplicasConfig, ReplicatedDatabaseManager};
use dq_core::database::{DatabaseManager, NodeState, Statement};

use crate::measure::median;
use crate::servers::replicas::Replicated;

/// How many servers are found in a round: so few that most rounds are not interrupted by whatever else runs.
const CALLS: u32 = 2_000;

const ROUNDS: usize = 201;

/// How often a replica is made to lag, and to hang.
const TROUBLES: usize = 5;

/// How many calls there are of which a tenth write.
const MIXED: usize = 5_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut servers = Replicated::start().context("PostgreSQL is left out")?;
    let database = open(&servers, 64 << 20).await?;
    database.execute(&"CREATE TABLE t (a int PRIMARY KEY, b text)".into()).await?;
    database.execute(&"INSERT INTO t VALUES (0)".into()).await?;
    all_used(&database).await?;
    routing(&database).await?;
    offloaded(&database, &servers).await?;
    left_out(&servers).await?;
    promotion(&database, &mut servers).await
}

async fn open(servers: &Replicated, lag_max_bytes: u64) -> Result<ReplicatedDatabaseManager> {
    let [first, second, third] = servers.urls();
    let urls = [second, third].map(|it| it.as_str().into()).into();
    let config =
        ReplicasConfig { urls, lag_max_bytes, slow_start_ms: 100, ..ReplicasConfig::default() };
    let server = PostgresConfig::new(first);
    Ok(ReplicatedDatabaseManager::open(&server, config, Arc::new(SystemClock)).await?)
}

async fn all_used(database: &ReplicatedDatabaseManager) -> Result<()> {
    while database.nodes().await?.iter().any(|it| it.state != NodeState::Ready) {
        SystemClock.sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Prints a figure, and fails if it is above its bar.
fn tell(what: &str, figure: f64, unit: &str, bar: f64) -> Result<()> {
    writeln!(stdout(), "{what}: {figure:.2} {unit} (bar: {bar})")?;
    ensure!(figure <= bar, "{what}: {figure:.2} {unit}");
    Ok(())
}

async fn routing(database: &ReplicatedDatabaseManager) -> Result<()> {
    let statement = Statement::new("SELECT a FROM t WHERE a = ?").bind(7);
    database.query(&statement).await?;
    let eventual = database.handle(Consistency::Eventual);
    for (name, handle) in [("read your writes", database), ("eventual", &eventual)] {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push(round(handle, &statement).await?);
        }
        tell(&format!("the server of a query, {name}"), median(rounds), "µs", 2.0)?;
    }
    Ok(())
}

/// How many microseconds it takes to find the server of a statement.
async fn round(database: &ReplicatedDatabaseManager, statement: &Statement) -> Result<f64> {
    let begun = SystemClock.now();
    for _ in 0..CALLS {
        database.server_for(statement).await?;
    }
    let took = SystemClock.now().saturating_duration_since(begun);
    Ok(took.as_secs_f64() * 1e6 / f64::from(CALLS))
}

/// The share of reads that the primary answers where each must see the write before it.
async fn offloaded(database: &ReplicatedDatabaseManager, servers: &Replicated) -> Result<()> {
    let primary = i64::from(servers.servers[0].port).into();
    let (mut reads, mut on_primary) = (0.0, 0.0);
    for call in 0..MIXED {
        if call % 10 == 0 {
            database.execute(&"UPDATE t SET b = 'x'".into()).await?;
            continue;
        }
        let result = database.query(&"SELECT inet_server_port() FROM t".into()).await?;
        reads += 1.0;
        on_primary += f64::from(u8::from(result.scalar() == primary));
    }
    tell(
        "reads that the primary answers at a tenth of writes",
        on_primary / reads * 100.0,
        "%",
        20.0,
    )
}

/// How soon a replica that lags, and one that hangs, is left out.
async fn left_out(servers: &Replicated) -> Result<()> {
    let database = open(servers, 100_000).await?;
    let (mut lagging, mut hanging) = (Vec::new(), Vec::new());
    for _ in 0..TROUBLES {
        all_used(&database).await?;
        servers.servers[1].pause_replay();
        let fill = "UPDATE t SET b = (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 10000) g)";
        database.execute(&fill.into()).await?;
        lagging.push(until(&database, NodeState::Lagging).await?);
        servers.servers[1].resume_replay();
        all_used(&database).await?;
        servers.servers[1].freeze();
        hanging.push(until(&database, NodeState::Unreachable).await?);
        servers.servers[1].thaw();
    }
    all_used(&database).await?;
    database.close().await;
    tell("a replica that lags is left out after", median(lagging), "ms", 500.0)?;
    tell("a replica that hangs is left out after", median(hanging), "ms", 500.0)
}

/// How many milliseconds it takes until the first replica is seen to be so.
async fn until(database: &ReplicatedDatabaseManager, state: NodeState) -> Result<f64> {
    let begun = SystemClock.now();
    while database.nodes().await?.get(1).is_some_and(|it| it.state != state) {
        SystemClock.sleep(Duration::from_millis(2)).await;
    }
    Ok(SystemClock.now().saturating_duration_since(begun).as_secs_f64() * 1e3)
}

/// How soon writes go on after the primary was killed and a replica promoted.
async fn promotion(database: &ReplicatedDatabaseManager, servers: &mut Replicated) -> Result<()> {
    all_used(database).await?;
    servers.servers[0].kill();
    let new = servers.most_advanced(&[1, 2]);
    if let Some(server) = servers.servers.get(new) {
        server.promote();
    }
    let promoted = SystemClock.now();
    // One that was under way to the old primary may not know how it ended.
    while database.execute(&"UPDATE t SET b = 'y'".into()).await.is_err() {}
    let took = SystemClock.now().saturating_duration_since(promoted).as_secs_f64() * 1e3;
    tell("after a promotion writes go on after", took, "ms", 3_000.0)
}
