//! The keys that payloads are encrypted with.

use std::fmt;

use zeroize::Zeroizing;

use crate::cache::key::{Scope, Tag};
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
    current: u32,
    keys: Vec<RingKey>,
}

#[derive(Clone)]
struct RingKey {
    id: u32,
    /// By which everything that it wrote can be invalidated.
    tag: Tag,
    secret: Zeroizing<[u8; 32]>,
}

impl Keyring {
    /// Makes a keyring of `keys`, of which the one numbered `current` writes.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` if there is none of that number, or two of one number.
    pub fn new(current: u32, keys: impl IntoIterator<Item = (u32, [u8; 32])>) -> Result<Self> {
        Self::of(current, keys.into_iter().map(|(id, it)| (id, Zeroizing::new(it))).collect())
    }

    pub(crate) fn of(current: u32, keys: Vec<(u32, Zeroizing<[u8; 32]>)>) -> Result<Self> {
        let ring_key = |(id, secret)| RingKey { id, tag: Tag::of_encryption_key(id), secret };
        let mut keys: Vec<_> = keys.into_iter().map(ring_key).collect();
        keys.sort_by_key(|it| it.id);
        let twice = keys.windows(2).find_map(|it| match it {
            [a, b] if a.id == b.id => Some(a.id),
            _ => None,
        });
        if let Some(id) = twice {
            let message = format!("two keys of the cache have the number {id}");
            return Err(Error::new(ErrorKind::ConfigInvalid, message));
        }
        if keys.iter().all(|it| it.id != current) {
            let message = format!("there is no key of the cache with the current number {current}");
            return Err(Error::new(ErrorKind::ConfigInvalid, message));
        }
        Ok(Self { current, keys })
    }

    /// The key that writes, unless it was revoked.
    pub(crate) fn current(&self) -> Option<(u32, &[u8; 32])> {
        Some((self.current, self.find(self.current)?))
    }

    pub(crate) fn find(&self, id: u32) -> Option<&[u8; 32]> {
        self.keys.iter().find(|it| it.id == id).map(|it| &*it.secret)
    }

    /// Whether one of `scopes` revokes a key.
    pub(crate) fn is_touched_by(&self, scopes: &[Scope]) -> bool {
        self.keys.iter().any(|key| scopes.contains(&Scope::Tag(key.tag)))
    }

    /// Destroys the keys that `scopes` revoke.
    pub(crate) fn revoke(&mut self, scopes: &[Scope]) {
        self.keys.retain(|key| !scopes.contains(&Scope::Tag(key.tag)));
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.iter().map(|it| it.id).collect();
        f.debug_struct("Keyring").field("current", &self.current).field("keys", &keys).finish()
    }
}
