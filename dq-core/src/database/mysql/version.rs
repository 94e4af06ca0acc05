//! What tells the state of a table from any other: how far the binary log of its server is.
//!
//! The log says how often the whole server was written to. It must hold every change: a server that logs only some
//! of its databases, or not what it gets from another server, has no versions, and neither has one that does not let
//! the user see whether it is so.
//!
//! MariaDB writes the log before a change can be seen, so the position is taken that belongs to a consistent
//! snapshot. MySQL counts a transaction as executed when it can be seen.

use std::collections::HashMap;

use sqlx::Executor;
use sqlx::mysql::MySqlRow;

use crate::clock::Clock;
use crate::database::mysql::catalog;
use crate::database::mysql::connection::{Lease, session_of, text};
use crate::database::mysql::error::from_sqlx;
use crate::database::server::unique_name;
use crate::error::{Error, ErrorKind, Result};
use crate::source::Version;

/// The kind of a table, how its rows are stored, and when it was made.
const TABLE: &str = "\
SELECT table_type, engine, CAST(create_time AS CHAR), DATABASE() FROM information_schema.tables \
WHERE table_schema = DATABASE() AND table_name = ?";

/// Which server this is, since when it runs, and how its log goes.
const MARIADB: &str = "\
SELECT 'server', concat_ws(':', @@hostname, @@port, @@server_id, @@datadir) \
UNION ALL SELECT 'is_whole', CAST(@@log_bin = 1 AND (@@log_slave_updates = 1 OR @@gtid_slave_pos = '') AS CHAR) \
UNION ALL SELECT 'since', CAST(UNIX_TIMESTAMP() - variable_value AS CHAR) \
    FROM information_schema.global_status WHERE variable_name = 'UPTIME' \
UNION ALL SELECT lower(variable_name), variable_value FROM information_schema.session_status \
    WHERE variable_name IN ('BINLOG_SNAPSHOT_FILE', 'BINLOG_SNAPSHOT_POSITION')";

/// The same of MySQL, which names each server, and numbers the transactions of all.
const MYSQL: &str = "SHOW GLOBAL VARIABLES WHERE variable_name IN \
    ('server_uuid', 'gtid_mode', 'gtid_executed', 'log_bin', 'log_slave_updates', 'log_replica_updates')";

/// How far the log is, and which databases it leaves out; the second from MySQL 8.2 on.
const LOGS: [&str; 2] = ["SHOW MASTER STATUS", "SHOW BINARY LOG STATUS"];

/// How tables are stored that only change with what the log holds.
const ENGINES: [&str; 3] = ["InnoDB", "MyISAM", "Aria"];

/// Tells the versions of tables, for one manager.
#[derive(Debug)]
pub(crate) struct Watcher {
    /// What no other manager has, in this process or another.
    manager: String,
}

impl Watcher {
    pub(crate) fn new(clock: &dyn Clock) -> Self {
        Self { manager: unique_name(clock) }
    }

    /// The version of `table`, in a transaction that sees one moment.
    pub(crate) async fn version(
        &self,
        lease: &mut Lease,
        table: &str,
        doing: &str,
    ) -> Result<Option<Version>> {
        let failed = |it| from_sqlx(doing, &it);
        let state = lease.state();
        let query = sqlx::query(TABLE).bind(table);
        let found = lease.start()?.fetch_optional(query).await;
        lease.settle(&found, state);
        let Some(row) = found.map_err(failed)? else {
            let message = format!("cannot {doing}: there is no table `{table}`");
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        let texts = [0, 1, 2, 3].map(|it| text(&row, it));
        let [Ok(kind), Ok(engine), Ok(made), Ok(database)] = texts else { return Ok(None) };
        if kind == "VIEW" || !ENGINES.contains(&engine.as_str()) || !logs_all(lease).await? {
            return Ok(None);
        }
        let is_mariadb = session_of(lease)?.server.is_mariadb;
        let told = catalog::rows(lease, if is_mariadb { MARIADB } else { MYSQL }, doing).await?;
        let told = told.iter().map(pair).collect::<sqlx::Result<_>>().map_err(failed)?;
        let position = if is_mariadb { mariadb(&told) } else { mysql(&told) };
        Ok(position.map(|position| {
            let shared = format!("{position}-{database}-{table}-{made}");
            Version::new(format!("{}-{shared}", self.manager), Some(shared))
        }))
    }
}

/// Whether there is a log that leaves no database out.
async fn logs_all(lease: &mut Lease) -> Result<bool> {
    for sql in LOGS {
        let state = lease.state();
        let found = lease.start()?.fetch_optional(sqlx::raw_sql(sql)).await;
        lease.settle(&found, state);
        match found {
            Ok(Some(row)) => {
                let left_out = [2, 3].map(|it| text(&row, it).unwrap_or_default());
                return Ok(left_out.iter().all(String::is_empty));
            }
            Ok(None) => return Ok(false),
            // Not in this version, or not for this user.
            Err(sqlx::Error::Database(_)) => {}
            Err(error) => return Err(from_sqlx("read the state of the binary log", &error)),
        }
    }
    Ok(false)
}

fn pair(row: &MySqlRow) -> sqlx::Result<(String, String)> {
    Ok((text(row, 0)?.to_ascii_lowercase(), text(row, 1)?))
}

fn mariadb(told: &HashMap<String, String>) -> Option<String> {
    let get = |name: &str| told.get(name).map(String::as_str).filter(|it| !it.is_empty());
    if get("is_whole")? != "1" {
        return None;
    }
    let names = ["server", "since", "binlog_snapshot_file", "binlog_snapshot_position"];
    Some(names.into_iter().map(get).collect::<Option<Vec<_>>>()?.join("-"))
}

fn mysql(told: &HashMap<String, String>) -> Option<String> {
    let is_on = |name: &str| told.get(name).is_some_and(|it| it == "ON");
    let is_whole = is_on("log_slave_updates") || is_on("log_replica_updates");
    if !is_on("gtid_mode") || !is_on("log_bin") || !is_whole {
        return None;
    }
    Some(format!("{}-{}", told.get("server_uuid")?, told.get("gtid_executed")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_server_that_does_not_log_everything_has_no_versions() {
        let mut it = told(&[
            ("server", "h:1"),
            ("since", "7"),
            ("is_whole", "1"),
            ("binlog_snapshot_file", "log.1"),
            ("binlog_snapshot_position", "42"),
        ]);
        assert_eq!(mariadb(&it).as_deref(), Some("h:1-7-log.1-42"));
        it.insert("is_whole".to_owned(), "0".to_owned());
        assert_eq!(mariadb(&it), None);
        let mut it = told(&[
            ("server_uuid", "u"),
            ("gtid_mode", "ON"),
            ("gtid_executed", "u:1-5"),
            ("log_bin", "ON"),
            ("log_replica_updates", "ON"),
        ]);
        assert_eq!(mysql(&it).as_deref(), Some("u-u:1-5"));
        it.insert("gtid_mode".to_owned(), "OFF".to_owned());
        assert_eq!(mysql(&it), None);
    }
}
