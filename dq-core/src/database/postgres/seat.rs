//! What the rows of a snapshot are read on: a connection of its own, or the one that holds the moment.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::database::postgres::connection::Lease;
use crate::database::server::State;
use crate::error::Result;

/// Begins what must not end the transaction around it if it fails.
pub(crate) const ASIDE: &str = "SAVEPOINT dq_aside";

/// Ends that, and takes back what it did: it has only read.
pub(crate) const BACK: &str = "ROLLBACK TO SAVEPOINT dq_aside; RELEASE SAVEPOINT dq_aside";

/// The connection to read on, when reading begins.
#[derive(Debug)]
pub(crate) enum Seat {
    /// One of its own.
    Own(Lease),
    /// The snapshot's, where no other is to be had. Whoever reads on it waits for the others.
    Shared(Arc<Mutex<Lease>>),
}

/// The connection to read on, for as long as reading lasts.
#[derive(Debug)]
pub(crate) enum Taken {
    Own(Lease),
    Shared(OwnedMutexGuard<Lease>),
}

impl Seat {
    /// Waits until the connection is free, to do what `doing` says.
    pub(crate) async fn take(self, doing: &str) -> Result<Taken> {
        Ok(match self {
            Self::Own(lease) => Taken::Own(lease),
            Self::Shared(lease) => {
                let mut lease = lease.lock_owned().await;
                lease.command(ASIDE, State::Open, doing).await?;
                Taken::Shared(lease)
            }
        })
    }
}

impl Taken {
    /// Whether other tables are read on it, too.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Shared(_))
    }

    /// Ends the transaction that has read, unless it is the snapshot's.
    pub(crate) async fn finish_reading(self) {
        match self {
            Self::Own(lease) => lease.finish_reading().await,
            // Where it fails, the snapshot finds its connection in a state in which it is not used.
            Self::Shared(mut lease) => drop(lease.try_command(BACK, State::Open).await),
        }
    }

    /// The seat that it was taken from.
    pub(crate) async fn leave(self) -> Seat {
        match self {
            Self::Own(lease) => Seat::Own(lease),
            Self::Shared(lease) => {
                let shared = Arc::clone(OwnedMutexGuard::mutex(&lease));
                Self::Shared(lease).finish_reading().await;
                Seat::Shared(shared)
            }
        }
    }
}

impl Deref for Taken {
    type Target = Lease;

    fn deref(&self) -> &Lease {
        match self {
            Self::Own(lease) => lease,
            Self::Shared(lease) => lease,
        }
    }
}

impl DerefMut for Taken {
    fn deref_mut(&mut self) -> &mut Lease {
        match self {
            Self::Own(lease) => lease,
            Self::Shared(lease) => lease,
        }
    }
}
