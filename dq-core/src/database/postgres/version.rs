//! What tells the state of a table from any other: the transactions that can be seen.

use sqlx::{Executor, Row};

use crate::clock::Clock;
use crate::database::postgres::connection::Lease;
use crate::database::postgres::error::from_sqlx;
use crate::database::server::unique_name;
use crate::error::{Error, ErrorKind, Result};
use crate::source::Version;

/// The database system and its timeline, which a promoted replica changes; the database and the table; the user,
/// whom rules on rows may show other rows; the transactions that are over. Two equal snapshots see the same
/// transactions, and so the same rows.
///
/// Tables of other servers change without a transaction here, and views may look at anything.
const VERSION: &str = "\
SELECT concat_ws('-', s.system_identifier, \
         CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id::text FROM pg_control_checkpoint()) \
              ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END, \
         (SELECT oid FROM pg_database WHERE datname = current_database()), c.oid, current_user, pg_current_snapshot()), \
       c.relkind IN ('v', 'f') OR (c.relkind = 'r' AND c.relhassubclass) \
       OR EXISTS (SELECT 1 FROM pg_partition_tree(c.oid) t JOIN pg_class p ON p.oid = t.relid WHERE p.relkind = 'f') \
FROM pg_control_system() s, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') \
  AND (c.relname = $1 AND pg_table_is_visible(c.oid) OR n.nspname || '.' || c.relname = $1 \
       OR quote_ident(n.nspname) || '.' || quote_ident(c.relname) = $1) \
ORDER BY (quote_ident(n.nspname) || '.' || quote_ident(c.relname) = $1) DESC, c.oid LIMIT 1";

/// Whether the table's own statistics tell of every change that was committed a minute ago, and what they tell. A server
/// of version 15 or later brings them up to date at the latest a minute after a commit, or when the transaction
/// ends that its connection has begun since. They are forgotten at a crash, and a replica has none.
const STATISTICS: &str = "\
SELECT current_setting('server_version_num')::int >= 150000 AND current_setting('track_counts') = 'on' AND NOT pg_is_in_recovery() \
       AND NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
         AND (query = '<insufficient privilege>' OR xact_start < clock_timestamp() - interval '10 seconds')), \
       concat_ws('-', 'statistics', s.system_identifier, extract(epoch FROM pg_postmaster_start_time()), \
         (SELECT extract(epoch FROM stats_reset) FROM pg_stat_database WHERE datname = current_database()), \
         (SELECT oid FROM pg_database WHERE datname = current_database()), current_user, \
         (SELECT string_agg(concat_ws('.', p.oid, p.xmin, pg_relation_filenode(p.oid), pg_stat_get_tuples_inserted(p.oid), \
            pg_stat_get_tuples_updated(p.oid), pg_stat_get_tuples_deleted(p.oid)), '-' ORDER BY p.oid) \
          FROM pg_class p WHERE p.oid = c.oid OR p.oid IN (SELECT relid FROM pg_partition_tree(c.oid)))) \
FROM pg_control_system() s, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
WHERE c.relname = $1 AND pg_table_is_visible(c.oid) OR n.nspname || '.' || c.relname = $1 \
   OR quote_ident(n.nspname) || '.' || quote_ident(c.relname) = $1 \
ORDER BY (quote_ident(n.nspname) || '.' || quote_ident(c.relname) = $1) DESC, c.oid LIMIT 1";

/// How long after a commit statistics may not tell of it, in milliseconds.
const STATISTICS_LATE_MS: u64 = 60_000;

/// Tells the versions of tables, for one manager.
#[derive(Debug)]
pub(crate) struct Watcher {
    /// What no other manager has, in this process or another.
    manager: String,
    /// Whether statistics are new enough.
    by_statistics: bool,
}

impl Watcher {
    pub(crate) fn new(staleness_ms: u64, clock: &dyn Clock) -> Self {
        Self { manager: unique_name(clock), by_statistics: staleness_ms >= STATISTICS_LATE_MS }
    }

    /// The version of the table that the catalog knows as `table`.
    pub(crate) async fn version(
        &self,
        lease: &mut Lease,
        table: &str,
        doing: &str,
    ) -> Result<Option<Version>> {
        let state = lease.state();
        let query = sqlx::query(VERSION).bind(table);
        let found = lease.start()?.fetch_optional(query).await;
        lease.settle(&found, state);
        let failed = |it| from_sqlx(doing, &it);
        let Some(row) = found.map_err(failed)? else {
            let message = format!("cannot {doing}: there is no table `{table}`");
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        if row.try_get(1).map_err(failed)? {
            return Ok(None);
        }
        let mut shared: String = row.try_get(0).map_err(failed)?;
        if self.by_statistics {
            let query = sqlx::query(STATISTICS).bind(table);
            let told = lease.start()?.fetch_one(query).await;
            lease.settle(&told, state);
            let told = told.map_err(failed)?;
            if told.try_get(0).map_err(failed)? {
                shared = told.try_get(1).map_err(failed)?;
            }
        }
        Ok(Some(Version::new(format!("{}-{shared}", self.manager), Some(shared))))
    }
}
