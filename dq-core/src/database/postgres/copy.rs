//! Scans by `COPY (SELECT …) TO STDOUT (FORMAT binary)`, each over a range of pages.
//!
//! ```text
//!   server ─rows─▶ task: gathers them into parts ─queue of 2─▶ the thread of the partition: decodes them
//! ```
//!
//! The driver keeps no account of the answer that an unfinished copy still owes, so a connection whose copy was
//! dropped is never used again.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::database::fed::{AbortOnDrop, Fed, nobody_takes};
use crate::database::postgres::catalog::Table;
use crate::database::postgres::columns::Form;
use crate::database::postgres::decoder::{Decoder, after_header};
use crate::database::postgres::error::{from_sqlx, of_scanning};
use crate::database::postgres::seat::{Seat, Taken};
use crate::database::server::State;
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Cancellation, Partition};
use crate::value::Batch;

/// How many bytes a part holds, until the row that goes beyond.
const PART_BYTES: usize = 1 << 20;

/// How many rows a part holds at most.
const PART_ROWS: usize = 1 << 14;

/// How many parts wait to be decoded.
const PARTS_AHEAD: usize = 2;

/// By how much the sequences of two partitions are apart.
const SEQUENCE_STRIDE: u64 = 1 << 40;

/// Some pages of a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Range {
    /// The first; `None` for the beginning.
    first: Option<i64>,
    /// The one after the last; `None` for however many there are: the table may have grown since they were
    /// counted, by rows that the moment already had.
    end: Option<i64>,
}

impl Range {
    /// Splits `pages` pages into `parts` ranges.
    pub(crate) fn split(pages: i64, parts: usize) -> Vec<Self> {
        let parts = parts as i64;
        let bound = |part: i64| (part > 0 && part < parts).then_some(pages * part / parts);
        (0..parts).map(|it| Self { first: bound(it), end: bound(it + 1) }).collect()
    }

    fn condition(self) -> String {
        let bounds = [
            self.first.map(|it| format!("ctid >= '({it},0)'")),
            self.end.map(|it| format!("ctid < '({it},0)'")),
        ];
        let bounds: Vec<_> = bounds.into_iter().flatten().collect();
        if bounds.is_empty() { String::new() } else { format!(" WHERE {}", bounds.join(" AND ")) }
    }
}

/// What is copied.
#[derive(Debug)]
pub(crate) struct Copy {
    sql: String,
    reach: String,
    has_parts: bool,
    forms: Vec<Form>,
    checks_text: bool,
    first_sequence: u64,
    doing: String,
}

impl Copy {
    /// The wanted columns of the rows in `range`, which is the one at `position` of all.
    pub(crate) fn new(
        table: &Table,
        columns: &[usize],
        range: Range,
        position: u64,
        checks_text: bool,
    ) -> Self {
        let selected: Vec<_> = columns.iter().filter_map(|it| table.selected.get(*it)).collect();
        let list: Vec<_> = selected.iter().map(|it| it.sql.as_str()).collect();
        let (list, from, condition) = (list.join(", "), &table.sql_name, range.condition());
        let select = format!("SELECT {list} FROM {from}{condition}");
        let reach = format!("DECLARE dq_reach NO SCROLL CURSOR FOR {select}; CLOSE dq_reach");
        Self {
            sql: format!("COPY ({select}) TO STDOUT (FORMAT binary)"),
            reach,
            has_parts: table.has_parts(),
            forms: selected.iter().map(|it| it.form).collect(),
            checks_text,
            first_sequence: position * SEQUENCE_STRIDE,
            doing: format!("scan the table `{}`", table.schema.name),
        }
    }
}

/// The partition that is copied on the connection of `seat`. It begins with the first rows that are asked for.
pub(crate) fn start(
    seat: Seat,
    copy: Copy,
    cancellation: Cancellation,
    clock: Arc<dyn Clock>,
) -> Box<dyn Partition> {
    let Copy { sql, reach, has_parts, forms, checks_text, first_sequence, doing } = copy;
    Box::new(CopyPartition {
        waiting: Some(Copying { seat, sql, reach, has_parts, doing: doing.clone() }),
        running: None,
        decoder: Decoder::new(forms, checks_text),
        rest: Vec::new(),
        has_header: false,
        sequence: first_sequence,
        doing,
        cancellation,
        clock,
    })
}

struct CopyPartition {
    /// What has not begun.
    waiting: Option<Copying>,
    /// What has begun.
    running: Option<Fed<Vec<u8>, AbortOnDrop>>,
    decoder: Decoder,
    /// The beginning of a row whose end has not come yet.
    rest: Vec<u8>,
    has_header: bool,
    sequence: u64,
    doing: String,
    cancellation: Cancellation,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Partition for CopyPartition {
    async fn next(&mut self) -> Result<Option<Batch>> {
        self.cancellation.check()?;
        if let Some(copying) = self.waiting.take() {
            let (sender, parts) = mpsc::channel(PARTS_AHEAD);
            self.running = Some(Fed::abortable(parts, tokio::spawn(copying.run(sender))));
        }
        while let Some(part) = self.part().await? {
            if let Some(batch) = self.decode(part)? {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }
}

impl CopyPartition {
    /// The next part; `None` after the last.
    async fn part(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(running) = &mut self.running else { return Ok(None) };
        match running.take_unless(&self.cancellation, &*self.clock).await {
            Ok(Some(part)) => return Ok(Some(part)),
            Ok(None) => {}
            Err(error) => {
                self.running = None;
                return Err(error);
            }
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let message = format!("cannot {}: the rows end in the middle of one", self.doing);
        Err(Error::new(ErrorKind::SourceInvalid, message))
    }

    fn decode(&mut self, part: Vec<u8>) -> Result<Option<Batch>> {
        let part = if self.rest.is_empty() {
            part
        } else {
            let mut whole = std::mem::take(&mut self.rest);
            whole.extend_from_slice(&part);
            whole
        };
        let mut start = 0;
        if !self.has_header {
            let Some(end) = after_header(&part)? else {
                self.rest = part;
                return Ok(None);
            };
            start = end;
            self.has_header = true;
        }
        let decoded = self
            .decoder
            .decode(part, start, self.sequence)
            .map_err(|it| Error::new(it.kind(), format!("cannot {}: {it}", self.doing)))?;
        self.rest = decoded.rest;
        if decoded.batch.rows() == 0 {
            return Ok(None);
        }
        self.sequence += 1;
        Ok(Some(decoded.batch))
    }
}

/// The task's part.
struct Copying {
    seat: Seat,
    sql: String,
    /// What connects to the servers of parts, finds out what is forbidden, and reads nothing. A copy that fails at its very
    /// beginning leaves the driver in the middle of an answer, and nothing else could be read on the connection.
    reach: String,
    has_parts: bool,
    doing: String,
}

impl Copying {
    async fn run(self, parts: mpsc::Sender<Vec<u8>>) -> Result<()> {
        let Self { seat, sql, reach, has_parts, doing } = self;
        // What another server misses has not changed here.
        let told: Told = if has_parts { |doing, it| from_sqlx(doing, it) } else { of_scanning };
        let mut lease = seat.take(&doing).await?;
        let reached = if lease.is_shared() {
            let reached = lease.try_command(&reach, State::Open).await;
            reached.and_then(|it| it.map_err(|it| told(&doing, &it)))
        } else {
            Ok(())
        };
        let result = match reached {
            Ok(()) => copy(&mut lease, &sql, (&doing, told), &parts).await,
            Err(error) => Err(error),
        };
        lease.count(&result);
        // Before the queue closes: whoever has seen the end finds the connection back.
        lease.finish_reading().await;
        drop(parts);
        result
    }
}

/// The error to show of what the driver says while something is done.
type Told = fn(&str, &sqlx::Error) -> Error;

async fn copy(
    lease: &mut Taken,
    sql: &str,
    (doing, told): (&str, Told),
    parts: &mpsc::Sender<Vec<u8>>,
) -> Result<()> {
    let connection = lease.start()?;
    // After an error here the connection stays in the middle, and is not used again.
    let begun = connection.copy_out_raw(sql).await;
    let mut received = begun.map_err(|it| told(doing, &it))?;
    let (mut part, mut rows) = (Vec::with_capacity(PART_BYTES + PART_BYTES / 8), 0);
    loop {
        let row = match received.try_next().await {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(error) => {
                drop(received);
                let (failed, ended) = (told(doing, &error), Err::<(), _>(error));
                lease.settle(&ended, State::Open);
                return Err(failed);
            }
        };
        part.extend_from_slice(&row);
        rows += 1;
        if part.len() >= PART_BYTES || rows >= PART_ROWS {
            let full =
                std::mem::replace(&mut part, Vec::with_capacity(PART_BYTES + PART_BYTES / 8));
            parts.send(full).await.map_err(|_| nobody_takes(doing))?;
            rows = 0;
        }
    }
    drop(received);
    lease.settle(&Ok(()), State::Open);
    parts.send(part).await.map_err(|_| nobody_takes(doing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_every_page_once_and_the_last_is_open() {
        for (pages, parts) in [(1_000, 4), (1_001, 3), (0, 1), (7, 7)] {
            let ranges = Range::split(pages, parts);
            assert_eq!(ranges.len(), parts);
            assert_eq!((ranges[0].first, ranges[parts - 1].end), (None, None));
            for pair in ranges.windows(2) {
                assert_eq!(pair[0].end, pair[1].first);
                assert!(pair[0].end.is_some());
            }
        }
        assert_eq!(Range::split(10, 1)[0].condition(), "");
        assert_eq!(Range::split(10, 2)[0].condition(), " WHERE ctid < '(5,0)'");
        assert_eq!(Range::split(10, 2)[1].condition(), " WHERE ctid >= '(5,0)'");
    }
}
