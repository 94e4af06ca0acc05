//! `dq database`: tells whether a database can be used.

use std::sync::Arc;

use dq_core::Result;
use dq_core::clock::SystemClock;
use dq_core::config::Config;
use dq_core::engine::DatabaseFactory;
use dq_core::secret::redacted_url;
use tokio::task::block_in_place;

use crate::arguments::{DatabaseCheckArguments, DatabaseCommand, DatabaseFormat};
use crate::output;

/// What messages call a database that no URL names.
const CONFIGURED: &str = "the configured database";

/// `dq database check`.
pub(crate) async fn run(command: &DatabaseCommand) -> Result<u8> {
    let DatabaseCommand::Check(arguments) = command;
    let factory = DatabaseFactory::new(Arc::new(SystemClock));
    let check = if let Some(url) = &arguments.url {
        factory.check(&redacted_url(url), factory.open(url)).await?
    } else {
        let config = block_in_place(|| Config::load(&DatabaseCheckArguments::sources()))?;
        factory.check(CONFIGURED, factory.open_configured(&config)).await?
    };
    output::print(|out| match arguments.format {
        DatabaseFormat::Text => check.render_text(output::stdout_style(arguments.color), out),
        DatabaseFormat::Json => check.render_json(out),
    })?;
    Ok(check.exit_code())
}
