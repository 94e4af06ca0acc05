//! What a server says about its place among others, asked on a connection of its own.

use std::fmt;
use std::sync::Arc;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Executor, Row};

use crate::database::postgres::connection::{Lease, PostgresConnector};
use crate::database::postgres::error::from_sqlx;
use crate::database::server::Connector;
use crate::error::{Error, ErrorKind, Result};

/// The system, the timeline, whether the server is a replica, where its log ends or up to where it has replayed that
/// of the primary, and the size of a page of the log. Who may not see the receiver of a replica learns its timeline
/// only from its last restart point.
const PLACE: &str = "\
SELECT s.system_identifier::int8, r, p.wal::int8, current_setting('wal_block_size')::int8, \
       pg_size_bytes(current_setting('wal_segment_size')), \
       CASE WHEN r THEN coalesce((SELECT received_tli FROM pg_stat_wal_receiver), c.timeline_id)::int8 \
            ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int8 END \
FROM pg_control_system() s, pg_control_checkpoint() c, pg_is_in_recovery() r \
CROSS JOIN LATERAL (SELECT CASE WHEN r THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END - '0/0'::pg_lsn) p (wal)";

/// The names of functions of which none may change anything, and the texts of views. Names of the functions that
/// grammar has no place for are not in the catalog.
const FUNCTIONS: &str = "\
SELECT proname::text FROM pg_proc WHERE prokind <> 'p' GROUP BY proname HAVING bool_and(provolatile <> 'v')";

const VIEWS: &str = "\
SELECT c.relname::text, pg_get_viewdef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
WHERE c.relkind = 'v' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";

/// Where the log ends after a commit on the same connection. The position up to which the log has been written
/// lies before the commit where `synchronous_commit` is off; that up to which it has been filled never does.
const END_OF_LOG: &str = "\
SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::int8, current_setting('wal_block_size')::int8, \
       pg_size_bytes(current_setting('wal_segment_size')), \
       ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int8";

/// The sizes of the headers of a page of the log, and of the first page of a segment.
const PAGE_HEADER: u64 = 24;
const SEGMENT_HEADER: u64 = 40;

/// Where a server is among others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    pub(crate) system: u64,
    pub(crate) timeline: u32,
    pub(crate) offset: u64,
    pub(crate) is_replica: bool,
}

/// What a database has that decides whether a statement may change something.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Definitions {
    /// The names of functions that change nothing.
    pub(crate) functions: Vec<String>,
    /// The names of views, and their texts.
    pub(crate) views: Vec<(String, String)>,
}

/// Asks one server about itself. The connection is made when it is first needed, and after it was lost.
pub(crate) struct Probe {
    connector: Arc<PostgresConnector>,
    opened: Option<PgConnection>,
}

impl Probe {
    pub(crate) fn new(connector: Arc<PostgresConnector>) -> Self {
        Self { connector, opened: None }
    }

    /// Whether there is a connection.
    pub(crate) fn is_connected(&self) -> bool {
        self.opened.is_some()
    }

    /// Makes the connection, if there is none.
    pub(crate) async fn connect(&mut self) -> Result<()> {
        if self.opened.is_none() {
            // The future of a handshake is large, and each that awaits it would be so, too.
            self.opened = Some(Box::pin(self.connector.connect()).await?.0);
        }
        Ok(())
    }

    /// Where the server is. If the future is dropped, or there is an error, the connection is given up.
    pub(crate) async fn place(&mut self) -> Result<Place> {
        let doing = format!("ask `{}` for its place", self.connector.name());
        let read = async |it: &mut PgConnection| it.fetch_one(sqlx::query(PLACE)).await;
        let row = self.ask(&doing, read).await?;
        place(&row).map_err(|it| from_sqlx(&doing, &it))
    }

    /// What functions and views there are.
    pub(crate) async fn definitions(&mut self) -> Result<Definitions> {
        let doing = format!("read the functions of `{}`", self.connector.name());
        let read = async |it: &mut PgConnection| {
            let functions = it.fetch_all(sqlx::query(FUNCTIONS)).await?;
            Ok((functions, it.fetch_all(sqlx::query(VIEWS)).await?))
        };
        let (functions, views) = self.ask(&doing, read).await?;
        let functions = functions.iter().map(|it| it.try_get(0));
        let views = views.iter().map(|it| Ok((it.try_get(0)?, it.try_get(1)?)));
        let failed = |it| from_sqlx(&doing, &it);
        Ok(Definitions {
            functions: functions.collect::<sqlx::Result<_>>().map_err(failed)?,
            views: views.collect::<sqlx::Result<_>>().map_err(failed)?,
        })
    }

    async fn ask<T>(
        &mut self,
        doing: &str,
        read: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> Result<T> {
        self.connect().await?;
        let Some(mut opened) = self.opened.take() else {
            return Err(Error::new(ErrorKind::Internal, "a probe has no connection"));
        };
        let answer = read(&mut opened).await.map_err(|it| from_sqlx(doing, &it))?;
        self.opened = Some(opened);
        Ok(answer)
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("name", &self.connector.name()).finish_non_exhaustive()
    }
}

fn place(row: &PgRow) -> sqlx::Result<Place> {
    let system: i64 = row.try_get(0)?;
    let offset: Option<i64> = row.try_get(2)?;
    Ok(Place {
        system: system.cast_unsigned(),
        timeline: timeline(row.try_get(5)?),
        offset: end_of_record(offset.unwrap_or(0), row.try_get(3)?, row.try_get(4)?),
        is_replica: row.try_get(1)?,
    })
}

/// The timeline and the end of the log, at or after every commit on this connection; nothing if the server does
/// not tell.
pub(crate) async fn end_of_log(lease: &mut Lease) -> Option<(u32, u64)> {
    let state = lease.state();
    let row = lease.start().ok()?.fetch_one(sqlx::query(END_OF_LOG)).await;
    lease.settle(&row, state);
    position(&row.ok()?).ok()
}

/// Reads a row of [`END_OF_LOG`].
fn position(row: &PgRow) -> sqlx::Result<(u32, u64)> {
    let end = end_of_record(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok((timeline(row.try_get(3)?), end))
}

fn timeline(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// Where the last record ends before the next may begin at `offset`. A primary at the end of a page says where the
/// next record will begin, behind the header of a page that is yet to come, and a replica never gets there while
/// nothing is written.
fn end_of_record(offset: i64, page: i64, segment: i64) -> u64 {
    let offset = offset.cast_unsigned();
    let is_behind = |header, size: i64| offset % size.cast_unsigned().max(1) == header;
    if is_behind(SEGMENT_HEADER, segment) {
        offset - SEGMENT_HEADER
    } else if is_behind(PAGE_HEADER, page) {
        offset - PAGE_HEADER
    } else {
        offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_a_page_that_is_empty_does_not_count() {
        let (page, segment) = (8_192, 16 << 20);
        for (offset, end) in [(24, 0), (32, 32), (40, 40), (0, 0)] {
            let at = page * 3;
            assert_eq!(end_of_record(at + offset, page, segment), (at + end) as u64);
        }
        for (offset, end) in [(40, 0), (48, 48), (0, 0)] {
            let at = segment * 3;
            assert_eq!(end_of_record(at + offset, page, segment), (at + end) as u64);
        }
    }
}
