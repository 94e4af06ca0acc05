//! Spreads a table over several servers, as partitions by hash that are tables of `postgres_fdw`.
//!
//! ```text
//! look: the table, each shard ──▶ refuse, or nothing to do, or the statements (`--dry-run` ends here)
//!                                          │
//!   on each shard:          CREATE TABLE …, with its constraints and indexes; taken back if what follows fails
//!   on the coordinator,     LOCK the table; extension, servers, user mappings; the table aside; partitions in its place;
//!   in one transaction:     passwords; INSERT … SELECT; counts compared; DROP what stands aside; COMMIT
//! ```

mod ddl;
mod shard;
mod table;

use std::sync::Arc;

use crate::clock::Clock;
use crate::database::postgres::distribute::ddl::{Ddl, Effect, Step};
use crate::database::postgres::distribute::shard::Shard;
use crate::database::postgres::distribute::table::Described;
use crate::database::postgres::{IsolationLevel, PostgresConfig, PostgresDatabaseManager};
use crate::database::{DatabaseManager, Statement, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;
use crate::source::Source;
use crate::value::Value;

/// What to spread, and where to.
#[derive(Clone, Debug, Default)]
pub struct DistributeOptions {
    /// The table, as the catalog names it.
    pub table: String,
    /// The columns by whose hash a row finds its place. Default: the first column of the primary key.
    pub columns: Vec<String>,
    /// The URLs of the databases that take the rows, at least one; each takes as many as any other.
    pub shards: Vec<Secret>,
    /// Whether only to say what would be done. Default: no.
    pub dry_run: bool,
}

/// What was done to spread a table, or would be.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Distribution {
    /// The statements, in their order; none if the table is spread like that already.
    pub statements: Vec<DistributionStatement>,
    /// How many rows were moved; `None` if none were to be.
    pub rows: Option<u64>,
}

/// A statement that was run, or would be.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DistributionStatement {
    /// The database that runs it, without a password.
    pub database: String,
    /// The statement, with `[redacted]` in place of passwords.
    pub sql: String,
}

/// Spreads a table over shards. What is in it is moved, in one transaction of the coordinator; whoever uses the table waits
/// meanwhile. That it is spread like that already is no error, and changes nothing.
///
/// The commits of the shards come shortly before that of the coordinator. If the coordinator fails between them, the
/// table is as it was, and the shards hold rows to which nobody refers; a second attempt says so.
///
/// # Errors
///
/// `NotFound` if there is no such table; `UsageInvalid` for columns and shards that make no sense; `Unavailable`,
/// `Timeout` or `PermissionDenied` if a server cannot be used; `Unsupported` for a table with what its parts cannot
/// have, such as foreign keys; `Conflict` if it is spread otherwise, or a shard has such a table with rows or another
/// shape; whatever a statement reports.
pub async fn distribute(
    coordinator: &PostgresConfig,
    options: &DistributeOptions,
    clock: Arc<dyn Clock>,
) -> Result<Distribution> {
    let config = PostgresConfig {
        readers: 1,
        writers: 1,
        idle_min: 0,
        isolation: IsolationLevel::ReadCommitted,
        ..coordinator.clone()
    };
    let database = PostgresDatabaseManager::open(config.clone(), Arc::clone(&clock)).await?;
    let mut shards = Vec::new();
    for (number, url) in options.shards.iter().enumerate() {
        let config = config.at(url.expose());
        let place = shard::Place::of(&config, number + 1)?;
        let manager = PostgresDatabaseManager::open(config, Arc::clone(&clock)).await?;
        shards.push(Shard { place, database: manager });
    }
    let done = spread(&database, &shards, options).await;
    for shard in &shards {
        shard.database.close().await;
    }
    database.close().await;
    done
}

async fn spread(
    database: &PostgresDatabaseManager,
    shards: &[Shard],
    options: &DistributeOptions,
) -> Result<Distribution> {
    shard::check(database.name(), shards)?;
    shard::check_identities(database, shards).await?;
    for shard in shards {
        shard.check_server(database).await?;
    }
    let table = Described::read(database, &options.table).await?;
    let columns = table.columns_for(&options.columns)?;
    if table.is_spread(&columns, shards)? {
        return Ok(Distribution { statements: Vec::new(), rows: None });
    }
    table.check(&columns)?;
    let mut missing = Vec::new();
    for shard in shards {
        missing.push(shard.lacks(&table).await?);
    }
    let ddl = Ddl { table: &table, columns: &columns, shards };
    let steps = ddl.steps(&missing);
    let name = |step: &Step| match step.shard.and_then(|it| shards.get(it)) {
        Some(shard) => shard.database.name().to_owned(),
        None => database.name().to_owned(),
    };
    let told = |it: &Step| DistributionStatement { database: name(it), sql: it.shown.clone() };
    let statements = steps.iter().map(told).collect();
    if options.dry_run {
        return Ok(Distribution { statements, rows: None });
    }
    let made = make_parts(shards, &steps).await;
    let moved = match made {
        Ok(()) => move_rows(database, &ddl, &steps).await,
        Err(error) => Err(error),
    };
    match moved {
        Ok(rows) => Ok(Distribution { statements, rows: Some(rows) }),
        Err(error) => {
            take_back(shards, &ddl, &missing).await;
            Err(error)
        }
    }
}

async fn make_parts(shards: &[Shard], steps: &[Step]) -> Result<()> {
    for step in steps {
        if let Some(shard) = step.shard.and_then(|it| shards.get(it)) {
            shard.database.execute(&step.sql.as_str().into()).await?;
        }
    }
    Ok(())
}

/// Does on the coordinator what is to be done there, all or nothing.
async fn move_rows(
    database: &PostgresDatabaseManager,
    ddl: &Ddl<'_>,
    steps: &[Step],
) -> Result<u64> {
    let mut transaction = database.begin().await?;
    let mut moved = 0;
    for step in steps.iter().filter(|it| it.shard.is_none()) {
        let statement = step.sql.as_str().into();
        match step.effect {
            Effect::Defines => {
                transaction.execute(&statement).await?;
            }
            Effect::Sets => {
                transaction.query(&statement).await?;
            }
            Effect::Moves => {
                moved = transaction.execute(&statement).await?;
                compare(transaction.as_mut(), ddl, moved).await?;
            }
        }
    }
    transaction.commit().await?;
    Ok(moved)
}

/// Whether there are as many rows as were moved, in the table that stands aside and in the parts.
async fn compare(transaction: &mut dyn Transaction, ddl: &Ddl<'_>, moved: u64) -> Result<()> {
    for counting in [ddl.count_before(), ddl.count_after()] {
        let counted = transaction.query(&Statement::new(counting)).await?;
        if counted.scalar() != Value::Integer(i64::try_from(moved).unwrap_or(i64::MAX)) {
            let table = &ddl.table.name;
            let reason = format!("{moved} rows were moved, and another number is found");
            let message = format!("cannot distribute `{table}`: {reason}");
            return Err(Error::new(ErrorKind::Internal, message));
        }
    }
    Ok(())
}

/// Drops the tables that were made on shards for nothing. Those with rows stay: nobody knows whose they are.
async fn take_back(shards: &[Shard], ddl: &Ddl<'_>, missing: &[bool]) {
    for (shard, _) in shards.iter().zip(missing).filter(|it| *it.1) {
        if let Ok(true) = shard.is_empty(ddl.table).await {
            let drop_table = ddl.drop_part();
            // The error that led here is the one to tell.
            drop(shard.database.execute(&drop_table.as_str().into()).await);
        }
    }
}
