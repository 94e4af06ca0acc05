//! What a value is found by: a namespace, the version of the value's shape, and a digest.
//!
//! Keys and tags are made of anything, values of rows too, and hold none of it: only its SHA-256. So a
//! key may be logged, counted and sent to another machine.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};

const NAMESPACE_BYTES_MAX: usize = 64;

/// A name under which keys are kept together and can be invalidated together.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Namespace(Arc<str>);

impl Namespace {
    /// Names a namespace: up to 64 of the characters `a`–`z`, `0`–`9`, `_`, `-` and `.`.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if `name` is empty, longer, or has other characters.
    pub fn new(name: &str) -> Result<Self> {
        let is_allowed =
            |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || b"_-.".contains(&it);
        if name.is_empty() || name.len() > NAMESPACE_BYTES_MAX || !name.bytes().all(is_allowed) {
            let message = format!(
                "cannot use `{name}` as a namespace: 1 to {NAMESPACE_BYTES_MAX} of a-z, 0-9, `_`, `-` and `.`"
            );
            return Err(Error::new(ErrorKind::UsageInvalid, message));
        }
        Ok(Self(name.into()))
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Namespace({})", self.0)
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key of one value.
///
/// Written as `namespace:digest:vN`, which is also its name in a shared store.
#[derive(Clone)]
pub struct CacheKey {
    digest: [u8; 32],
    namespace: Namespace,
    version: u32,
}

impl CacheKey {
    /// Makes the key of what `parts` tell, in their order. `version` is that of the value's type: raise
    /// it when the shape of the type changes, and old values are no longer found.
    ///
    /// Parts are told apart: `["ab", "c"]` and `["a", "bc"]` have different keys.
    pub fn new<P: AsRef<[u8]>>(
        namespace: &Namespace,
        version: u32,
        parts: impl IntoIterator<Item = P>,
    ) -> Self {
        let mut hasher = Sha256::new();
        update(&mut hasher, namespace.0.as_bytes());
        hasher.update(version.to_be_bytes());
        for part in parts {
            update(&mut hasher, part.as_ref());
        }
        Self { digest: hasher.finalize().into(), namespace: namespace.clone(), version }
    }

    /// Returns the namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Returns the version of the value's type.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Returns the digest of namespace, version and parts.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Reads what [`Display`](fmt::Display) wrote, or returns none if it is no key.
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split(':');
        let namespace = Namespace::new(fields.next()?).ok()?;
        let digest = from_hex(fields.next()?)?;
        let version = fields.next()?.strip_prefix('v')?.parse().ok()?;
        fields.next().is_none().then_some(Self { digest, namespace, version })
    }

    /// The first eight bytes of the digest, which are as good as a hash.
    pub(crate) fn hash64(&self) -> u64 {
        self.digest.first_chunk().map_or(0, |it| u64::from_le_bytes(*it))
    }
}

// The digest covers the other fields.
impl PartialEq for CacheKey {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for CacheKey {}

impl Hash for CacheKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash64());
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheKey({self})")
    }
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:v{}", self.namespace, Hex(&self.digest), self.version)
    }
}

/// What values of many keys, of any namespaces, have in common, so that they can be invalidated together:
/// the table they were read from, say.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Tag([u8; 16]);

impl Tag {
    /// Makes the tag of what `parts` tell, in their order.
    pub fn new<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            update(&mut hasher, part.as_ref());
        }
        let digest: [u8; 32] = hasher.finalize().into();
        Self(digest.first_chunk().copied().unwrap_or_default())
    }

    /// The tag of everything that was read from the source, or the database, of this name. Caches of dq give
    /// it to their values; give it to yours, and a [security event](crate::cache::SecurityEvent) finds them.
    pub fn of_source(name: &str) -> Self {
        Self::new(["read from", name])
    }

    /// The tag of everything that was encrypted with the key of this number.
    pub(crate) fn of_encryption_key(id: u32) -> Self {
        Self::new([&b"encrypted with"[..], &id.to_le_bytes()])
    }

    /// The tag that has `bytes`, as a shared store kept them.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns what a shared store keeps of the tag.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads what [`Display`](fmt::Display) wrote, or returns none if it is no tag.
    pub fn parse(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({self})")
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Hex(&self.0))
    }
}

/// What an invalidation is about.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Scope {
    /// The value of one key.
    Key(CacheKey),
    /// All values with a tag.
    Tag(Tag),
    /// All values of a namespace.
    Namespace(Namespace),
    /// All values there are.
    Everything,
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|it| write!(f, "{it:02x}"))
    }
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.bytes().all(|it| it.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn update(hasher: &mut Sha256, part: &[u8]) {
    hasher.update((part.len() as u64).to_be_bytes());
    hasher.update(part);
}
