"""Runs rules for event loops, as the earlier pipeline's design has it."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from dq._database import Database
from dq._dq import ArrowTable, Scope
from dq._table import Table
from dq._validate import VIOLATIONS_MAX
from dq.exceptions import DqError, UnsupportedError
from dq.pipeline import rule_names
from dq.pipeline.cache import CacheManager
from dq.pipeline.config import PipelineConfig
from dq.pipeline.database import DatabaseManager
from dq.pipeline.database_config import DatabaseConfig
from dq.pipeline.executor import QueryExecutor
from dq.pipeline.factory import AbstractDatabaseManager
from dq.pipeline.native import versions_of
from dq.pipeline.result import ValidationQueryResult, now, of_table
from dq.pipeline.summary import summarize

T = TypeVar("T")

_log = logging.getLogger("dq.pipeline")

NAMESPACE = "validation_results"
"""Where results are in the cache."""

USUAL_SECONDS = 5.0
"""How long a rule is said to take that has not run yet."""


@dataclass(eq=False)
class AsyncValidationResult(ValidationQueryResult):
    """What one rule found."""

    shard_info: dict[str, Any] | None = None
    """Which databases answered; none where there is one."""


class AsyncQueryExecutor:
    """Runs rules over one database without blocking the event loop.

    >>> async def main(config: DatabaseConfig) -> None:
    ...     with DatabaseManager(config) as manager:
    ...         executor = AsyncQueryExecutor(manager, CacheManager(), PipelineConfig())
    ...         results = await executor.execute_all_queries()

    The database is a manager of ``DatabaseFactory``, a ``DatabaseManager``, or what ``dq.connect`` gives. Rules are
    those of ``QueryExecutor``, with the same ``sql_queries_dir``, ``as_of`` and ``violations_max``. Results are cached
    as long as neither data nor rules change, and no longer than the cache keeps them. Neither the database nor the
    cache is closed by ``close``: they belong to the caller.
    """

    def __init__(
        self,
        db_manager: AbstractDatabaseManager | DatabaseManager | Database,
        cache_manager: CacheManager | None,
        config: PipelineConfig,
        message_queue: Any = None,
        *,
        sql_queries_dir: str | os.PathLike[str] | None = None,
        as_of: str | datetime.date | None = None,
        violations_max: int = VIOLATIONS_MAX,
    ) -> None:
        if message_queue is not None:
            raise UnsupportedError("cannot run rules as jobs of a queue yet")
        self.db_manager = db_manager
        self.cache_manager = cache_manager
        self.config = config
        self._options: dict[str, Any] = {
            "sql_queries_dir": sql_queries_dir,
            "as_of": as_of,
            "violations_max": violations_max,
        }
        self._rules: QueryExecutor | None = None
        self._durations: dict[str, float] = {}
        self._is_closed = False

    async def initialize(self) -> None:
        """Open the database and the cache, if nobody has; read the rules."""
        if isinstance(self.db_manager, AbstractDatabaseManager):
            await self.db_manager.initialize()
        if self.cache_manager is not None:
            await self.cache_manager.initialize()
        await self._executor()

    async def close(self) -> None:
        """Accept no more calls."""
        self._is_closed = True

    async def execute_single_query(
        self, rule_name: str, use_cache: bool = True, cache_ttl: float | None = None
    ) -> AsyncValidationResult:
        """Run one rule. An id that no rule has is ``NotFoundError``; a rule that is disabled has no rows.

        A result in the cache that is of the same data and rule is used instead, and ``cached`` says so. ``cache_ttl``
        is for how many seconds this one is kept.
        """
        rules = await self._executor()
        name = rule_names.find(rule_name, rules.validation_queries)
        return (await self._run([name], self._workers(None), use_cache, cache_ttl))[name]

    async def execute_all_queries(
        self, parallel: bool = True, max_concurrency: int | None = None, use_cache: bool = True
    ) -> dict[str, AsyncValidationResult]:
        """Run every rule, so many at once; the results have the order of the rules.

        A rule that cannot run has severity ``ERROR``. Cancelling the task stops what runs at the database.
        """
        rules = await self._executor()
        workers = self._workers(max_concurrency) if parallel else 1
        return await self._run(list(rules.validation_queries), workers, use_cache, None)

    async def get_query_catalog(self) -> list[dict[str, Any]]:
        """Return ``rule_name``, ``enabled``, ``severity``, ``description`` and ``estimated_duration`` of every rule.

        The duration is that of the last run, in seconds; 5 before the first.
        """
        rules = await self._executor()
        catalog = rules.get_query_catalog()
        for it in catalog:
            it.pop("query_length")
            it["estimated_duration"] = self._durations.get(it["rule_name"], USUAL_SECONDS)
        return catalog

    async def __aenter__(self) -> AsyncQueryExecutor:
        await self.initialize()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _workers(self, most: int | None) -> int:
        return max(1, self.config.performance.max_workers if most is None else most)

    async def _executor(self) -> QueryExecutor:
        if self._is_closed:
            raise DqError("cannot run rules: the executor is closed")
        if self._rules is None:
            if isinstance(self.db_manager, AbstractDatabaseManager):
                await self.db_manager.initialize()
            manager = _blocking(self.db_manager)
            self._rules = await _on_thread(
                lambda: QueryExecutor(manager, self.config, enable_caching=False, **self._options)
            )
        return self._rules

    async def _run(
        self, names: Sequence[str], workers: int, use_cache: bool, ttl: float | None
    ) -> dict[str, AsyncValidationResult]:
        rules = await self._executor()
        found = {name: it for name in names if (it := rules._disabled(name)) is not None}  # pyright: ignore[reportPrivateUsage]
        keys = await _on_thread(self._keys, rules, [it for it in names if it not in found]) if use_cache else {}
        for name, key in keys.items():
            cached = await self._cached(rules, name, key)
            if cached is not None:
                found[name] = cached
        waiting = [it for it in names if it not in found]
        found.update(await self._run_now(rules, waiting, workers))
        results = {name: _result(found[name]) for name in names}
        if use_cache:
            # What was read while the data changed is of no state that could be named.
            unchanged = await _on_thread(self._keys, rules, waiting)
            for name in waiting:
                if keys.get(name) is not None and keys.get(name) == unchanged.get(name):
                    await self._keep(keys[name], results[name], ttl)
        return results

    async def _run_now(
        self, rules: QueryExecutor, names: Sequence[str], workers: int
    ) -> dict[str, ValidationQueryResult]:
        native = [it for it in names if rules._is_native(it)]  # pyright: ignore[reportPrivateUsage]
        queries = [it for it in names if it not in native]
        found: dict[str, ValidationQueryResult] = {}
        if native:
            run = rules._run_native  # pyright: ignore[reportPrivateUsage]
            found.update(await _on_thread(run, native, workers, None))
        if queries:
            run = rules._run_sql  # pyright: ignore[reportPrivateUsage]
            found.update(await _on_thread(run, queries, workers, None))
        for name, it in found.items():
            self._durations[name] = it.result.execution_time
        return found

    def _keys(self, rules: QueryExecutor, names: Sequence[str]) -> dict[str, str]:
        """Return under which keys results are cached; none where the database cannot tell its state."""
        if self.cache_manager is None or not names:
            return {}
        try:
            database = rules.db_manager.database
            versions = versions_of(database)
        except DqError:
            return {}
        if versions is None:
            return {}
        # Where processes tell the state alike, they share results.
        local, shared = versions
        state = shared if shared is not None else [str(os.getpid()), str(id(database)), *local]
        keys: dict[str, str] = {}
        for name in names:
            parameters = rules._parameters(name)  # pyright: ignore[reportPrivateUsage]
            told = [rules.db_manager.config.connection_string, state, rules.validation_queries[name], parameters]
            digest = hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()
            keys[name] = f"{name}:{digest}"
        return keys

    async def _cached(self, rules: QueryExecutor, name: str, key: str) -> ValidationQueryResult | None:
        assert self.cache_manager is not None
        begun = time.perf_counter()
        kept: dict[str, Any] | None = await self.cache_manager.get(NAMESPACE, key)
        if kept is None:
            return None
        rows = Table(ArrowTable.of_ipc(kept["rows"]))
        made = datetime.datetime.fromisoformat(kept["made"])
        details = json.loads(kept["details"])
        summary: dict[str, Any] | None = details["summary"]
        if summary is not None:
            summary["sample_violations"] = summarize(rows, name)["sample_violations"]
        query = rules.validation_queries[name]
        result = of_table(rows, query, time.perf_counter() - begun)
        validated = rules._result(name, result, made, summary=summary, report=details["report"])  # pyright: ignore[reportPrivateUsage]
        validated.cached = True
        validated.age_seconds = (now() - made).total_seconds()
        validated.original_execution_time = kept["seconds"]
        return validated

    async def _keep(self, key: str, validated: AsyncValidationResult, ttl: float | None) -> None:
        if self.cache_manager is None or not validated.result.success:
            return
        summary = {name: it for name, it in (validated.summary or {}).items() if name != "sample_violations"}
        details = {"summary": summary or None, "report": validated.report}
        value = {
            "rows": validated.result.table._arrow.to_ipc(),  # pyright: ignore[reportPrivateUsage]
            "made": validated.execution_timestamp.isoformat(),
            "details": json.dumps(details, default=str),
            "seconds": validated.result.execution_time,
        }
        await self.cache_manager.set(NAMESPACE, key, value, ttl=ttl)


async def _on_thread(work: Callable[..., T], *args: Any) -> T:
    """Do what blocks on a thread; a cancelled task stops what it has started at databases."""
    scope = Scope()

    def run() -> T:
        with scope:
            return work(*args)

    try:
        return await asyncio.to_thread(run)
    except asyncio.CancelledError:
        scope.cancel()
        raise


def _result(found: ValidationQueryResult) -> AsyncValidationResult:
    return AsyncValidationResult(
        found.rule_name,
        found.query_path,
        found.result,
        found.severity,
        found.enabled,
        found.execution_timestamp,
        found.summary,
        found.cached,
        age_seconds=found.age_seconds,
        original_execution_time=found.original_execution_time,
        report=found.report,
    )


def _blocking(manager: AbstractDatabaseManager | DatabaseManager | Database) -> DatabaseManager:
    """Return a manager for the threads that rules run on, over the same connections."""
    if isinstance(manager, DatabaseManager):
        return manager
    if isinstance(manager, Database):
        database, name = manager, manager.name
    else:
        database, name = manager.database, manager.get_connection_string()
    made = DatabaseManager(DatabaseConfig(name.removeprefix("sqlite:///").removeprefix("sqlite:")))
    made._database = database  # pyright: ignore[reportPrivateUsage]
    return made
