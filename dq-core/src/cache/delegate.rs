//! What a cache that is an engine says as a [`CacheManager`](crate::cache::CacheManager).

/// Implements the trait by the methods of the engine that `engine` returns.
macro_rules! delegate {
    ($cache:ty, $name:literal) => {
        #[async_trait::async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl $crate::cache::manager::CacheManager for $cache {
            fn name(&self) -> &'static str {
                $name
            }

            fn lookup(
                &self,
                key: &$crate::cache::key::CacheKey,
                codec: &'static $crate::cache::value::Codec,
            ) -> Option<$crate::cache::manager::Hit> {
                self.engine().lookup(key, codec)
            }

            async fn load(
                &self,
                keys: &[$crate::cache::key::CacheKey],
                codec: &'static $crate::cache::value::Codec,
            ) -> Vec<$crate::cache::value::Lookup> {
                self.engine().load(keys, codec).await
            }

            async fn load_or_compute(
                &self,
                key: &$crate::cache::key::CacheKey,
                codec: &'static $crate::cache::value::Codec,
                options: &$crate::cache::options::CacheOptions,
                compute: $crate::cache::manager::Compute,
            ) -> $crate::error::Result<$crate::cache::value::Lookup> {
                self.engine().load_or_compute(key, codec, options, compute).await
            }

            fn claim_refresh(&self, key: &$crate::cache::key::CacheKey) -> bool {
                self.engine().claim_refresh(key)
            }

            fn refresh(
                &self,
                key: &$crate::cache::key::CacheKey,
                codec: &'static $crate::cache::value::Codec,
                options: &$crate::cache::options::CacheOptions,
                compute: $crate::cache::manager::Compute,
            ) {
                self.engine().refresh(key, codec, options, compute);
            }

            async fn reading(
                &self,
                key: &$crate::cache::key::CacheKey,
            ) -> $crate::cache::manager::Reading {
                self.engine().reading(key).await
            }

            async fn store(
                &self,
                put: $crate::cache::manager::Put<'_>,
            ) -> $crate::cache::manager::Stored {
                self.engine().store(put).await
            }

            async fn invalidate(
                &self,
                scopes: &[$crate::cache::key::Scope],
            ) -> $crate::cache::manager::Reach {
                self.engine().invalidate(scopes).await
            }

            async fn cleanup(&self) -> u64 {
                self.engine().local.cleanup()
            }

            fn statistics(&self) -> $crate::cache::statistics::CacheStatistics {
                self.engine().statistics()
            }

            async fn close(&self) {
                self.engine().close().await;
            }
        }
    };
}

pub(crate) use delegate;
