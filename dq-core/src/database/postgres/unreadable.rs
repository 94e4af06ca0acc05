//! Views, materialised ones among them, and tables of other servers that cannot be read, whatever the privileges on them are.

use std::time::Duration;

use futures_util::{StreamExt, stream};

use crate::database::Unreadable;
use crate::database::postgres::PostgresDatabaseManager;
use crate::database::postgres::trial::{named, tried};
use crate::error::Result;
use crate::source::Source;

/// Those that the user may read, as far as their own privileges say, called as in the catalog, with their names as SQL.
/// Servers of partitions are told of as such.
const CANDIDATES: &str = "\
SELECT CASE WHEN has_twin THEN sql ELSE name END, sql \
FROM (SELECT name, c.oid, c.relkind, n.oid AS schema, n.nspname, count(*) OVER (PARTITION BY name) > 1 AS has_twin, \
        quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS sql \
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
      CROSS JOIN LATERAL (SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname::text ELSE n.nspname || '.' || c.relname END) t (name) \
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't' \
        AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_') a \
WHERE relkind IN ('v', 'm', 'f') AND has_schema_privilege(schema, 'USAGE') AND has_table_privilege(oid, 'SELECT') \
ORDER BY nspname, oid";

/// How many are tried at once.
const AT_ONCE: usize = 4;

/// Tries each: the server makes everything ready to read it, and reads no row.
pub(crate) async fn unreadable(
    database: &PostgresDatabaseManager,
    patience: Duration,
) -> Result<Vec<Unreadable>> {
    let candidates = named(database, CANDIDATES).await?;
    let answers = stream::iter(candidates).map(|(name, sql)| async move {
        match tried(database, format!("SELECT 1 FROM {sql} LIMIT 0"), patience).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(Unreadable::of(name, database.name(), &error)),
            Err(silence) => Some(Unreadable::new(name, silence)),
        }
    });
    Ok(answers.buffered(AT_ONCE).filter_map(std::future::ready).collect().await)
}
