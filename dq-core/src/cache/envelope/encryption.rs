//! The keys that a configuration names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cache::envelope::keyring::Keyring;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

/// The keys that values are encrypted with in a store that nodes share.
///
/// Without keys nothing is encrypted; what was is then not read, nor, with keys, what was not. All keys read
/// and one writes, so that keys can be changed while the cache is in use: see [`Keyring`].
///
/// ```
/// use dq_core::cache::EncryptionConfig;
///
/// # fn main() -> dq_core::Result<()> {
/// let old = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
/// let new = "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=";
/// let keys = [(1, old.into()), (2, new.into())].into();
/// let config = EncryptionConfig { keys, write_with: Some(2) };
/// let keyring = config.keyring()?.expect("there are keys");
/// assert_eq!(format!("{keyring:?}"), "Keyring { current: 2, keys: [1, 2] }");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct EncryptionConfig {
    /// The keys by their numbers: 32 bytes each, as 64 hexadecimal digits or in base64. Default: none.
    pub keys: BTreeMap<u32, Secret>,
    /// The number of the key that writes. Default: none, which is the only key; of several one must be named.
    pub write_with: Option<u32>,
}

impl EncryptionConfig {
    /// Checks that each key is one, and that one of them writes.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid`, naming the field.
    pub fn validate(&self) -> Result<()> {
        self.keyring().map(drop)
    }

    /// Makes the keyring; none if there are no keys.
    ///
    /// # Errors
    ///
    /// As for [`validate`](Self::validate).
    pub fn keyring(&self) -> Result<Option<Keyring>> {
        let current = match (self.write_with, self.keys.keys().next()) {
            (None, None) => return Ok(None),
            (Some(id), _) if self.keys.contains_key(&id) => id,
            (Some(id), _) => {
                return Err(invalid(format!(
                    "`write_with` is {id}, which no key has as its number"
                )));
            }
            (None, Some(id)) if self.keys.len() == 1 => *id,
            (None, Some(_)) => {
                let message = "`write_with` is missing: which of the keys writes?";
                return Err(invalid(message.to_owned()));
            }
        };
        let mut keys = Vec::with_capacity(self.keys.len());
        for (id, secret) in &self.keys {
            let key = secret.to_key().ok_or_else(|| {
                let form = "64 hexadecimal digits or the base64 of 32 bytes";
                invalid(format!("`keys.{id}` is not {form}"))
            })?;
            keys.push((*id, key));
        }
        Keyring::of(current, keys).map(Some)
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::ConfigInvalid, message)
}
