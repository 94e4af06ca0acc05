//! A command, as something that can be sent, and sent again.

use std::fmt;

use crate::redis::slots;

/// A command of Redis: its name and its arguments.
///
/// ```
/// use dq_core::redis::Command;
///
/// let command = Command::new("SET").key("dq:answer").arg("42").arg("PX").arg(1000.to_string());
/// assert_eq!(format!("{command:?}"), "Command(SET, 4 arguments)");
/// ```
#[derive(Clone)]
pub struct Command {
    pub(crate) packed: redis::Cmd,
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) is_repeatable: bool,
    arguments: usize,
}

/// Which nodes of a cluster can run a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// Any.
    Anywhere,
    /// The one that has this slot.
    Slot(u16),
    /// None: the keys are in different slots.
    Nowhere,
}

impl Place {
    /// Where `self` is possible and the slot of `key` is, too.
    pub(crate) fn and(self, key: &[u8]) -> Self {
        let slot = slots::of(key);
        match self {
            Self::Anywhere => Self::Slot(slot),
            Self::Slot(other) if other == slot => self,
            _ => Self::Nowhere,
        }
    }
}

impl Command {
    /// A command without arguments.
    pub fn new(name: &'static str) -> Self {
        let mut packed = redis::Cmd::new();
        packed.arg(name);
        Self { packed, name, place: Place::Anywhere, is_repeatable: false, arguments: 0 }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<[u8]>) -> Self {
        self.packed.arg(argument.as_ref());
        self.arguments += 1;
        self
    }

    /// Adds a key: in a cluster it decides to which node the command goes. All keys of a command must
    /// be in one slot, which keys with the same text in braces (`{…}`) are.
    #[must_use]
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.place = self.place.and(key.as_ref());
        self.arg(key)
    }

    /// Says that it does no harm if the command runs twice, so that it is sent again when the
    /// connection breaks before its answer.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.is_repeatable = true;
        self
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({}, {} arguments)", self.name, self.arguments)
    }
}
