//! Scripts, which run in Redis as one step.

use std::fmt;
use std::sync::Arc;

use crate::redis::command::Command;

/// A script in Lua. Redis remembers it by its hash; where it has forgotten it, the text is sent again.
///
/// ```
/// use dq_core::redis::Script;
///
/// let script = Script::new("return redis.call('GET', KEYS[1])");
/// assert_eq!(script.hash(), "d3c21d0c2b9ca22f82737626a27bcaf5d288f99f");
/// ```
#[derive(Clone)]
pub struct Script {
    text: Arc<str>,
    hash: Arc<str>,
    is_repeatable: bool,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({})", self.hash)
    }
}

impl Script {
    /// Makes a script of its text.
    pub fn new(text: &str) -> Self {
        let hash = redis::Script::new(text).get_hash().into();
        Self { text: text.into(), hash, is_repeatable: false }
    }

    /// Says that it does no harm if the script runs twice, so that it is sent again when the connection
    /// breaks before its answer.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.is_repeatable = true;
        self
    }

    /// The SHA-1 of the text, in hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The command that runs it where it is remembered.
    pub(crate) fn by_hash(&self, keys: &[&[u8]], arguments: &[&[u8]]) -> Command {
        self.with(Command::new("EVALSHA").arg(&*self.hash), keys, arguments)
    }

    /// The command that runs it anywhere.
    pub(crate) fn by_text(&self, keys: &[&[u8]], arguments: &[&[u8]]) -> Command {
        self.with(Command::new("EVAL").arg(&*self.text), keys, arguments)
    }

    /// The command that has it remembered.
    pub(crate) fn load(&self) -> Command {
        Command::new("SCRIPT").arg("LOAD").arg(&*self.text)
    }

    fn with(&self, command: Command, keys: &[&[u8]], arguments: &[&[u8]]) -> Command {
        let mut command = command.arg(keys.len().to_string());
        for key in keys {
            command = command.key(key);
        }
        for argument in arguments {
            command = command.arg(argument);
        }
        command.is_repeatable = self.is_repeatable;
        command
    }
}
