//! Views and tables of other servers that cannot be read, whatever the privileges on them are.

use std::time::Duration;

use futures_util::{StreamExt, stream};

use crate::clock::within;
use crate::database::postgres::PostgresDatabaseManager;
use crate::database::{DatabaseManager, Statement, Unreadable};
use crate::error::Result;
use crate::source::Source;
use crate::value::Value;

/// Those that the user may read, as far as their own privileges say, with their names as SQL. Servers of partitions are
/// told of as such.
const CANDIDATES: &str = "\
SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname::text ELSE n.nspname || '.' || c.relname END, \
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) \
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
WHERE c.relkind IN ('v', 'f') AND NOT c.relispartition AND c.relpersistence <> 't' \
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
  AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') \
ORDER BY n.nspname, c.oid";

/// How many are tried at once.
const AT_ONCE: usize = 4;

/// Tries each: the server makes everything ready to read it, and reads no row.
pub(crate) async fn unreadable(
    database: &PostgresDatabaseManager,
    patience: Duration,
) -> Result<Vec<Unreadable>> {
    let candidates = database.query(&CANDIDATES.into()).await?;
    let text = |it: Value<'_>| match it {
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    };
    let candidates: Vec<_> =
        candidates.rows().map(|it| (text(it.value(0)), text(it.value(1)))).collect();
    let tried = stream::iter(candidates).map(|(name, sql)| async move {
        let attempt = Statement::new(format!("SELECT 1 FROM {sql} LIMIT 0"));
        match within(database.clock(), patience, database.query(&attempt)).await {
            Some(Ok(_)) => None,
            Some(Err(error)) => Some(Unreadable::of(name, database.name(), &error)),
            None => {
                let reason = format!("no answer within {} ms", patience.as_millis());
                Some(Unreadable::new(name, reason))
            }
        }
    });
    Ok(tried.buffered(AT_ONCE).filter_map(std::future::ready).collect().await)
}
