"""Asynchronous database managers by configuration, as the earlier pipeline's design has them, on dq's databases."""

from __future__ import annotations

import asyncio
import datetime
import json
import logging
import os
import threading
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from dq._database import Database, Transaction, connect_async
from dq._database import QueryResult as Rows
from dq._work import awaited
from dq.exceptions import ConfigError, DqError, PermissionDeniedError, UnsupportedError, UsageError

_log = logging.getLogger("dq.pipeline")

QUICK_SECONDS = 5.0
"""How long a simple query may take in a database that is well."""

_PORTS = {"postgresql": 5432, "mysql": 3306}

_Params = Mapping[str, Any] | Sequence[Any] | None


@dataclass
class DatabaseConfig:
    """Which database, and how many connections to it."""

    db_type: str = "sqlite"
    """``sqlite``, ``postgresql`` or ``mysql``."""
    host: str = "localhost"
    port: int | None = None
    """The port of the server; by default that of its kind."""
    database: str = "data/database/veeva_opendata.db"
    """The name of the database; of SQLite the path."""
    username: str = ""
    password: str = field(default="", repr=False)
    connection_pool_size: int = 10
    """How many connections read."""
    max_overflow: int = 20
    """How many more may be opened when all of them are busy."""
    pool_timeout: int = 30
    """How many seconds a caller waits for a connection."""
    read_replicas: list[str] = field(default_factory=list, repr=False)
    """URLs of servers that answer what only reads. Not possible yet: they are refused."""
    sharding_config: dict[str, Any] | None = None
    """Not possible yet: it is refused."""

    def identity(self) -> tuple[str, str, int | None, str, str]:
        """Return what tells one database from another: kind, host, port, name and user."""
        if self.db_type == "sqlite":
            return "sqlite", "", None, str(Path(self.database).absolute()), ""
        return self.db_type, self.host, self.port or _PORTS.get(self.db_type), self.database, self.username

    def url(self) -> str:
        """Return what ``dq.connect`` opens, with the password."""
        if self.db_type == "sqlite":
            return f"sqlite:{Path(self.database).absolute()}"
        account = quote(self.username, safe="")
        if self.password:
            account = f"{account}:{quote(self.password, safe='')}"
        at = f"{account}@" if account else ""
        port = self.port or _PORTS[self.db_type]
        return f"{self.db_type}://{at}{self.host}:{port}/{quote(self.database, safe='')}"


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
        if config.read_replicas:
            raise UnsupportedError("cannot use `read_replicas` from Python yet")
        if config.sharding_config:
            raise UnsupportedError("cannot use `sharding_config` from Python yet")
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
        health["connection_pool_status"] = self.database.statistics()
        return health

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


class SQLiteDatabaseManager(AbstractDatabaseManager):
    """A SQLite database."""

    db_type = "sqlite"

    def _using(self, index: Mapping[str, Any]) -> str:
        # SQLite has one type of index.
        return ""

    def get_connection_string(self) -> str:
        """Return the URL of the database."""
        return f"sqlite:///{Path(self.config.database).absolute()}"

    async def backup_database(self, path: str | os.PathLike[str]) -> bool:
        """Copy the database, as of one moment, to a file that does not exist yet."""
        await self.initialize()
        try:
            await self.database.backup_async(path)
        except DqError as error:
            _log.error("cannot copy the database: %s", error)
            return False
        return True

    async def get_database_stats(self) -> dict[str, Any]:
        """Return the size of the database, its tables with how many rows each has, and how it is kept."""
        await self.initialize()

        async def pragma(name: str) -> Any:
            return (await self.database.query_async(f"PRAGMA {name}")).scalar()

        pages, page_size = int(await pragma("page_count")), int(await pragma("page_size"))
        tables: dict[str, int] = {}
        for name in await self.database.tables_async():
            rows = await self.database.query_async(f"SELECT count(*) FROM {self._quoted(name)}")  # noqa: S608
            tables[name] = int(rows.scalar())
        return {
            "total_pages": pages,
            "page_size": page_size,
            "database_size_mb": round(pages * page_size / 2**20, 2),
            "tables": tables,
            "total_tables": len(tables),
            "total_records": sum(tables.values()),
            "journal_mode": await pragma("journal_mode"),
            "cache_size": await pragma("cache_size"),
        }

    def _described(self) -> dict[str, Any]:
        path = Path(self.config.database).absolute()
        size = path.stat().st_size if path.is_file() else None
        described: dict[str, Any] = {"database_path": str(path), "file_exists": size is not None}
        if size is not None:
            described["file_size_mb"] = round(size / 2**20, 2)
        return described


class PostgreSQLDatabaseManager(AbstractDatabaseManager):
    """A PostgreSQL database."""

    db_type = "postgresql"


class MySQLDatabaseManager(AbstractDatabaseManager):
    """A MySQL or MariaDB database."""

    db_type = "mysql"
    _if_missing = ""

    def _quoted(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def _using(self, index: Mapping[str, Any]) -> str:
        # It stands in another place, and says nothing that is not usual.
        return ""


class DatabaseFactory:
    """Makes the manager of a database, one for each database in this process."""

    _lock: ClassVar[threading.Lock] = threading.Lock()
    _managers: ClassVar[dict[tuple[Any, ...], AbstractDatabaseManager]] = {}
    _kinds: ClassVar[dict[str, type[AbstractDatabaseManager]]] = {
        it.db_type: it for it in (SQLiteDatabaseManager, PostgreSQLDatabaseManager, MySQLDatabaseManager)
    }

    @classmethod
    def create_database_manager(cls, config: DatabaseConfig) -> AbstractDatabaseManager:
        """Return the manager of a database; the same for the same kind, host, port, name, user and options.

        It is opened by ``initialize``, or by the first call that needs it.
        """
        kind = cls._kind(config)
        # The options count, too: who asks for other ones gets other ones.
        key = (*config.identity(), os.getpid(), repr(config), config.password)
        with cls._lock:
            manager = cls._managers.get(key)
            if manager is None or manager._is_closed:
                manager = cls._managers[key] = kind(config)
            return manager

    @classmethod
    def from_environment(cls) -> AbstractDatabaseManager:
        """Return the manager that environment variables describe.

        ``VEEVA_DB_TYPE``, ``_HOST``, ``_PORT``, ``_NAME``, ``_USER``, ``_PASSWORD``, ``_POOL_SIZE``, ``_MAX_OVERFLOW``,
        ``_POOL_TIMEOUT``, ``_READ_REPLICAS`` (with commas) and ``_SHARDING_CONFIG`` (JSON).
        """
        usual = DatabaseConfig()
        replicas = [it.strip() for it in _variable("READ_REPLICAS").split(",")]
        sharding = _variable("SHARDING_CONFIG")
        try:
            shards = json.loads(sharding) if sharding else None
        except ValueError as error:
            raise ConfigError("`VEEVA_DB_SHARDING_CONFIG` is no JSON") from error
        return cls.create_database_manager(
            DatabaseConfig(
                db_type=_variable("TYPE") or usual.db_type,
                host=_variable("HOST") or usual.host,
                port=_number("PORT", None),
                database=_variable("NAME") or usual.database,
                username=_variable("USER"),
                password=_variable("PASSWORD"),
                connection_pool_size=_number("POOL_SIZE", usual.connection_pool_size) or 1,
                max_overflow=_number("MAX_OVERFLOW", usual.max_overflow) or 0,
                pool_timeout=_number("POOL_TIMEOUT", usual.pool_timeout) or 1,
                read_replicas=[it for it in replicas if it],
                sharding_config=shards,
            )
        )

    @classmethod
    def from_dict(cls, config_dict: Mapping[str, Any]) -> AbstractDatabaseManager:
        """Return the manager that the fields of ``DatabaseConfig`` in a dictionary describe."""
        known = DatabaseConfig.__dataclass_fields__
        # The word that the configuration file had for it.
        fields = {("db_type" if name == "type" else name): value for name, value in config_dict.items()}
        unknown = [name for name in fields if name not in known]
        if unknown:
            raise ConfigError(f"`{unknown[0]}`: a database has no such field, but {', '.join(known)}")
        return cls.create_database_manager(DatabaseConfig(**fields))

    @classmethod
    def create_migration_manager(cls, source: Any, target: Any) -> Any:
        """Not possible yet."""
        raise UnsupportedError("cannot migrate a database yet")

    @classmethod
    def create_sharded_manager(cls, primary: Any, shards: Any) -> Any:
        """Not possible yet."""
        raise UnsupportedError("cannot spread tables over several databases yet")

    @classmethod
    async def close_all_connections(cls) -> None:
        """Close every manager that was made in this process."""
        with cls._lock:
            process = os.getpid()
            mine = [key for key in cls._managers if key[5] == process]
            managers = [cls._managers.pop(key) for key in mine]
        for it in managers:
            await it.close()

    @classmethod
    def get_supported_databases(cls) -> list[str]:
        """Return the kinds of databases."""
        return list(cls._kinds)

    @classmethod
    async def test_configuration(cls, config: DatabaseConfig) -> dict[str, Any]:
        """Try a configuration with connections of its own, which it closes; never raises for what is wrong with it."""
        found: dict[str, Any] = {
            "config_valid": False,
            "connection_successful": False,
            "performance_acceptable": False,
            "error_message": None,
            "connection_time": None,
            "query_time": None,
            "health_check": None,
        }
        try:
            manager = cls._kind(config)(config)
            found["config_valid"] = True
            begun = time.perf_counter()
            await manager.initialize()
        except DqError as error:
            return {**found, "error_message": str(error)}
        try:
            found["connection_time"] = time.perf_counter() - begun
            health = found["health_check"] = await manager.health_check()
            found["connection_successful"] = health["database_accessible"]
            found["error_message"] = health.get("error")
            performance = health.get("performance_metrics", {})
            found["query_time"] = performance.get("query_time")
            found["performance_acceptable"] = performance.get("acceptable", False)
        finally:
            await manager.close()
        return found

    @classmethod
    def _kind(cls, config: DatabaseConfig) -> type[AbstractDatabaseManager]:
        kind = cls._kinds.get(config.db_type)
        if kind is None:
            raise ConfigError(f"`db_type`: there is no `{config.db_type}`, but {', '.join(cls._kinds)}")
        return kind


def _variable(name: str) -> str:
    return os.environ.get(f"VEEVA_DB_{name}", "").strip()


def _number(name: str, usual: int | None) -> int | None:
    text = _variable(name)
    if not text:
        return usual
    if not text.isdigit():
        raise ConfigError(f"`VEEVA_DB_{name}`: expected a whole number, found `{text}`")
    return int(text)
