"""What every manager of a database does, whatever the database is."""

from __future__ import annotations

import asyncio
import datetime
import logging
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from dq._database import Database, Transaction, connect_async
from dq._database import QueryResult as Rows
from dq._work import awaited
from dq.exceptions import DqError, PermissionDeniedError, UsageError
from dq.pipeline.factory.config import DatabaseConfig

_log = logging.getLogger("dq.pipeline")

QUICK_SECONDS = 5.0
"""How long a simple query may take in a database that is well."""

_Params = Mapping[str, Any] | Sequence[Any] | None


@dataclass
class QueryResult:
    """The rows of a statement, or why there are none: a wrong statement is no exception."""

    rows: Rows | None
    """The rows as dq has them; none of a statement that writes or did not run."""
    execution_time: float
    """How many seconds it took."""
    row_count: int
    """How many rows there are; of a statement that writes, how many it changed."""
    columns: list[str]
    query: str
    success: bool = True
    """Whether it ran, and what it wrote is kept."""
    error_message: str | None = None
    shard_info: dict[str, Any] | None = None

    @property
    def data(self) -> Any:
        """The rows as a ``pandas.DataFrame``; needs the extra ``pandas``."""
        from dq._require import require

        return require("pandas", extra="pandas").DataFrame() if self.rows is None else self.rows.to_pandas()


class AbstractDatabaseManager:
    """One logical database, for event loops. Made by ``DatabaseFactory``, opened by ``initialize``.

    Statements are those of dq: values for ``:name`` or ``?`` travel beside them. ``execute_query`` tells by ``success``
    what went wrong; ``transaction`` raises.
    """

    db_type: ClassVar[str] = ""

    def __init__(self, config: DatabaseConfig) -> None:
        config.check()
        self.config = config
        self._database: Database | None = None
        self._opening: asyncio.Lock | None = None
        self._is_closed = False

    @property
    def database(self) -> Database:
        """The database as dq has it, once it is open."""
        if self._database is None:
            raise UsageError("cannot use a database manager that is not open: await `initialize` first")
        return self._database

    async def initialize(self) -> None:
        """Open the database. One that does not exist is ``NotFoundError``, and is not created."""
        if self._is_closed:
            raise UsageError("cannot open a database manager that was closed")
        if self._opening is None:
            self._opening = asyncio.Lock()
        async with self._opening:
            if self._database is None:
                self._database = await connect_async(self.config.url(), **self._options())

    async def close(self) -> None:
        """Let what runs end, and close every connection."""
        self._is_closed = True
        database, self._database = self._database, None
        if database is not None:
            await database.close_async()

    def _options(self) -> dict[str, Any]:
        return {
            "readers": max(1, self.config.connection_pool_size + self.config.max_overflow),
            "acquire_timeout_ms": max(1, self.config.pool_timeout) * 1000,
        }

    async def execute_query(self, query: str, params: _Params = None, read_only: bool = False) -> QueryResult:
        """Run a statement; opens the database if nobody has.

        With ``read_only`` the database itself refuses to change anything. Without it, a statement that writes is
        committed, and ``row_count`` is how many rows it changed.
        """
        begun = time.perf_counter()
        try:
            await self.initialize()
            try:
                rows = await self.database.query_async(query, params)
            except PermissionDeniedError:
                if read_only:
                    raise
                changed = await self.database.execute_async(query, params)
                return QueryResult(None, time.perf_counter() - begun, changed, [], query)
        except DqError as error:
            return QueryResult(None, time.perf_counter() - begun, 0, [], query, False, str(error))
        return QueryResult(rows, time.perf_counter() - begun, rows.row_count, rows.columns, query)

    async def execute_batch(
        self, queries: Sequence[str | tuple[str, _Params]], read_only: bool = False
    ) -> list[QueryResult]:
        """Run statements one after the other, each with its values if it is a pair; as many results as statements."""
        pairs = [(it, None) if isinstance(it, str) else it for it in queries]
        return [await self.execute_query(query, params, read_only) for query, params in pairs]

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction, None]:
        """Begin a transaction, which commits at its end and rolls back on an exception."""
        await self.initialize()
        async with self.database.transaction_async() as transaction:
            yield transaction

    async def get_table_info(self, table: str) -> dict[str, Any]:
        """Return ``table_name``, ``row_count``, ``columns`` (name and type each) and ``primary_key``."""
        await self.initialize()
        found = (await self.database.tables_async()).get(table)
        if found is None:
            return {"error": f"there is no table `{table}`"}
        rows = await self.database.query_async(f"SELECT count(*) FROM {self._quoted(table)}")  # noqa: S608
        columns = [{"name": name, "type": kind} for name, kind in found.columns.items()]
        return {
            "table_name": table,
            "row_count": int(rows.scalar()),
            "columns": columns,
            "primary_key": list(found.primary_key),
        }

    async def create_indexes(self, table: str, indexes: Sequence[Mapping[str, Any]]) -> bool:
        """Create indexes that are not there yet; returns whether all of them are there.

        Each says its ``column`` (or ``columns``), and perhaps ``name``, ``unique``, and ``type``, such as ``btree``.
        """
        results = [await self.execute_query(self._index(table, it)) for it in indexes]
        for it in results:
            if not it.success:
                _log.error("cannot create an index of `%s`: %s", table, it.error_message)
        return all(it.success for it in results)

    def _index(self, table: str, index: Mapping[str, Any]) -> str:
        given = index.get("columns") or index["column"]
        columns: list[str] = [given] if isinstance(given, str) else list(given)
        name = self._quoted(str(index.get("name") or f"idx_{table}_{'_'.join(columns)}"))
        unique = "UNIQUE " if index.get("unique") else ""
        listed = ", ".join(self._quoted(it) for it in columns)
        return f"CREATE {unique}INDEX {self._if_missing}{name} ON {self._quoted(table)}{self._using(index)} ({listed})"

    _if_missing = "IF NOT EXISTS "

    def _using(self, index: Mapping[str, Any]) -> str:
        kind = str(index.get("type") or "btree")
        if not kind.isidentifier():
            raise UsageError(f"`{kind}` is no type of an index")
        return f" USING {kind}"

    def _quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    async def optimize_database(self) -> dict[str, Any]:
        """Bring the statistics of the planner up to date."""
        begun = time.perf_counter()
        try:
            await self.initialize()
            handle = self.database._handle("optimize")  # pyright: ignore[reportPrivateUsage]
            await awaited(handle.optimize())
        except DqError as error:
            return {"analyze": {"status": "ERROR", "error": str(error)}}
        return {"analyze": {"status": "SUCCESS", "execution_time": time.perf_counter() - begun}}

    async def health_check(self) -> dict[str, Any]:
        """Ask the database for a sign of life; ``overall_status`` is HEALTHY, WARNING or ERROR. Never raises."""
        health: dict[str, Any] = {
            "database_type": self.db_type,
            "timestamp": datetime.datetime.now(datetime.timezone.utc).isoformat(),
            "database_accessible": False,
            "overall_status": "ERROR",
            **self._described(),
        }
        begun = time.perf_counter()
        result = await self.execute_query("SELECT 1", read_only=True)
        seconds = time.perf_counter() - begun
        if not result.success:
            return {**health, "error": result.error_message}
        try:
            tables = len(await self.database.tables_async())
        except DqError as error:
            return {**health, "database_accessible": True, "error": str(error)}
        is_quick = seconds < QUICK_SECONDS
        health["database_accessible"] = True
        health["overall_status"] = "HEALTHY" if is_quick else "WARNING"
        health["performance_metrics"] = {"query_time": seconds, "acceptable": is_quick, "table_count": tables}
        health["connection_pool_status"] = self._pool_status()
        return health

    def _pool_status(self) -> dict[str, Any]:
        """Return how many connections read, in the words of old, and all that dq counts."""
        counted = self.database.statistics()
        readers = counted["readers"]
        size = self.config.connection_pool_size
        return {
            "pool_size": size,
            "checked_out": readers["in_use"],
            "checked_in": readers["idle"],
            "overflow": max(0, readers["in_use"] + readers["idle"] - size),
            **counted,
        }

    def _described(self) -> dict[str, Any]:
        return {}

    def get_connection_string(self) -> str:
        """Return the URL of the database without its password."""
        kind, host, port, name, user = self.config.identity()
        return f"{kind}://{user}@{host}:{port}/{name}" if user else f"{kind}://{host}:{port}/{name}"

    def get_shard_for_query(self, query: str) -> str:
        """Return the shard that answers a statement; there is one."""
        return "default"

    def supports_sharding(self) -> bool:
        """Whether tables may be spread over several databases."""
        return False

    def supports_read_replicas(self) -> bool:
        """Whether reads may go to other servers."""
        return False

    async def __aenter__(self) -> AbstractDatabaseManager:
        await self.initialize()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
