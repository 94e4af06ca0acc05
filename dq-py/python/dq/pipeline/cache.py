"""The cache manager of the earlier pipeline's design, on dq's cache: memory, and a Redis that processes share."""

from __future__ import annotations

import asyncio
import enum
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dq._cache import Cache
from dq._config import Config
from dq.exceptions import ConfigError

_log = logging.getLogger("dq.pipeline")

_FORMATS = ("pickle", "json")

_VALUE_BYTES = 64 * 1024
"""How much room a value is given when the size of the memory is a number of values."""

_NAMESPACE = "pipeline"


class CacheLevel(enum.Enum):
    """Where a value is."""

    MEMORY = "memory"
    """In the memory of this process only."""
    REDIS = "redis"
    """In Redis, where other processes see it, too. Its copy in memory is never older than that."""
    BOTH = "both"
    """Wherever there is room."""


@dataclass
class CacheConfig:
    """How values are kept. Spans of time are in seconds."""

    redis_enabled: bool = True
    """Whether Redis stands behind the memory. While it cannot be reached, the memory works alone."""
    redis_host: str = "localhost"
    redis_port: int = 6379
    redis_db: int = 0
    redis_password: str | None = field(default=None, repr=False)
    redis_ttl: float = 3600
    """How long values live that Redis has, too."""
    memory_size: int = 1000
    """How many values of 64 KiB the memory has room for; of smaller ones there is room for more."""
    memory_ttl: float = 300
    """How long values live that are in memory only."""
    compression_enabled: bool = True
    """Whether values of more than 1 KiB are compressed in Redis."""
    serialization_format: str = "pickle"
    """``pickle`` or ``json``, for callers of old: either way values are plain data, and reading them runs no code."""


@dataclass(frozen=True)
class CacheKey:
    """The name of a value; another version of it is another value."""

    namespace: str
    key: str
    version: int = 1

    def to_string(self) -> str:
        """Return the name as one text: ``namespace:key:v1``."""
        return f"{self.namespace}:{self.key}:v{self.version}"


class CacheManager:
    """Keeps plain values: None, bool, int, float, str, bytes, and lists, tuples and dictionaries of these.

    A cache may forget; it never fails a call because Redis cannot be reached, and never gives a value that was
    invalidated. A value that is not plain is a ``UsageError``. May be used from any thread and event loop.
    """

    def __init__(self, config: CacheConfig | None = None) -> None:
        self.config = config or CacheConfig()
        if self.config.serialization_format not in _FORMATS:
            raise ConfigError(f"`serialization_format`: `{self.config.serialization_format}` is none of pickle, json")
        if self.config.memory_size < 1:
            raise ConfigError("`memory_size`: there must be room for one value")
        self._lock = threading.Lock()
        self._memory: Cache | None = None
        self._shared: Cache | None = None
        self._is_closed = False
        # The names of values that were set here lately, by namespace; only to tell how many were invalidated.
        self._names: dict[tuple[str, str], None] = {}
        self._told_expirations = 0

    async def initialize(self) -> None:
        """Make the caches, and try Redis. One that cannot be reached is told to the log, and tried again later."""
        self._caches()
        if self._shared is not None:
            await self._shared.get_async(("initialize", ""))
            if not self._shared.statistics()["connected"]:
                _log.warning(
                    "the cache in memory works alone: Redis at %s:%d does not answer",
                    self.config.redis_host,
                    self.config.redis_port,
                )

    async def close(self) -> None:
        """End what runs, and forget what is in memory. Afterwards nothing is found and nothing is kept."""
        with self._lock:
            self._is_closed = True
            open_caches = [it for it in (self._memory, self._shared) if it is not None]
            self._memory = self._shared = None
            self._names.clear()
        for it in open_caches:
            await it.close_async()

    async def get(
        self, namespace: str, key: str, level: CacheLevel = CacheLevel.BOTH, *, version: int = 1, default: Any = None
    ) -> Any:
        """Return a value, or ``default`` if it is not known; with a default of one's own a cached None can be told."""
        memory, shared = self._caches()
        name = (namespace, key, str(version))
        missing = object()
        if memory is not None and level is not CacheLevel.REDIS:
            found = await memory.get_async(name, missing)
            if found is not missing:
                return found
        if shared is not None:
            if level is CacheLevel.MEMORY:
                return _local(shared, name, default)
            found = await shared.get_async(name, missing)
            if found is not missing:
                return found
        return default

    async def set(
        self,
        namespace: str,
        key: str,
        value: Any,
        ttl: float | None = None,
        level: CacheLevel = CacheLevel.BOTH,
        *,
        version: int = 1,
    ) -> bool:
        """Keep a value for ``ttl`` seconds; returns whether it is kept. With 0 or less it is not, and is forgotten."""
        memory, shared = self._caches()
        name = (namespace, key, str(version))
        if ttl is not None and ttl <= 0:
            await self.delete(namespace, key, version=version)
            return False
        target = memory if level is CacheLevel.MEMORY or shared is None else shared
        if level is CacheLevel.REDIS and shared is None:
            return False
        if target is None:
            return False
        kept = await target.set_async(name, value, ttl=ttl, tags=[namespace])
        if kept and target is shared and memory is not None and _local(memory, name, self) is not self:
            # What was in memory only is older.
            await memory.delete_async(name)
        if kept:
            self._note(namespace, f"{key}:v{version}")
        return kept

    async def delete(self, namespace: str, key: str, *, version: int = 1) -> bool:
        """Forget a value; returns whether every process has been told."""
        name = (namespace, key, str(version))
        with self._lock:
            self._names.pop((namespace, f"{key}:v{version}"), None)
        return all([await it.delete_async(name) for it in self._caches() if it is not None])

    async def invalidate_namespace(self, namespace: str) -> int:
        """Forget all values of a namespace, in every process.

        Returns how many of those this manager has set lately, as many as ``memory_size``.
        """
        with self._lock:
            names = [it for it in self._names if it[0] == namespace]
            for it in names:
                del self._names[it]
        for cache in self._caches():
            if cache is not None:
                await cache.invalidate_tag_async(namespace)
        return len(names)

    async def warm_cache(
        self,
        warming_functions: Mapping[str, Callable[[], Awaitable[Mapping[str, Any]]]],
        parallel: bool = True,
    ) -> dict[str, bool]:
        """Fill namespaces with what their coroutine functions give, name to value; returns whether each succeeded."""

        async def fill(namespace: str) -> bool:
            try:
                values = await warming_functions[namespace]()
                return all([await self.set(namespace, key, value) for key, value in values.items()])
            except Exception:  # noqa: BLE001
                # One that fails keeps no other from being filled.
                _log.exception("cannot fill the namespace `%s` of the cache", namespace)
                return False

        names = list(warming_functions)
        filled = await asyncio.gather(*map(fill, names)) if parallel else [await fill(it) for it in names]
        return dict(zip(names, filled, strict=True))

    async def cleanup(self) -> dict[str, Any]:
        """Return how many values have expired in memory since the last time, and whether Redis answers.

        Values expire by themselves, in Redis too, so that there is nothing to clean.
        """
        expirations = sum(it["memory"]["expirations"] for it in self._statistics())
        with self._lock:
            cleaned, self._told_expirations = expirations - self._told_expirations, expirations
        return {
            "memory_cleaned": max(0, cleaned),
            "redis_cleaned": 0,
            "redis_info": {"connected": self._is_connected()},
        }

    def get_cache_stats(self) -> dict[str, Any]:
        """Return ``hit_rate_percent``, ``total_requests``, ``total_hits``, and counts by level.

        A value that only Redis knew is one request, and a hit.
        """
        told = self._statistics()
        hits = sum(it["hits"] for it in told)
        # Who finds nothing in memory asks Redis: that is one request.
        misses = told[-1]["misses"] if told else 0
        requests = hits + misses
        counts = ("hits", "misses", "sets", "evictions")
        levels = {"memory": "memory", "redis": "shared"}
        detailed = {
            count: {name: sum(it[level][count] for it in told) for name, level in levels.items()} for count in counts
        }
        return {
            "hit_rate_percent": round(100 * hits / requests, 2) if requests else 0.0,
            "total_requests": requests,
            "total_hits": hits,
            "detailed_stats": detailed,
            "memory_cache_size": sum(it["memory"]["entries"] for it in told),
            "redis_connected": self._is_connected(),
        }

    async def __aenter__(self) -> CacheManager:
        await self.initialize()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _caches(self) -> tuple[Cache | None, Cache | None]:
        """Return the cache in memory, and the one behind which Redis stands, if it is enabled."""
        with self._lock:
            if self._memory is None and not self._is_closed:
                room = self.config.memory_size * _VALUE_BYTES
                self._memory = Cache(_NAMESPACE, bytes_max=room, ttl=self.config.memory_ttl)
                if self.config.redis_enabled:
                    self._shared = Cache(_NAMESPACE, config=_settings(self.config, room), ttl=self.config.redis_ttl)
            return self._memory, self._shared

    def _statistics(self) -> list[dict[str, Any]]:
        return [it.statistics() for it in (self._memory, self._shared) if it is not None]

    def _is_connected(self) -> bool:
        shared = self._shared
        return shared is not None and bool(shared.statistics()["connected"])

    def _note(self, namespace: str, name: str) -> None:
        with self._lock:
            self._names.pop((namespace, name), None)
            self._names[namespace, name] = None
            while len(self._names) > self.config.memory_size:
                del self._names[next(iter(self._names))]


def _settings(config: CacheConfig, room: int) -> Config:
    values: dict[str, Any] = {
        "cache.redis.enabled": True,
        "cache.redis.host": config.redis_host,
        "cache.redis.port": config.redis_port,
        "cache.redis.db": config.redis_db,
        "performance.caching.cache_size_limit": room,
    }
    if config.redis_password is not None:
        values["cache.redis.password"] = config.redis_password
    if not config.compression_enabled:
        values["cache.tiered.compress_above"] = 1 << 40
    return Config(environment=False, values=values)


def _local(cache: Cache, name: tuple[str, ...], default: Any) -> Any:
    found = cache._handle.local(name)  # pyright: ignore[reportPrivateUsage]
    return default if found is None else found[0]
