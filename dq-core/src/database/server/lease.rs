//! The right to one connection of a pool.
//!
//! ```text
//!            command, statement            ends                 given back, or dropped: kept
//!   Idle ───────────────────────▶ Busy ───────────▶ Idle ──────────────────────────────────────▶ pool
//!                                  │ │   ends in a transaction         dropped: rolled back, then kept
//!                                  │ └──────────────▶ Open ─────────────────────────────────────▶ pool
//!                                  │ dropped: the server is asked to end it
//!                                  ▼
//!                                 gone
//! ```

use std::sync::Arc;

use sqlx::Connection;
use tokio::runtime::Handle;

use crate::database::places::Place;
use crate::database::server::pool::Opened;
use crate::database::server::{Connector, Driver, Pool};
use crate::error::Result;

/// The right to one connection of a pool.
#[derive(Debug)]
pub(crate) struct Lease<C: Connector> {
    pool: Arc<Pool<C>>,
    /// `None` once it is given back.
    held: Option<Held<C>>,
    /// Whether the connection was made for this lease.
    is_new: bool,
    /// Whether its transaction only reads.
    reads_only: bool,
    /// Whether a statement was prepared for a table that has changed its shape since.
    is_stale: bool,
    /// Whether a statement failed: in a transaction the server then accepts nothing but its end.
    has_failed: bool,
}

#[derive(Debug)]
struct Held<C: Connector> {
    opened: Opened<C>,
    place: Place,
    state: State,
}

/// What the connection is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// Nothing.
    Idle,
    /// Nothing, in an open transaction.
    Open,
    /// A statement, or one was left in the middle.
    Busy,
    /// It is lost.
    Lost,
}

impl<C: Connector> Lease<C> {
    pub(crate) fn new(pool: Arc<Pool<C>>, opened: Opened<C>, place: Place) -> Self {
        let held = Some(Held { opened, place, state: State::Idle });
        Self { pool, held, is_new: false, reads_only: false, is_stale: false, has_failed: false }
    }

    /// The same, of a connection that was made for it.
    pub(crate) fn and_is_new(mut self) -> Self {
        self.is_new = true;
        self
    }

    /// Whether the connection was made for this lease.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// The same, in a transaction that only reads.
    pub(crate) fn and_reads_only(mut self) -> Self {
        self.reads_only = true;
        self
    }

    /// Whether its transaction only reads.
    pub(crate) fn reads_only(&self) -> bool {
        self.reads_only
    }

    /// Whether a statement failed.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(
            dead_code,
            reason = "other servers go on after an error, and prepare again by themselves"
        )
    )]
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// What is known about the connection; `None` once it is given back.
    pub(crate) fn session(&self) -> Option<&C::Session> {
        self.held.as_ref().map(|it| &it.opened.session)
    }

    /// The connection, for one statement whose end [`settle`](Self::settle) is told.
    pub(crate) fn start(&mut self) -> Result<&mut Driver<C>> {
        match &mut self.held {
            Some(held) if matches!(held.state, State::Idle | State::Open) => {
                held.state = State::Busy;
                Ok(&mut held.opened.connection)
            }
            _ => Err(self.pool.lost()),
        }
    }

    /// Hears how a statement ended, and what the connection is doing now.
    pub(crate) fn settle<T>(&mut self, result: &sqlx::Result<T>, state: State) {
        let is_lost = result.as_ref().is_err_and(C::is_lost);
        if is_lost {
            self.pool.suspect();
        }
        self.has_failed |= result.is_err();
        self.is_stale |= result.as_ref().is_err_and(C::is_stale);
        if let Some(held) = &mut self.held {
            held.state = if is_lost { State::Lost } else { state };
        }
    }

    /// Runs a command without parameters that leaves the connection in `state`; where it fails, the
    /// connection stays in the state that it was in.
    pub(crate) async fn command(&mut self, sql: &str, state: State, doing: &str) -> Result<()> {
        self.try_command(sql, state).await?.map_err(|it| C::error(doing, &it))
    }

    /// As [`command`](Self::command), with the driver's own error.
    pub(crate) async fn try_command(
        &mut self,
        sql: &str,
        state: State,
    ) -> Result<sqlx::Result<()>> {
        let before = self.state();
        let sql = self.session().map_or_else(|| sql.into(), |it| C::command(it, sql));
        let ran = C::run(self.start()?, &sql).await;
        self.settle(&ran, if ran.is_ok() { state } else { before });
        Ok(ran)
    }

    /// What the connection is doing.
    pub(crate) fn state(&self) -> State {
        self.held.as_ref().map_or(State::Lost, |it| it.state)
    }

    /// Ends a transaction that has only read, and gives the connection back.
    pub(crate) async fn finish_reading(mut self) {
        if self.state() == State::Open {
            // Where it fails, the connection is in a state in which it is not kept.
            drop(self.try_command("ROLLBACK", State::Idle).await);
        }
    }

    /// Counts what was read, and gives it; gives the connection back as [`finish_reading`](Self::finish_reading).
    pub(crate) async fn finish_with<T>(self, read: Result<T>) -> Result<T> {
        self.count(&read);
        self.finish_reading().await;
        read
    }

    /// After a statement that had been prepared for another shape of its table: forgets what is prepared, and
    /// begins again with `sql`. Gives whether there was such a statement, and so whether to try again.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(
            dead_code,
            reason = "other servers go on after an error, and prepare again by themselves"
        )
    )]
    pub(crate) async fn refresh(&mut self, sql: Option<&str>) -> Result<bool> {
        if !std::mem::take(&mut self.is_stale) {
            return Ok(false);
        }
        let doing = "prepare a statement again";
        if self.state() == State::Open {
            self.command("ROLLBACK", State::Idle, doing).await?;
        }
        let cleared = self.start()?.clear_cached_statements().await;
        self.settle(&cleared, State::Idle);
        cleared.map_err(|it| C::error(doing, &it))?;
        if let Some(sql) = sql {
            self.command(sql, State::Open, doing).await?;
        }
        Ok(true)
    }

    /// Counts a statement that ended.
    pub(crate) fn count<T>(&self, result: &Result<T>) {
        self.pool.places().count(result);
    }

    /// Gives up the connection, and keeps the right to one.
    pub(crate) fn into_place(mut self) -> Option<Place> {
        self.held.take().map(|it| it.place)
    }
}

impl<C: Connector> Drop for Lease<C> {
    fn drop(&mut self) {
        let Some(held) = self.held.take() else { return };
        let pool = Arc::clone(&self.pool);
        match (held.state, Handle::try_current()) {
            (State::Idle, _) => held.give_back(&pool),
            (State::Open, Ok(runtime)) => drop(runtime.spawn(held.roll_back(pool))),
            (State::Busy, Ok(runtime)) => drop(runtime.spawn(held.end(pool))),
            // The server sees that the connection is closed.
            (State::Open | State::Busy | State::Lost, _) => drop(held),
        }
    }
}

impl<C: Connector> Held<C> {
    fn give_back(self, pool: &Arc<Pool<C>>) {
        let Self { opened, place, .. } = self;
        pool.keep(opened);
        // Last, so that who gets the place finds the connection.
        drop(place);
    }

    async fn roll_back(mut self, pool: Arc<Pool<C>>) {
        let sql = C::command(&self.opened.session, "ROLLBACK");
        let rollback = C::run(&mut self.opened.connection, &sql);
        if pool.in_time(rollback).await.is_some_and(|it| it.is_ok()) {
            self.give_back(&pool);
        }
    }

    async fn end(self, pool: Arc<Pool<C>>) {
        let Self { opened, place, .. } = self;
        pool.connector().end(opened.connection, opened.session).await;
        drop(place);
    }
}
