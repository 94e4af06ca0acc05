//! `dq database`: tells whether a database can be used.

use std::sync::Arc;

use dq_core::Result;
use dq_core::clock::SystemClock;
use dq_core::config::Config;
#[cfg(feature = "postgres")]
use dq_core::database::postgres::DistributeOptions;
use dq_core::engine::DatabaseFactory;
#[cfg(feature = "postgres")]
use dq_core::report::visible;
use tokio::task::block_in_place;

#[cfg(feature = "postgres")]
use crate::arguments::DatabaseDistributeArguments;
use crate::arguments::{DatabaseCheckArguments, DatabaseCommand, DatabaseFormat};
use crate::output;

/// `dq database …`.
pub(crate) async fn run(command: &DatabaseCommand) -> Result<u8> {
    match command {
        DatabaseCommand::Check(arguments) => check(arguments).await,
        #[cfg(feature = "postgres")]
        DatabaseCommand::Distribute(arguments) => distribute(arguments).await,
    }
}

/// `dq database distribute`.
#[cfg(feature = "postgres")]
async fn distribute(arguments: &DatabaseDistributeArguments) -> Result<u8> {
    let options = DistributeOptions {
        table: arguments.table.clone(),
        columns: arguments.columns.clone(),
        shards: arguments.shards.iter().map(|it| it.as_str().into()).collect(),
        dry_run: arguments.dry_run,
    };
    let factory = DatabaseFactory::new(Arc::new(SystemClock));
    let done = factory.distribute(&arguments.url, &options).await?;
    output::print(|out| {
        let mut database = "";
        for statement in &done.statements {
            if statement.database != database {
                database = &statement.database;
                writeln!(out, "-- on {}", visible(database))?;
            }
            writeln!(out, "{};", visible(&statement.sql))?;
        }
        let (table, shards) = (visible(&options.table), options.shards.len());
        match done.rows {
            Some(rows) => writeln!(out, "-- {table}: {rows} rows were moved to {shards} shards"),
            None if done.statements.is_empty() => {
                writeln!(out, "-- {table}: is spread over these shards already")
            }
            None => writeln!(out, "-- nothing was changed"),
        }
    })?;
    Ok(0)
}

/// `dq database check`.
async fn check(arguments: &DatabaseCheckArguments) -> Result<u8> {
    let factory = DatabaseFactory::new(Arc::new(SystemClock));
    let check = if let Some(url) = &arguments.url {
        factory.check(&factory.name(url), factory.open(url)).await?
    } else {
        let config = block_in_place(|| Config::load(&DatabaseCheckArguments::sources()))?;
        let name = factory.configured_name(&config);
        factory.check(&name, factory.open_configured(&config)).await?
    };
    output::print(|out| match arguments.format {
        DatabaseFormat::Text => check.render_text(output::stdout_style(arguments.color), out),
        DatabaseFormat::Json => check.render_json(out),
    })?;
    Ok(check.exit_code())
}
