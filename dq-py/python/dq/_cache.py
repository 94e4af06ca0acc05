"""What was computed once and may be asked for again."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from dq._config import Config
from dq._dq import CacheHandle, CacheOptionsHandle, Work
from dq._managers import CacheManager, cache_handle
from dq._work import awaited
from dq.exceptions import UsageError

if TYPE_CHECKING:
    import asyncio

    from dq._dq import Reply

T = TypeVar("T")

Key: TypeAlias = "str | tuple[str, ...]"
"""A text, or several that are told apart."""


class Cache:
    """A cache of plain values: None, bool, int, float, str, bytes, and lists, tuples and dictionaries of these.

    In the memory of the process, within ``bytes_max``; with a ``config`` that names a Redis, behind that memory a
    store that processes share; with a ``manager``, in a store of one's own and not in memory. Values are no pickles:
    to read them runs no code. Keys of one ``namespace`` (``a``–``z``, ``0``–``9``, ``_``, ``-``, ``.``) are forgotten
    together by ``clear``.

    Values live for ``ttl`` seconds, by default an hour. Other options are those of docs/configuration.md, such as
    ``refresh_ahead``, ``stale_if_error_ms``, ``negative_ttl_ms``. A cache may forget; it never fails a call.
    """

    __slots__ = ("_handle", "_kept", "_options")

    def __init__(
        self,
        namespace: str = "python",
        *,
        bytes_max: int | None = None,
        config: Config | None = None,
        manager: CacheManager | None = None,
        ttl: float | None = None,
        **options: Any,
    ) -> None:
        if manager is not None:
            if config is not None or bytes_max is not None:
                raise UsageError("a cache over a `manager` takes neither a `config` nor `bytes_max`")
            self._handle = cache_handle(manager, namespace)
        elif config is None:
            self._handle = CacheHandle.memory(namespace, bytes_max)
        else:
            handle = config._handle  # pyright: ignore[reportPrivateUsage]
            self._handle = CacheHandle.configured(namespace, handle)
        self._options = options
        if ttl is not None:
            self._options["ttl_ms"] = round(ttl * 1000)
        self._kept = CacheOptionsHandle(self._handle, json.dumps(self._options), [])

    def get(self, key: Key, default: Any = None) -> Any:
        """Return the value of a key, or ``default`` if the cache does not know it."""
        found = self._handle.get(key)
        if isinstance(found, Work):
            found = found.wait()
        return default if found is None else found[0]

    async def get_async(self, key: Key, default: Any = None) -> Any:
        """As ``get``, without blocking the event loop. What is in memory is not waited for."""
        found = self._handle.get(key)
        if isinstance(found, Work):
            found = await awaited(found)
        return default if found is None else found[0]

    def set(self, key: Key, value: Any, *, ttl: float | None = None, tags: Sequence[str] = ()) -> bool:
        """Keep a value; returns whether it is kept. ``tags`` are what ``invalidate_tag`` forgets it by."""
        return bool(self._handle.set(key, value, self._how(ttl, tags)).wait())

    async def set_async(self, key: Key, value: Any, *, ttl: float | None = None, tags: Sequence[str] = ()) -> bool:
        """As ``set``, without blocking the event loop."""
        return bool(await awaited(self._handle.set(key, value, self._how(ttl, tags))))

    def get_or_compute(
        self,
        key: Key,
        compute: Callable[[], T],
        *,
        ttl: float | None = None,
        tags: Sequence[str] = (),
    ) -> T:
        """Return the value of a key; compute and keep it if the cache does not know it.

        However many ask for a key meanwhile, ``compute`` of one of them runs, on a thread of its own. Its
        exception is the ``__cause__`` of the one that everyone gets who waits for it.
        """
        found = self._handle.local(key)
        if found is not None:
            value: T = found[0]
            return value

        def start(reply: Reply) -> None:
            reply.give(compute())

        result: T = self._handle.get_or_compute(key, start, self._how(ttl, tags)).wait()
        return result

    async def get_or_compute_async(
        self,
        key: Key,
        compute: Callable[[], Awaitable[T]],
        *,
        ttl: float | None = None,
        tags: Sequence[str] = (),
    ) -> T:
        """As ``get_or_compute`` with a coroutine function, which runs in this event loop."""
        import asyncio

        found = self._handle.local(key)
        if found is not None:
            value: T = found[0]
            return value
        loop = asyncio.get_running_loop()
        running: set[asyncio.Task[None]] = set()

        async def answer(reply: Reply) -> None:
            try:
                reply.give(await compute())
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # noqa: BLE001
                reply.fail(error)

        def begin(reply: Reply) -> None:
            task = loop.create_task(answer(reply))
            running.add(task)
            task.add_done_callback(running.discard)

        def start(reply: Reply) -> None:
            loop.call_soon_threadsafe(begin, reply)

        work = self._handle.get_or_compute(key, start, self._how(ttl, tags))
        result: T = await awaited(work)
        return result

    def delete(self, key: Key) -> bool:
        """Forget the value of a key; returns whether every process has been told."""
        return bool(self._handle.delete(key).wait())

    async def delete_async(self, key: Key) -> bool:
        """As ``delete``, without blocking the event loop."""
        return bool(await awaited(self._handle.delete(key)))

    def invalidate_tag(self, tag: str) -> bool:
        """Forget all values with a tag; returns whether every process has been told."""
        return bool(self._handle.invalidate_tag(tag).wait())

    async def invalidate_tag_async(self, tag: str) -> bool:
        """As ``invalidate_tag``, without blocking the event loop."""
        return bool(await awaited(self._handle.invalidate_tag(tag)))

    def clear(self) -> bool:
        """Forget all values of the namespace; returns whether every process has been told."""
        return bool(self._handle.clear().wait())

    async def clear_async(self) -> bool:
        """As ``clear``, without blocking the event loop."""
        return bool(await awaited(self._handle.clear()))

    def statistics(self) -> dict[str, Any]:
        """Return counts since the cache was made: ``hits``, ``misses``, …."""
        document: dict[str, Any] = json.loads(self._handle.statistics())
        return document

    def close(self) -> None:
        """End the tasks of the cache, and forget everything that is in memory."""
        self._handle.close().wait()

    async def close_async(self) -> None:
        """As ``close``, without blocking the event loop."""
        await awaited(self._handle.close())

    def _how(self, ttl: float | None, tags: Sequence[str]) -> CacheOptionsHandle:
        if ttl is None and not tags:
            return self._kept
        options = dict(self._options)
        if ttl is not None:
            options["ttl_ms"] = round(ttl * 1000)
        return CacheOptionsHandle(self._handle, json.dumps(options), list(tags))
