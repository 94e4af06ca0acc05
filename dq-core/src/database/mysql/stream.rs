//! The rows of a statement as they come.
//!
//! A task reads them and hands batches over a short queue; it waits where the queue is full, and then the server
//! waits, too, so memory stays bounded however slowly the rows are taken. Whoever drops the rows stops the task,
//! and with it what the server does.

use std::sync::Arc;

use sqlx::Executor;
use tokio::sync::mpsc;

use crate::database::fed::{BATCHES_AHEAD, Fed, nobody_takes};
use crate::database::mysql::columns::Form;
use crate::database::mysql::connection::{Lease, MySqlConnector, session_of};
use crate::database::mysql::error::from_sqlx;
use crate::database::mysql::result::RowParts;
use crate::database::mysql::statement::Prepared;
use crate::error::{Error, ErrorKind, Result};
use crate::source::Partition;
use crate::value::Batch;

/// Starts `prepared` on the connection of `lease`, and gives its rows as they come, at most `limit` of them.
pub(crate) fn start(
    lease: Lease,
    connector: Arc<MySqlConnector>,
    prepared: Prepared,
    limit: Option<usize>,
    doing: String,
) -> Box<dyn Partition> {
    let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
    let reading = Reading { lease, connector, prepared, limit, doing };
    Box::new(Fed::abortable(batches, tokio::spawn(reading.run(sender))))
}

/// The task's part.
struct Reading {
    lease: Lease,
    connector: Arc<MySqlConnector>,
    prepared: Prepared,
    limit: Option<usize>,
    doing: String,
}

impl Reading {
    async fn run(mut self, batches: mpsc::Sender<Batch>) -> Result<()> {
        let result = self.read(&batches).await;
        self.lease.count(&result);
        // Before the queue closes: whoever has seen the end finds the connection back.
        self.lease.finish_reading().await;
        drop(batches);
        result
    }

    async fn read(&mut self, batches: &mpsc::Sender<Batch>) -> Result<()> {
        let doing = &self.doing;
        let mut rows = RowParts::new(self.limit);
        let (state, session) = (self.lease.state(), session_of(&self.lease)?);
        let connection = self.lease.start()?;
        let mut read = {
            let mut received = (&mut *connection).fetch(self.prepared.query());
            loop {
                let batch = match rows.fill(&mut received).await? {
                    Ok(Some(batch)) => batch,
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                };
                check_forms(&self.prepared.forms, &rows.forms, doing)?;
                batches.send(batch).await.map_err(|_| nobody_takes(doing))?;
            }
        };
        if rows.has_more {
            read = self.connector.cut(connection, &session).await;
        }
        self.lease.settle(&read, state);
        read.map_err(|it| from_sqlx(doing, &it))
    }
}

/// Whether rows are what their statement said when it was prepared.
fn check_forms(said: &[Form], found: &[Form], doing: &str) -> Result<()> {
    if said == found {
        return Ok(());
    }
    let message = format!("cannot {doing}: a table changed its shape meanwhile");
    Err(Error::new(ErrorKind::SourceChanged, message))
}
