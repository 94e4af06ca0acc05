//! The keys that payloads are encrypted with.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

/// Keys to encrypt what goes to a shared store, each with a number. The current one writes; all of them read.
///
/// To change keys without emptying the store: add the new key everywhere as one that reads, then make it the
/// current one everywhere, and drop the old one when all that it wrote has expired.
///
/// ```
/// use dq_core::cache::Keyring;
///
/// # fn main() -> dq_core::Result<()> {
/// let keyring = Keyring::new(2, [(1, [17; 32]), (2, [42; 32])])?;
/// assert_eq!(format!("{keyring:?}"), "Keyring { current: 2, keys: [1, 2] }");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Keyring {
    current: (u32, Zeroizing<[u8; 32]>),
    keys: Vec<(u32, Zeroizing<[u8; 32]>)>,
}

impl Keyring {
    /// Makes a keyring of `keys`, of which the one numbered `current` writes.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` if there is none of that number, or two of one number.
    pub fn new(current: u32, keys: impl IntoIterator<Item = (u32, [u8; 32])>) -> Result<Self> {
        let mut keys: Vec<_> = keys.into_iter().map(|(id, it)| (id, Zeroizing::new(it))).collect();
        keys.sort_by_key(|(id, _)| *id);
        let twice = keys.windows(2).find_map(|it| match it {
            [(a, _), (b, _)] if a == b => Some(*a),
            _ => None,
        });
        if let Some(id) = twice {
            let message = format!("two keys of the cache have the number {id}");
            return Err(Error::new(ErrorKind::ConfigInvalid, message));
        }
        let Some(current) = keys.iter().find(|(id, _)| *id == current).cloned() else {
            let message = format!("there is no key of the cache with the current number {current}");
            return Err(Error::new(ErrorKind::ConfigInvalid, message));
        };
        Ok(Self { current, keys })
    }

    pub(crate) fn current(&self) -> (u32, &[u8; 32]) {
        (self.current.0, &self.current.1)
    }

    pub(crate) fn find(&self, id: u32) -> Option<&[u8; 32]> {
        self.keys.iter().find(|(it, _)| *it == id).map(|(_, it)| &**it)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.iter().map(|(id, _)| id).collect();
        f.debug_struct("Keyring").field("current", &self.current.0).field("keys", &keys).finish()
    }
}
