"""One logical database, or anything else whose tables can be checked."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from dq._dq import DatabaseHandle, Rows, Source, TransactionHandle
from dq._frames import SourceLike, is_frame, open_source, open_source_async, specs_of
from dq._locks import Claim
from dq._managers import DatabaseManager, database_handle
from dq._profile import Profile
from dq._report import Report
from dq._rules import RulesLike
from dq._table import Table
from dq._validate import profile, profile_async, validate, validate_async
from dq._work import awaited
from dq.exceptions import UnsupportedError, UsageError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

Parameters: TypeAlias = "Sequence[Any] | Mapping[str, Any] | None"
"""Values for ``?``, in their order, or for ``:name``, by name."""

_SQLITE = (".db", ".db3", ".sqlite", ".sqlite3")
_SERVERS = ("postgres://", "postgresql://", "mysql://", "mariadb://")


class QueryResult:
    """The rows of a query, all in memory.

    Iterating gives them as tuples, each value as the database holds it. As Arrow, which whatever reads the
    capsule takes without a copy, each column has one type: where rows disagree, whole numbers become
    floating-point numbers if that loses nothing, and everything else becomes text.
    """

    __slots__ = ("_rows",)

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self._rows.columns

    @property
    def row_count(self) -> int:
        """The number of rows."""
        return self._rows.row_count

    @property
    def truncated(self) -> bool:
        """Whether there were more rows than ``limit`` let through."""
        return self._rows.truncated

    @property
    def statistics(self) -> dict[str, Any] | None:
        """What an executor says about the call: ``rows``, ``cached``, ``attempts``, …."""
        text = self._rows.statistics
        return None if text is None else json.loads(text)

    def scalar(self) -> Any:
        """Return the first column of the first row; none where there is none."""
        for row in self:
            return row[0]
        return None

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as dictionaries."""
        columns = self.columns
        return [dict(zip(columns, row, strict=True)) for row in self]

    def table(self) -> Table:
        """Return the rows as a table of Arrow."""
        return Table(self._rows.arrow())

    def to_arrow(self) -> pyarrow.Table:
        """Return a ``pyarrow.Table``; needs the extra ``arrow``."""
        return self.table().to_arrow()

    def to_pandas(self) -> pandas.DataFrame:
        """Return a ``pandas.DataFrame``; needs the extra ``pandas``."""
        return self.table().to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """Return a ``polars.DataFrame``; needs the extra ``polars``."""
        return self.table().to_polars()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the rows over as a stream of Arrow."""
        return self._rows.arrow().__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return self.row_count

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for piece in range(self._rows.piece_count):
            yield from self._rows.rows(piece)

    def __repr__(self) -> str:
        return f"<dq.QueryResult of {self.row_count} rows: {', '.join(self.columns)}>"


@dataclass(frozen=True)
class TableSchema:
    """A table: its columns with their types, its primary key, about how many rows it has."""

    name: str
    columns: Mapping[str, str]
    primary_key: Sequence[str]
    rows_estimate: int | None


class Transaction:
    """A transaction that may write. It commits at the end of its ``with``, and rolls back on an exception."""

    __slots__ = ("_handle",)

    def __init__(self, handle: TransactionHandle) -> None:
        self._handle = handle

    def query(self, sql: str, params: Parameters = None, *, limit: int | None = None) -> QueryResult:
        """Run a statement and return its rows; it sees the changes of this transaction, and may write."""
        return QueryResult(self._handle.query(sql, params, limit).wait())

    async def query_async(self, sql: str, params: Parameters = None, *, limit: int | None = None) -> QueryResult:
        """As ``query``, without blocking the event loop."""
        return QueryResult(await awaited(self._handle.query(sql, params, limit)))

    def execute(self, sql: str, params: Parameters = None) -> int:
        """Run one statement; returns how many rows it inserted, changed or deleted."""
        return int(self._handle.execute(sql, params).wait())

    async def execute_async(self, sql: str, params: Parameters = None) -> int:
        """As ``execute``. If the task is cancelled, the whole transaction is rolled back."""
        return int(await awaited(self._handle.execute(sql, params)))


class Database:
    """A database, a file, or frames: what ``dq.connect`` gives.

    Each method has a twin for event loops, called ``…_async``; a cancelled task stops its statement at the
    database. Files and frames can be validated and profiled, and have no SQL: that is ``UnsupportedError``.
    May be used from any thread. After a fork it must be made anew.
    """

    __slots__ = ("_database", "_source")

    def __init__(self, database: DatabaseHandle | None, source: Source) -> None:
        self._database = database
        self._source = source

    @property
    def name(self) -> str:
        """How reports name it, without credentials."""
        return self._source.name

    def query(self, sql: str, params: Parameters = None, *, limit: int | None = None) -> QueryResult:
        """Run a statement that reads, and return its rows.

        Values for ``?`` come as a sequence, for ``:name`` as a mapping. Without ``limit`` more rows than memory is
        allowed for are ``LimitExceededError``. A statement that writes is ``PermissionDeniedError``.
        """
        return QueryResult(self._handle("query").query(sql, params, limit).wait())

    async def query_async(self, sql: str, params: Parameters = None, *, limit: int | None = None) -> QueryResult:
        """As ``query``, without blocking the event loop."""
        return QueryResult(await awaited(self._handle("query").query(sql, params, limit)))

    def execute(self, sql: str, params: Parameters = None) -> int:
        """Run one statement that writes, in a transaction of its own; returns how many rows it changed."""
        return int(self._handle("execute").execute(sql, params).wait())

    async def execute_async(self, sql: str, params: Parameters = None) -> int:
        """As ``execute``. If the task is cancelled, the change happens whole or not at all."""
        return int(await awaited(self._handle("execute").execute(sql, params)))

    @contextmanager
    def transaction(self) -> Generator[Transaction, None, None]:
        """Begin a transaction: ``with db.transaction() as tx: tx.execute(…)``."""
        handle: TransactionHandle = self._handle("begin").begin().wait()
        try:
            yield Transaction(handle)
        except BaseException:
            handle.rollback().wait()
            raise
        handle.commit().wait()

    @asynccontextmanager
    async def transaction_async(self) -> AsyncGenerator[Transaction, None]:
        """Begin a transaction: ``async with db.transaction_async() as tx: await tx.execute_async(…)``."""
        handle: TransactionHandle = await awaited(self._handle("begin").begin())
        try:
            yield Transaction(handle)
        except BaseException:
            # Not awaited: a task that is cancelled has no time left.
            handle.rollback().wait()
            raise
        await awaited(handle.commit())

    def tables(self) -> dict[str, TableSchema]:
        """Return the tables and views."""
        return _tables(self._handle("list tables").tables().wait())

    async def tables_async(self) -> dict[str, TableSchema]:
        """As ``tables``, without blocking the event loop."""
        return _tables(await awaited(self._handle("list tables").tables()))

    def health(self) -> dict[str, Any]:
        """Ask the database for a sign of life: ``status``, ``latency_seconds``, ``error``, ``details``."""
        return _document(self._handle("health").health().wait())

    async def health_async(self) -> dict[str, Any]:
        """As ``health``, without blocking the event loop."""
        return _document(await awaited(self._handle("health").health()))

    def nodes(self) -> list[dict[str, Any]]:
        """Return the servers of the database, if there are several: ``name``, ``role``, ``state``, ``lag_bytes``, ….

        ``role`` is ``primary``, ``replica``, ``shard`` or ``unknown``; ``state`` is ``ready``, ``warming``,
        ``lagging``, ``unreachable`` or ``apart``.
        """
        return _nodes(self._handle("list servers").nodes().wait())

    async def nodes_async(self) -> list[dict[str, Any]]:
        """As ``nodes``, without blocking the event loop."""
        return _nodes(await awaited(self._handle("list servers").nodes()))

    def statistics(self) -> dict[str, Any]:
        """Return what is counted of connections and statements."""
        return _document(self._handle("statistics").statistics())

    def backup(self, path: str | os.PathLike[str]) -> None:
        """Copy the database, as of one moment, to a file that does not exist yet."""
        self._handle("backup").backup(os.fspath(path)).wait()

    async def backup_async(self, path: str | os.PathLike[str]) -> None:
        """As ``backup``, without blocking the event loop."""
        await awaited(self._handle("backup").backup(os.fspath(path)))

    def validate(self, rules: RulesLike, **options: Any) -> Report:
        """Check the tables against ``rules``; the options are those of ``dq.validate``."""
        return validate(self, rules, **options)

    async def validate_async(self, rules: RulesLike, **options: Any) -> Report:
        """As ``validate``, without blocking the event loop."""
        return await validate_async(self, rules, **options)

    def profile(self, **options: Any) -> Profile:
        """Find out what is in the tables; the options are those of ``dq.profile``."""
        return profile(self, **options)

    async def profile_async(self, **options: Any) -> Profile:
        """As ``profile``, without blocking the event loop."""
        return await profile_async(self, **options)

    def close(self) -> None:
        """Let what runs end, and close every connection. Closing twice is fine."""
        if self._database is not None:
            self._database.close().wait()

    async def close_async(self) -> None:
        """As ``close``, without blocking the event loop."""
        if self._database is not None:
            await awaited(self._database.close())

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Database:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close_async()

    def __repr__(self) -> str:
        return f"<dq.Database {self.name}>"

    def _open_source(self) -> Source:
        return self._source

    def _handle(self, doing: str) -> DatabaseHandle:
        if self._database is None:
            raise UnsupportedError(f"cannot {doing}: `{self.name}` is no database, and has no SQL")
        return self._database


def connect(source: SourceLike, *, reading: Mapping[str, Any] | None = None, **options: Any) -> Database:
    """Open a database, a file or frames.

    ``source`` is what ``dq.validate`` takes, or a ``DatabaseManager`` of one's own. ``options`` are those of the
    database: for SQLite ``readers``, ``create_if_missing``, ``busy_timeout_ms``, …; for PostgreSQL and MySQL
    ``readers``, ``writers``, ``statement_timeout_ms``, …; for PostgreSQL also ``read_replicas``, the URLs of the other
    servers of the database, and ``replicas``, how reads are spread over them.
    """
    if isinstance(source, DatabaseManager):
        return _of_python(source, options)
    url = _url_of(source)
    if url is None:
        return Database(None, open_source(source, reading))
    with Claim([url]) as claim:
        handle: DatabaseHandle = DatabaseHandle.open(url, json.dumps(options, default=os.fspath)).wait()
        claim.hold(handle)
    return Database(handle, handle.source())


async def connect_async(source: SourceLike, *, reading: Mapping[str, Any] | None = None, **options: Any) -> Database:
    """As ``connect``, without blocking the event loop."""
    if isinstance(source, DatabaseManager):
        return _of_python(source, options)
    url = _url_of(source)
    if url is None:
        return Database(None, await open_source_async(source, reading))
    with Claim([url]) as claim:
        handle: DatabaseHandle = await awaited(DatabaseHandle.open(url, json.dumps(options, default=os.fspath)))
        claim.hold(handle)
    return Database(handle, handle.source())


def _of_python(manager: DatabaseManager, options: Mapping[str, Any]) -> Database:
    if options:
        raise UsageError(f"`{next(iter(options))}` is no option of a database manager of your own")
    handle = database_handle(manager)
    return Database(handle, handle.source())


def _url_of(source: SourceLike) -> str | None:
    """Return what names the database, if ``source`` is one."""
    if is_frame(source) or hasattr(source, "_open_source"):
        return None
    specs = specs_of(source)
    if len(specs) != 1:
        return None
    spec = specs[0]
    if spec.startswith(("sqlite:", *_SERVERS)) or spec.lower().endswith(_SQLITE):
        return spec
    return None


def _tables(text: str) -> dict[str, TableSchema]:
    tables: dict[str, TableSchema] = {}
    for it in cast("list[dict[str, Any]]", json.loads(text)):
        columns = {column["name"]: column["type"] for column in it["columns"]}
        schema = TableSchema(it["name"], columns, it["primary_key"], it["rows_estimate"])
        tables[schema.name] = schema
    return tables


def _nodes(text: str) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = json.loads(text)
    return nodes


def _document(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document
