//! What a caller says about the work that it asks for.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// What a caller says about the work that it asks for: who it is, what the work is for, how long it may
/// take, whether it may be done again, and whether an earlier answer will do.
///
/// ```
/// use std::time::Duration;
///
/// use dq_core::executor::{Call, Caller};
///
/// let call = Call {
///     caller: Caller::new("nightly report"),
///     deadline: Some(Duration::from_secs(10)),
///     ..Call::named("npi")
/// };
/// # let _ = call;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Who asks. Places are shared fairly between callers. Default: the nameless caller.
    pub caller: Caller,
    /// What the work is for, such as the id of a rule: figures are kept by this name. Holds no value of a
    /// row. Default: empty.
    pub name: Arc<str>,
    /// How long it may take, waiting and every attempt included. Default: as the configuration says.
    pub deadline: Option<Duration>,
    /// What may be tried again. Default: what reads.
    pub repeat: Repeat,
    /// Whether an earlier answer will do. Default: no.
    pub reuse: Reuse,
}

/// Who asks: a tenant, a user, a job.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caller {
    name: Arc<str>,
    weight: NonZeroU32,
}

/// What may be tried again after an error that may pass.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Repeat {
    /// What reads. A write that failed may have happened.
    #[default]
    Reads,
    /// Writes too: the caller promises that doing them twice is the same as once.
    Everything,
    /// Nothing.
    Nothing,
}

/// Whether an earlier answer to the same question will do.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reuse {
    /// No: the database is asked.
    #[default]
    Never,
    /// Yes, as long as the database can tell that nothing has changed in these tables, which are all that
    /// the query reads. Where it cannot tell, it is asked.
    Unchanged(Vec<String>),
    /// Yes, if it is no older than this, whatever has happened to the data.
    For(Duration),
}

impl Call {
    /// A call for something that has a name.
    pub fn named(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// A call of a caller.
    pub fn of(caller: Caller) -> Self {
        Self { caller, ..Self::default() }
    }
}

impl Caller {
    /// The caller of this name, with the weight 1.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), weight: NonZeroU32::MIN }
    }

    /// The same caller with another weight: of two who both wait, one of weight 2 gets twice as many places
    /// as one of weight 1. What its newest call says holds.
    #[must_use]
    pub fn weighing(self, weight: NonZeroU32) -> Self {
        Self { weight, ..self }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The weight.
    pub fn weight(&self) -> NonZeroU32 {
        self.weight
    }

    pub(crate) fn shared_name(&self) -> &Arc<str> {
        &self.name
    }
}

impl Default for Caller {
    fn default() -> Self {
        Self::new("")
    }
}
