//! Where things are in Redis: the names of keys.
//!
//! ```text
//! dq:{c3}:s            state of part 3: numbers, incarnation, counts
//! dq:{c3}:k            tombstones of keys, by number
//! dq:{c3}:t            stamps of tags and namespaces, by number
//! dq:{c3}:v            until when entries are there, by key
//! dq:{c3}:e:<key>      an entry
//! dq:{c3}:l:<key>      a lease
//! dq:{c0}:b            the stream of invalidations
//! ```
//!
//! The text in braces decides the slot, so that all keys of a script are in one.

use crate::cache::key::CacheKey;

/// The names of keys.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    prefix: String,
    shards: u16,
}

impl Places {
    pub(crate) fn new(prefix: &str, shards: u16) -> Self {
        Self { prefix: prefix.to_owned(), shards: shards.max(1) }
    }

    /// The numbers of all parts.
    pub(crate) fn shards(&self) -> std::ops::Range<u16> {
        0..self.shards
    }

    /// In which part a key is.
    pub(crate) fn shard(&self, key: &CacheKey) -> u16 {
        let [first, second, ..] = *key.digest();
        u16::from_be_bytes([first, second]) % self.shards
    }

    /// The keys that every script of a part is given.
    pub(crate) fn common(&self, shard: u16) -> [String; 5] {
        ["s", "k", "t", "b", "v"].map(|it| format!("{}{{c{shard}}}:{it}", self.prefix))
    }

    pub(crate) fn entry(&self, key: &CacheKey) -> String {
        format!("{}{key}", self.entries(self.shard(key)))
    }

    pub(crate) fn lease(&self, key: &CacheKey) -> String {
        format!("{}{{c{}}}:l:{key}", self.prefix, self.shard(key))
    }

    /// What the names of all entries of a part begin with.
    pub(crate) fn entries(&self, shard: u16) -> String {
        format!("{}{{c{shard}}}:e:", self.prefix)
    }

    /// The stream.
    pub(crate) fn stream(&self) -> String {
        format!("{}{{c0}}:b", self.prefix)
    }

    /// The key whose entry has this name.
    pub(crate) fn key_of(&self, entry: &[u8]) -> Option<CacheKey> {
        let name = std::str::from_utf8(entry).ok()?.strip_prefix(&self.prefix)?;
        let (_, key) = name.split_once(":e:")?;
        CacheKey::parse(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::key::Namespace;

    #[test]
    fn the_name_of_an_entry_tells_its_key() {
        let places = Places::new("dq:", 16);
        let namespace = Namespace::new("verdicts").expect("it is valid");
        for part in ["a", "b", "c"] {
            let key = CacheKey::new(&namespace, 3, [part]);
            let name = places.entry(&key);
            assert!(name.starts_with(&places.entries(places.shard(&key))), "{name}");
            assert_eq!(places.key_of(name.as_bytes()), Some(key));
        }
        assert_eq!(places.key_of(b"dq:{c1}:s"), None);
    }
}
