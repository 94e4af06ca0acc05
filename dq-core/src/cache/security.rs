//! What makes cached values unfit to be served, though they are right.

use std::fmt;

use crate::cache::key::{Namespace, Scope, Tag};
use crate::secret::redacted_url;

/// Something that has happened to who may see what. Told to a cache by
/// [`report`](crate::cache::CacheManagerExt::report), it makes misses of all values concerned, on every node,
/// and keeps out what was being read meanwhile. Nodes that are away hear of it when they are back.
///
/// ```
/// use std::sync::Arc;
///
/// use dq_core::cache::{
///     CacheKey, CacheManagerExt, CacheOptions, MemoryCache, MemoryConfig, Namespace, SecurityEvent,
///     Subject, Tag,
/// };
/// use dq_core::clock::SystemClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> dq_core::Result<()> {
/// let cache = MemoryCache::new(&MemoryConfig::default(), Arc::new(SystemClock))?;
/// let source = "postgres://registry/providers";
/// let options = CacheOptions { tags: vec![Tag::of_source(source)], ..CacheOptions::default() };
/// let key = CacheKey::new(&Namespace::new("counts")?, 1, ["providers"]);
/// cache.set(&key, 125_531_u64, &options).await;
///
/// // Somebody must not read this database any more: nor what was read from it.
/// let event = SecurityEvent::PermissionWithdrawn(Subject::Source(source.into()));
/// cache.report(&event).await;
/// assert!(!cache.get::<u64>(&key).await.is_hit());
/// # Ok(())
/// # }
/// ```
///
/// Verdicts and results of queries that dq caches have the tag of their source: the name of the
/// [`Source`](crate::source::Source), or what an executor calls its data.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SecurityEvent {
    /// Something is read with other credentials from now on, and others may see less, or something else.
    CredentialsChanged(Subject),
    /// Somebody may no longer see what he could.
    PermissionWithdrawn(Subject),
    /// The key of this number, by which values are encrypted in a shared store, is no longer to be trusted.
    /// What it encrypted is not read any more, also if somebody who has the key writes it later; where
    /// it is the one that writes, nothing is shared until the program is configured anew.
    ///
    /// A program that starts later knows nothing of this event: take the key out of its configuration.
    EncryptionKeyRevoked(u32),
}

/// What a [`SecurityEvent`] is about.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Subject {
    /// Everything that was read from the source, or the database, of this name; see
    /// [`Tag::of_source`].
    Source(String),
    /// Everything in this namespace.
    Namespace(Namespace),
    /// Everything with this tag.
    Tag(Tag),
    /// Everything.
    Everything,
}

impl SecurityEvent {
    /// Returns what is invalid after it.
    pub fn scope(&self) -> Scope {
        match self {
            Self::CredentialsChanged(subject) | Self::PermissionWithdrawn(subject) => {
                subject.scope()
            }
            Self::EncryptionKeyRevoked(id) => Scope::Tag(Tag::of_encryption_key(*id)),
        }
    }
}

impl Subject {
    fn scope(&self) -> Scope {
        match self {
            Self::Source(name) => Scope::Tag(Tag::of_source(name)),
            Self::Namespace(name) => Scope::Namespace(name.clone()),
            Self::Tag(tag) => Scope::Tag(*tag),
            Self::Everything => Scope::Everything,
        }
    }
}

impl fmt::Display for SecurityEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CredentialsChanged(subject) => {
                write!(f, "the credentials of {subject} were changed")
            }
            Self::PermissionWithdrawn(subject) => {
                write!(f, "a permission on {subject} was withdrawn")
            }
            Self::EncryptionKeyRevoked(id) => {
                write!(f, "the encryption key {id} of the cache was revoked")
            }
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(name) => write!(f, "the source `{}`", redacted_url(name)),
            Self::Namespace(name) => write!(f, "the namespace `{name}`"),
            Self::Tag(tag) => write!(f, "the tag `{tag}`"),
            Self::Everything => f.write_str("everything"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_without_passwords() {
        let source = Subject::Source("postgres://app:canary@db/providers".to_owned());
        let told = SecurityEvent::CredentialsChanged(source).to_string();
        let source = "the source `postgres://app:[redacted]@db/providers`";
        assert_eq!(told, format!("the credentials of {source} were changed"));
    }
}
