//! What a server tells about its tables and its replicas.

use std::time::Duration;

use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::database::{Node, NodeRole, NodeState, TablePrivileges};

/// What the user may do with each table of the catalog. A table in a schema that may not be used is out of reach.
pub(crate) const PRIVILEGES: &str = "\
SELECT CASE WHEN count(*) OVER (PARTITION BY name) > 1 THEN quote_ident(n.nspname) || '.' || quote_ident(c.relname) ELSE name END, \
       u AND has_table_privilege(c.oid, 'SELECT'), u AND has_table_privilege(c.oid, 'INSERT'), \
       u AND has_table_privilege(c.oid, 'UPDATE'), u AND has_table_privilege(c.oid, 'DELETE') \
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
CROSS JOIN LATERAL has_schema_privilege(n.oid, 'USAGE') u \
CROSS JOIN LATERAL (SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname::text ELSE n.nspname || '.' || c.relname END) t (name) \
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't' \
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
ORDER BY n.nspname, c.oid";

/// The replicas of this server. Without the role `pg_read_all_stats` only their number is told.
pub(crate) const REPLICAS: &str = "\
SELECT concat_ws(' at ', nullif(application_name, ''), host(client_addr)), state = 'streaming', \
       pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, replay_lsn)::int8, \
       CASE WHEN state IS NOT NULL THEN coalesce(extract(epoch FROM replay_lag)::float8, 0) END \
FROM pg_stat_replication ORDER BY 1, pid";

/// Reads a row of [`PRIVILEGES`].
pub(crate) fn privileges_of(row: &PgRow) -> sqlx::Result<TablePrivileges> {
    Ok(TablePrivileges {
        table: row.try_get(0)?,
        select: row.try_get(1)?,
        insert: row.try_get(2)?,
        update: row.try_get(3)?,
        delete: row.try_get(4)?,
    })
}

/// Reads a row of [`REPLICAS`].
pub(crate) fn replica(row: &PgRow) -> sqlx::Result<Node> {
    let name: String = row.try_get(0)?;
    let is_streaming: Option<bool> = row.try_get(1)?;
    let bytes: Option<i64> = row.try_get(2)?;
    let seconds: Option<f64> = row.try_get(3)?;
    let name = if name.is_empty() { "replica".to_owned() } else { name };
    Ok(Node {
        role: NodeRole::Replica,
        state: if is_streaming == Some(false) { NodeState::Lagging } else { NodeState::Ready },
        lag_bytes: bytes.map(|it| it.max(0).unsigned_abs()),
        lag: seconds.and_then(|it| Duration::try_from_secs_f64(it.max(0.0)).ok()),
        ..Node::unknown(name)
    })
}
