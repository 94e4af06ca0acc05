//! What it costs to find the server that answers a query. See README.md in this folder.

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

use anyhow::{Context, Result, ensure};
use dq_core::clock::{Clock, SystemClock};
use dq_core::database::postgres::PostgresConfig;
use dq_core::database::replicas::{Consistency, ReplicasConfig, ReplicatedDatabaseManager};
use dq_core::database::{DatabaseManager, NodeState, Statement};

use crate::measure::median;
use crate::servers::replicas::Replicated;

/// How many servers are found in a round.
const CALLS: u32 = 20_000;

const ROUNDS: usize = 15;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let servers = Replicated::start().context("PostgreSQL is left out")?;
    let [first, second, third] = servers.urls();
    let urls = [second, third].map(|it| it.as_str().into()).into();
    let config = ReplicasConfig { urls, ..ReplicasConfig::default() };
    let server = PostgresConfig::new(first);
    let clock = Arc::new(SystemClock);
    let database = ReplicatedDatabaseManager::open(&server, config, clock).await?;
    database.execute(&"CREATE TABLE t (a int PRIMARY KEY)".into()).await?;
    while database.nodes().await?.iter().any(|it| it.state != NodeState::Ready) {
        SystemClock.sleep(std::time::Duration::from_millis(50)).await;
    }
    let statement = Statement::new("SELECT a FROM t WHERE a = ?").bind(7);
    database.query(&statement).await?;
    let eventual = database.handle(Consistency::Eventual);
    for (name, handle) in [("read your writes", &database), ("eventual", &eventual)] {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push(round(handle, &statement).await?);
        }
        let micros = median(rounds);
        writeln!(stdout(), "the server of a query, {name}: {micros:.2} µs (bar: 2)")?;
        ensure!(micros <= 2.0, "it takes {micros:.2} µs");
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
