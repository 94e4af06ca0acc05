"""Queries of one database within limits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dq._cache import Cache
from dq._config import Config
from dq._database import Database, Parameters, QueryResult
from dq._dq import ExecutorHandle
from dq._managers import DatabaseManager, database_handle
from dq._work import awaited
from dq.exceptions import DqError


class QueryExecutor:
    """Runs work on one database within limits: not too much at once, shared fairly between callers, none longer
    than it may take, with retries, a circuit breaker, and a cache for those who want one.

    Options are those of docs/configuration.md: ``concurrent_max``, ``waiting_max``, ``deadline_ms``,
    ``result_ttl_ms``, …; with a ``config``, those of its section ``performance``.

    What each call may say: ``name``, under which figures are kept; ``caller``, between whom places are shared;
    ``deadline`` in seconds; ``unchanged``, the tables of the query, if an earlier answer will do while
    nothing has changed in them; ``reuse``, how many seconds old an answer may be whatever happened.
    """

    __slots__ = ("_handle",)

    def __init__(
        self,
        database: Database | DatabaseManager,
        *,
        cache: Cache | None = None,
        config: Config | None = None,
        **options: Any,
    ) -> None:
        chosen: dict[str, Any] = {}
        if config is not None:
            chosen = json.loads(config._handle.executor())  # pyright: ignore[reportPrivateUsage]
        if isinstance(database, DatabaseManager):
            handle = database_handle(database)
        else:
            handle = database._handle("execute queries")  # pyright: ignore[reportPrivateUsage]
        kept = None if cache is None else cache._handle  # pyright: ignore[reportPrivateUsage]
        self._handle = ExecutorHandle(handle, json.dumps({**chosen, **options}), kept)

    def query(
        self,
        sql: str,
        params: Parameters = None,
        *,
        name: str = "",
        caller: str = "",
        deadline: float | None = None,
        unchanged: Sequence[str] | None = None,
        reuse: float | None = None,
    ) -> QueryResult:
        """Run a statement that reads; the result's ``statistics`` say what it took."""
        call = _call(name, caller, deadline, unchanged, reuse)
        return QueryResult(self._handle.query(sql, params, call).wait())

    async def query_async(
        self,
        sql: str,
        params: Parameters = None,
        *,
        name: str = "",
        caller: str = "",
        deadline: float | None = None,
        unchanged: Sequence[str] | None = None,
        reuse: float | None = None,
    ) -> QueryResult:
        """As ``query``, without blocking the event loop."""
        call = _call(name, caller, deadline, unchanged, reuse)
        return QueryResult(await awaited(self._handle.query(sql, params, call)))

    def query_all(
        self, statements: Sequence[str], *, caller: str = "", deadline: float | None = None
    ) -> list[QueryResult | DqError]:
        """Run many statements that read, some of them at once; one result or exception for each, in order."""
        call = _call("", caller, deadline, None, None)
        return _results(self._handle.query_all(list(statements), call).wait())

    async def query_all_async(
        self, statements: Sequence[str], *, caller: str = "", deadline: float | None = None
    ) -> list[QueryResult | DqError]:
        """As ``query_all``, without blocking the event loop."""
        call = _call("", caller, deadline, None, None)
        return _results(await awaited(self._handle.query_all(list(statements), call)))

    def execute(
        self,
        sql: str,
        params: Parameters = None,
        *,
        name: str = "",
        caller: str = "",
        deadline: float | None = None,
        repeatable: bool = False,
    ) -> int:
        """Run a statement that writes; returns how many rows it changed.

        It is tried again only if it is ``repeatable``: if doing it twice is the same as once.
        """
        call = _call(name, caller, deadline, None, None, repeatable=repeatable)
        return int(self._handle.execute(sql, params, call).wait())

    async def execute_async(
        self,
        sql: str,
        params: Parameters = None,
        *,
        name: str = "",
        caller: str = "",
        deadline: float | None = None,
        repeatable: bool = False,
    ) -> int:
        """As ``execute``, without blocking the event loop."""
        call = _call(name, caller, deadline, None, None, repeatable=repeatable)
        return int(await awaited(self._handle.execute(sql, params, call)))

    def statistics(self) -> dict[str, Any]:
        """Return what was done so far, in all and by the names of calls, and what is being done."""
        document: dict[str, Any] = json.loads(self._handle.statistics())
        return document

    def close(self) -> None:
        """Accept no more work, and let what runs end. The database stays open."""
        self._handle.close().wait()

    async def close_async(self) -> None:
        """As ``close``, without blocking the event loop."""
        await awaited(self._handle.close())


def _call(
    name: str,
    caller: str,
    deadline: float | None,
    unchanged: Sequence[str] | None,
    reuse: float | None,
    *,
    repeatable: bool = False,
) -> dict[str, Any]:
    return {
        "name": name,
        "caller": caller,
        "deadline": deadline,
        "unchanged": None if unchanged is None else list(unchanged),
        "reuse_seconds": reuse,
        "is_repeatable": repeatable,
    }


def _results(given: list[Any]) -> list[QueryResult | DqError]:
    return [it if isinstance(it, DqError) else QueryResult(it) for it in given]
