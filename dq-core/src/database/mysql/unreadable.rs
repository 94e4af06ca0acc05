//! Tables and views that cannot be read: their files are gone or broken, what a view is over is gone, or the user may
//! only do something else with them.

use futures_util::{StreamExt, stream};

use crate::clock::within;
use crate::database::mysql::MySqlDatabaseManager;
use crate::database::mysql::catalog::Table;
use crate::database::mysql::privileges::select;
use crate::database::{DatabaseManager, Statement, Unreadable};
use crate::source::Source;

/// How many are tried at once.
const AT_ONCE: usize = 4;

/// Tries each of the `tables` of `database`: the server opens it with all that it is over, and reads no row.
pub(crate) async fn unreadable(
    database: &MySqlDatabaseManager,
    tables: Vec<Table>,
) -> Vec<Unreadable> {
    let patience = database.connect_timeout();
    let answers = stream::iter(tables).map(|table| async move {
        let attempt = Statement::new(select(&table));
        let name = table.schema.name;
        match within(database.clock(), patience, database.query(&attempt)).await {
            Some(Ok(_)) => None,
            Some(Err(error)) => Some(Unreadable::of(name, database.name(), &error)),
            None => {
                let silence = format!("no answer within {} ms", patience.as_millis());
                Some(Unreadable::new(name, silence))
            }
        }
    });
    answers.buffered(AT_ONCE).filter_map(std::future::ready).collect().await
}
