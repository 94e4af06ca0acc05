//! Whether a database can be used, and for what.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::database::{
    DatabaseManager, Health, HealthStatus, Node, NodeRole, NodeState, TablePrivileges, Unreadable,
};
use crate::engine::DatabaseFactory;
use crate::error::{Error, ErrorKind, Result};
use crate::report::style::Ink;
use crate::report::table::{Align, TableColumn, write as write_table};
use crate::report::words::{count, span};
use crate::report::{TerminalStyle, visible};

/// The exit code where the database answers, and something of it cannot be used.
const DEGRADED: u8 = 1;

/// What was found of a database: whether it answers, how fast, what the user may do, who follows it.
#[derive(Clone, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct DatabaseCheck {
    /// The version of this form: 1.
    pub format: u32,
    /// How messages name the database. Holds no password.
    pub database: String,
    /// Healthy; degraded where a table cannot be read or a server is not used; unhealthy where it does not answer.
    pub status: HealthStatus,
    /// The backend; `None` where there was no connection.
    pub backend: Option<&'static str>,
    /// The version of the server or library.
    pub version: Option<String>,
    /// How long it took to connect, in seconds.
    pub connect_seconds: Option<f64>,
    /// How long an answer takes on a connection that is there, in seconds.
    pub latency_seconds: Option<f64>,
    /// The tables.
    pub tables: Vec<DatabaseTable>,
    /// The servers that the database is made of, or those that follow the one.
    pub nodes: Vec<Node>,
    /// What went wrong.
    pub error: Option<String>,
    #[serde(skip)]
    exit_code: u8,
}

/// A table, and what may be done with it.
#[derive(Clone, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct DatabaseTable {
    /// The table.
    pub table: String,
    /// About how many rows it has; `None` where nobody knows.
    pub rows_estimate: Option<u64>,
    /// Whether the user may read it; `None`, as below, where the backend cannot tell.
    pub select: Option<bool>,
    /// Whether the user may add rows.
    pub insert: Option<bool>,
    /// Whether the user may change rows.
    pub update: Option<bool>,
    /// Whether the user may remove rows.
    pub delete: Option<bool>,
    /// Why it cannot be read, where that is no matter of its own privileges: then `select` is false. Holds no password
    /// and no value of a row.
    pub error: Option<String>,
}

impl DatabaseFactory {
    /// Opens a database with `open`, and finds out what can be done with it. Reads no rows and changes nothing.
    /// `shown` names it where it cannot be opened, and must hold no password: see [`name`](Self::name).
    ///
    /// # Errors
    ///
    /// What makes no sense to try: `UsageInvalid`, `ConfigInvalid`, `FeatureDisabled`. That the database does
    /// not answer is no error, but the finding.
    pub async fn check(
        &self,
        shown: &str,
        open: impl Future<Output = Result<Arc<dyn DatabaseManager>>>,
    ) -> Result<DatabaseCheck> {
        let start = self.clock().now();
        let database = match open.await {
            Ok(database) => database,
            Err(error) if is_senseless(&error) => return Err(error),
            Err(error) => return Ok(DatabaseCheck::failed(shown, &error)),
        };
        let connect = self.clock().now().saturating_duration_since(start);
        let check = match examine(&*database, connect).await {
            Ok(check) => check,
            Err(error) => DatabaseCheck::failed(database.name(), &error),
        };
        database.close().await;
        Ok(check)
    }
}

fn is_senseless(error: &Error) -> bool {
    use ErrorKind::{ConfigInvalid, FeatureDisabled, UsageInvalid};

    matches!(error.kind(), UsageInvalid | ConfigInvalid | FeatureDisabled)
}

/// How long each of its servers has to answer.
const PATIENCE: Duration = Duration::from_secs(10);

async fn examine(database: &dyn DatabaseManager, connect: Duration) -> Result<DatabaseCheck> {
    let Health { status, backend, latency, error, mut details } = database.health().await;
    if status == HealthStatus::Unhealthy {
        let message = error.unwrap_or_else(|| format!("`{}` does not answer", database.name()));
        return Err(Error::new(ErrorKind::Unavailable, message));
    }
    let tables = tables(database).await?;
    let nodes = database.nodes_within(PATIENCE).await?;
    let is_used = |it: &Node| matches!(it.state, NodeState::Ready | NodeState::Warming);
    let is_whole = nodes.iter().all(is_used) && tables.iter().all(|it| it.select != Some(false));
    let is_healthy = status == HealthStatus::Healthy && is_whole;
    Ok(DatabaseCheck {
        format: 1,
        database: database.name().to_owned(),
        status: if is_healthy { HealthStatus::Healthy } else { HealthStatus::Degraded },
        backend: Some(backend),
        version: details.remove("engine_version"),
        connect_seconds: Some(connect.as_secs_f64()),
        latency_seconds: Some(latency.as_secs_f64()),
        tables,
        nodes,
        error,
        exit_code: if is_healthy { 0 } else { DEGRADED },
    })
}

async fn tables(database: &dyn DatabaseManager) -> Result<Vec<DatabaseTable>> {
    let catalog = database.catalog().await?;
    let rows = |name: &str| catalog.iter().find(|it| it.name == name)?.rows_estimate;
    let mut tables: Vec<_> = match database.privileges().await {
        Ok(all) => all.into_iter().map(|it| granted(rows(&it.table), it)).collect(),
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            catalog.iter().map(|it| unknown(&it.name, it.rows_estimate)).collect()
        }
        Err(error) => return Err(error),
    };
    for Unreadable { table, reason } in database.unreadable().await? {
        let (select, error) = (Some(false), Some(reason));
        match tables.iter_mut().find(|it| it.table == table) {
            Some(it) => *it = DatabaseTable { select, error, ..it.clone() },
            // The catalog leaves out what cannot even be described.
            None => tables.push(DatabaseTable { select, error, ..unknown(&table, None) }),
        }
    }
    Ok(tables)
}

fn granted(rows_estimate: Option<u64>, privileges: TablePrivileges) -> DatabaseTable {
    let TablePrivileges { table, select, insert, update, delete } = privileges;
    let [select, insert, update, delete] = [select, insert, update, delete].map(Some);
    DatabaseTable { table, rows_estimate, select, insert, update, delete, error: None }
}

fn unknown(table: &str, rows_estimate: Option<u64>) -> DatabaseTable {
    let (table, may) = (table.to_owned(), None);
    DatabaseTable {
        table,
        rows_estimate,
        select: may,
        insert: may,
        update: may,
        delete: may,
        error: None,
    }
}

impl DatabaseCheck {
    fn failed(shown: &str, error: &Error) -> Self {
        Self {
            format: 1,
            database: shown.to_owned(),
            status: HealthStatus::Unhealthy,
            backend: None,
            version: None,
            connect_seconds: None,
            latency_seconds: None,
            tables: Vec::new(),
            nodes: Vec::new(),
            error: Some(error.message().to_owned()),
            exit_code: error.kind().exit_code(),
        }
    }

    /// The exit code of a program that was asked for the check: 0 where all is well, 1 where something cannot be
    /// used, 3 where the database does not answer.
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// Writes it as indented JSON with a newline at its end.
    ///
    /// # Errors
    ///
    /// Whatever `out` reports.
    pub fn render_json(&self, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }

    /// Writes it as text for a terminal of the given style.
    ///
    /// # Errors
    ///
    /// Whatever `out` reports.
    pub fn render_text(&self, style: TerminalStyle, out: &mut dyn io::Write) -> io::Result<()> {
        let (word, ink) = match self.status {
            HealthStatus::Healthy => ("healthy", Ink::Good),
            HealthStatus::Degraded => ("degraded", Ink::Warning),
            HealthStatus::Unhealthy => ("unhealthy", Ink::Bad),
        };
        let name = style.paint(Ink::Bold, &visible(&self.database));
        writeln!(out, "{name}  {}", style.paint(ink, word))?;
        if let Some(backend) = self.backend {
            let version = visible(self.version.as_deref().unwrap_or_default());
            let said = |seconds: Option<f64>| span(Duration::from_secs_f64(seconds.unwrap_or(0.0)));
            let (connect, latency) = (said(self.connect_seconds), said(self.latency_seconds));
            writeln!(out, "{backend} {version}, connected in {connect}, answers in {latency}")?;
        }
        if let Some(error) = &self.error {
            writeln!(out, "{}", visible(error))?;
        }
        if !self.tables.is_empty() {
            writeln!(out)?;
            write_table(table_columns(&self.tables), style, out)?;
            let told = |it: &DatabaseTable| Some((it.table.clone(), it.error.clone()?));
            for (name, error) in self.tables.iter().filter_map(told) {
                writeln!(out, "{}: {}", visible(&name), visible(&error))?;
            }
        }
        if !self.nodes.is_empty() {
            writeln!(out)?;
            write_table(node_columns(&self.nodes), style, out)?;
            let told = |it: &Node| Some((it.name.clone(), it.error.clone()?));
            for (name, error) in self.nodes.iter().filter_map(told) {
                writeln!(out, "{}: {}", visible(&name), visible(&error))?;
            }
        }
        Ok(())
    }
}

fn table_columns(tables: &[DatabaseTable]) -> Vec<TableColumn> {
    let mut name = TableColumn::flexible("table", 12, 0);
    let mut rows = TableColumn::new("rows, about", Align::Right);
    let mut may: Vec<_> =
        ["read", "insert", "update", "delete"].map(|it| TableColumn::new(it, Align::Left)).into();
    for table in tables {
        name.push(&table.table, Ink::Plain);
        rows.push_some(table.rows_estimate.map(count), Ink::Plain);
        let flags = [table.select, table.insert, table.update, table.delete];
        for (position, (column, may)) in may.iter_mut().zip(flags).enumerate() {
            // Only what dq cannot do without is a fault.
            let refused = if position == 0 { Ink::Bad } else { Ink::Dim };
            match may {
                Some(true) => column.push("yes", Ink::Plain),
                Some(false) => column.push("no", refused),
                None => column.push("?", Ink::Dim),
            }
        }
    }
    [name, rows].into_iter().chain(may).collect()
}

fn node_columns(nodes: &[Node]) -> Vec<TableColumn> {
    let mut name = TableColumn::flexible("server", 12, 0);
    let mut role = TableColumn::new("role", Align::Left);
    let mut state = TableColumn::new("state", Align::Left);
    let mut bytes = TableColumn::new("behind, bytes", Align::Right);
    let mut lag = TableColumn::new("behind", Align::Right);
    for node in nodes {
        name.push(&node.name, Ink::Plain);
        let word = match node.role {
            NodeRole::Primary => "primary",
            NodeRole::Replica => "replica",
            NodeRole::Shard => "shard",
            NodeRole::Unknown => "unknown",
        };
        role.push(word, Ink::Plain);
        let (word, ink) = match node.state {
            NodeState::Ready => ("ready", Ink::Plain),
            NodeState::Warming => ("warming", Ink::Plain),
            NodeState::Lagging => ("lagging", Ink::Warning),
            NodeState::Unreachable => ("unreachable", Ink::Bad),
            NodeState::Refused => ("refused", Ink::Bad),
            NodeState::Apart => ("apart", Ink::Bad),
        };
        state.push(word, ink);
        bytes.push_some(node.lag_bytes.map(count), Ink::Plain);
        lag.push_some(node.lag.map(span), Ink::Plain);
    }
    vec![name, role, state, bytes, lag]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TestClock;

    fn node(name: &str, role: NodeRole, state: NodeState) -> Node {
        Node { role, state, ..Node::unknown(name) }
    }

    fn text(check: &DatabaseCheck) -> String {
        let mut out = Vec::new();
        check.render_text(TerminalStyle::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_cannot_be_used_is_shown_and_what_is_not_known_is_no_zero() {
        let lagging = Node {
            lag_bytes: Some(91_226_112),
            lag: Some(Duration::from_millis(14_200)),
            ..node("b", NodeRole::Replica, NodeState::Lagging)
        };
        let silent = node("c\u{1b}[31m", NodeRole::Unknown, NodeState::Unreachable);
        let check = DatabaseCheck {
            status: HealthStatus::Degraded,
            backend: Some("postgres"),
            version: Some("15.18".to_owned()),
            connect_seconds: Some(0.031),
            latency_seconds: Some(0.001),
            tables: vec![unknown("person", None)],
            nodes: vec![node("a", NodeRole::Primary, NodeState::Ready), lagging, silent],
            error: None,
            ..DatabaseCheck::failed("a", &Error::new(ErrorKind::Unavailable, "gone"))
        };
        let shown = text(&check);
        for part in [
            "a  degraded\npostgres 15.18, connected in 31 ms, answers in 1 ms\n",
            "91,226,112  14.20 s",
            "unknown  unreachable",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
        let person = shown.lines().find(|it| it.starts_with("person")).unwrap();
        let cells: Vec<_> = person.split_whitespace().collect();
        assert_eq!(cells, ["person", "–", "?", "?", "?", "?"]);
    }

    #[tokio::test]
    async fn that_a_database_does_not_answer_is_a_finding_and_that_there_can_be_none_an_error() {
        let factory = DatabaseFactory::new(Arc::new(TestClock::new()));
        let fails = |kind| async move { Err(Error::new(kind, "cannot open `x`: why")) };
        let check = factory.check("x", fails(ErrorKind::Unavailable)).await.unwrap();
        assert_eq!((check.status, check.exit_code()), (HealthStatus::Unhealthy, 3));
        assert_eq!(text(&check), "x  unhealthy\ncannot open `x`: why\n");
        let mut json = Vec::new();
        check.render_json(&mut json).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["backend"], serde_json::Value::Null);
        for kind in [ErrorKind::UsageInvalid, ErrorKind::ConfigInvalid, ErrorKind::FeatureDisabled]
        {
            assert_eq!(factory.check("x", fails(kind)).await.unwrap_err().kind(), kind);
        }
    }
}
