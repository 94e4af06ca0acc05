//! Values that no cache may hold.

use std::fmt;

/// A value that must not be cached, printed or logged: it cannot be serialised, so a cache that is asked to
/// hold it, or anything that has it as a part, does not compile.
///
/// ```compile_fail
/// use dq_core::cache::{CacheKey, CacheManager, CacheManagerExt, CacheOptions, Sensitive};
///
/// async fn keep(cache: &dyn CacheManager, key: &CacheKey, row: String) {
///     cache.set(key, Sensitive::new(row), &CacheOptions::default()).await;
/// }
/// ```
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Marks a value as sensitive.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value to who asks for it by this name.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// Takes the mark off.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(…)")
    }
}
