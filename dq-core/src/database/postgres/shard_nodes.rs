//! Whether the servers answer on which the rows of distributed tables lie.

use std::time::Duration;

use futures_util::future::join_all;

use crate::database::postgres::PostgresDatabaseManager;
use crate::database::postgres::trial::{named, text, tried};
use crate::database::{DatabaseManager, Node, NodeRole, NodeState, reason_of};
use crate::error::{Error, ErrorKind, Result};
use crate::source::Source;
use crate::value::Value;

/// The servers of partitions, each with where it is and one of its tables.
const SERVERS: &str = "\
SELECT (SELECT concat(coalesce(max(o.option_value) FILTER (WHERE o.option_name = 'host'), 'localhost'), ':', \
                      coalesce(max(o.option_value) FILTER (WHERE o.option_name = 'port'), '5432'), '/', \
                      max(o.option_value) FILTER (WHERE o.option_name = 'dbname')) \
        FROM pg_options_to_table(s.srvoptions) o), \
       min(quote_ident(n.nspname) || '.' || quote_ident(c.relname)) \
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw AND w.fdwname = 'postgres_fdw' \
JOIN pg_foreign_table f ON f.ftserver = s.oid JOIN pg_class c ON c.oid = f.ftrelid AND c.relispartition \
JOIN pg_namespace n ON n.oid = c.relnamespace \
GROUP BY s.oid, s.srvoptions ORDER BY 1";

/// Whether Citus knows of servers.
const HAS_CITUS: &str = "SELECT to_regclass('pg_dist_node') IS NOT NULL";

/// The servers on which Citus puts rows.
const CITUS: &str = "\
SELECT nodename || ':' || nodeport, isactive FROM pg_dist_node WHERE shouldhaveshards ORDER BY 1";

/// The servers of distributed tables. Each of `postgres_fdw` is asked for the row of a place where there is none, and waited
/// for no longer than `patience`.
pub(crate) async fn shards(
    database: &PostgresDatabaseManager,
    patience: Duration,
) -> Result<Vec<Node>> {
    let servers = named(database, SERVERS).await?;
    let asked = servers.into_iter().map(|(name, table)| async move {
        let ask = format!("SELECT count(*) FROM {table} WHERE ctid = '(0,0)'");
        match tried(database, ask, patience).await {
            Ok(Ok(_)) => node(&name, NodeState::Ready),
            Ok(Err(error)) => failed(database.name(), &name, &error),
            Err(silence) => {
                let error = Some(format!("silent: {silence}"));
                Node { error, ..node(&name, NodeState::Unreachable) }
            }
        }
    });
    let mut nodes = join_all(asked).await;
    if database.query(&HAS_CITUS.into()).await?.scalar() == Value::Boolean(true) {
        let found = database.query(&CITUS.into()).await?;
        let state = |it: bool| if it { NodeState::Ready } else { NodeState::Unreachable };
        let state = |it: Value<'_>| state(it == Value::Boolean(true));
        nodes.extend(found.rows().map(|it| node(&text(it.value(0)), state(it.value(1)))));
    }
    Ok(nodes)
}

fn node(name: &str, state: NodeState) -> Node {
    Node { role: NodeRole::Shard, state, ..Node::unknown(format!("postgres://{name}")) }
}

/// A server that the `coordinator` could not read.
fn failed(coordinator: &str, name: &str, error: &Error) -> Node {
    let reason = reason_of(coordinator, error);
    // A server that says why it lets nobody in can be reached.
    let is_silent = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout);
    let state = if is_silent && !reason.contains("FATAL:") {
        NodeState::Unreachable
    } else {
        NodeState::Refused
    };
    Node { error: Some(reason.to_owned()), ..node(name, state) }
}
