"""Databases and caches that the caller writes in Python."""

from __future__ import annotations

import abc
import inspect
import json
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from dq._dq import ArrowTable, CacheHandle, CallHandle, DatabaseHandle
from dq._frames import Frame, is_frame, table_of
from dq.exceptions import UnsupportedError, UsageError

if TYPE_CHECKING:
    from dq._database import TableSchema
    from dq._dq import Source

_current = threading.local()


def when_cancelled(callback: Callable[[], object]) -> None:
    """In a method of a ``DatabaseManager`` or ``CacheManager``: what to do if nobody waits for the answer any more.

    ``callback`` is called from another thread, such as ``connection.interrupt`` of ``sqlite3``. Elsewhere nothing
    happens.
    """
    call: CallHandle | None = getattr(_current, "call", None)
    if call is not None:
        call.when_cancelled(callback)


def cancelled() -> bool:
    """In a method of a ``DatabaseManager`` or ``CacheManager``: whether nobody waits for the answer any more."""
    call: CallHandle | None = getattr(_current, "call", None)
    return call is not None and call.cancelled


class DatabaseManager(abc.ABC):
    """A database of one's own: a subclass says how statements are run, and dq runs queries and validations over it.

    ``dq.connect(manager)`` gives a ``Database``, ``dq.QueryExecutor(manager)`` runs queries within limits, and
    ``dq.validate(manager, rules)`` checks its tables. Methods are plain functions, called from several threads at once.
    What they raise reaches the caller: a ``DqError`` as one of its kind, so that a ``dq.UnavailableError`` is tried
    again; ``TimeoutError``, ``ConnectionError`` and ``PermissionError`` as dq's; everything else as it is.
    """

    @property
    def name(self) -> str:
        """How reports and errors name it; without credentials."""
        return type(self).__name__

    @abc.abstractmethod
    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any]) -> Frame:
        """Run a statement that reads, and return its rows.

        Rows are a frame of any library, a mapping of names of columns to their values, or a pair of the names of
        columns and the rows, as a cursor has them. ``params`` are values for ``?``, or by name for ``:name``.
        """

    def execute(self, sql: str, params: Sequence[Any] | Mapping[str, Any]) -> int:
        """Run one statement that writes, and return how many rows it changed, once that is committed."""
        raise UnsupportedError(f"`{self.name}` cannot write")

    def tables(self) -> Sequence[TableSchema]:
        """Return the tables that can be checked, with the types that dq has: ``integer``, ``text``, ….

        None, unless a subclass says so.
        """
        return ()

    def read(self, table: str, columns: Sequence[str]) -> Frame:
        """Return these columns of a whole table, in this order: what ``query`` gives for them, unless a subclass knows
        a better way.
        """
        listed = ", ".join(_quoted(it) for it in columns)
        return self.query(f"SELECT {listed} FROM {_quoted(table)}", [])  # noqa: S608

    def version(self, table: str) -> str | None:
        """Return what changes whenever the rows of a table do; nothing if that cannot be told.

        Where it is told, a validation of rows that change meanwhile is ``SourceChangedError``, and an executor may give
        an earlier answer while nothing has changed.
        """
        return None

    def health(self) -> object:
        """Raise an exception if the database does not answer."""
        return self.query("SELECT 1", [])

    def close(self) -> None:  # noqa: B027
        """Close what is open; called once."""

    def _open_source(self) -> Source:
        return _database_handle(self).source()


class CacheManager(abc.ABC):
    """A store of one's own for ``dq.Cache``: bytes by key.

    dq settles who computes a value, once for all who ask. What the store raises is a miss and is told to the log.
    Methods are plain functions, called from several threads at once. Keys and tags are digests, and hold no value.
    """

    @abc.abstractmethod
    def get(self, key: str) -> bytes | None:
        """Return what is kept under a key, unless its time is over."""

    @abc.abstractmethod
    def set(self, key: str, value: bytes, ttl: float, namespace: str, tags: Sequence[str]) -> None:
        """Keep a value for so many seconds."""

    @abc.abstractmethod
    def delete(self, key: str) -> None:
        """Forget a value."""

    @abc.abstractmethod
    def invalidate_tag(self, tag: str) -> None:
        """Forget all values with a tag."""

    @abc.abstractmethod
    def invalidate_namespace(self, namespace: str) -> None:
        """Forget all values of a namespace."""

    @abc.abstractmethod
    def clear(self) -> None:
        """Forget all values."""

    def close(self) -> None:  # noqa: B027
        """Close what is open; called once."""


class Answers:
    """What the Rust half calls of a ``DatabaseManager``: each method has the call that it answers first."""

    __slots__ = ("_manager",)

    def __init__(self, manager: DatabaseManager) -> None:
        self._manager = manager

    def query(self, call: CallHandle, sql: str, params: Any, limit: int | None) -> tuple[ArrowTable, bool]:
        """Return the rows of a query, and whether there were more."""
        with _answering(call):
            table = _rows(self._manager.query(sql, params))
        if limit is None or table.row_count <= limit:
            return table, False
        return table.first(limit), True

    def execute(self, call: CallHandle, sql: str, params: Any, _: int | None) -> int:
        """Return how many rows a statement changed."""
        with _answering(call):
            return int(self._manager.execute(sql, params))

    def tables(self, call: CallHandle) -> str:
        """Return the tables as JSON."""
        with _answering(call):
            tables = self._manager.tables()
        return json.dumps(
            [
                {
                    "name": it.name,
                    "columns": [{"name": n, "type": t, "nullable": True} for n, t in it.columns.items()],
                    "primary_key": list(it.primary_key),
                    "rows_estimate": it.rows_estimate,
                }
                for it in tables
            ]
        )

    def read(self, call: CallHandle, table: str, columns: Sequence[str]) -> ArrowTable:
        """Return columns of a table."""
        with _answering(call):
            rows = _rows(self._manager.read(table, columns))
        if rows.columns != list(columns):
            told = ", ".join(rows.columns) or "none"
            raise UsageError(f"`read` of `{self._manager.name}` was asked for {', '.join(columns)}, and gave {told}")
        return rows

    def version(self, call: CallHandle, table: str) -> str | None:
        """Return what tells the state of a table."""
        with _answering(call):
            version = self._manager.version(table)
        return None if version is None else str(version)

    def health(self, call: CallHandle) -> None:
        """Raise an exception if the database does not answer."""
        with _answering(call):
            self._manager.health()

    def close(self, call: CallHandle) -> None:
        """Close what is open."""
        with _answering(call):
            self._manager.close()


class CacheAnswers:
    """What the Rust half calls of a ``CacheManager``."""

    __slots__ = ("_manager",)

    def __init__(self, manager: CacheManager) -> None:
        self._manager = manager

    def get(self, call: CallHandle, key: str) -> bytes | None:
        """Return what is kept under a key."""
        with _answering(call):
            found = self._manager.get(key)
        return None if found is None else bytes(found)

    def set(self, call: CallHandle, key: str, value: bytes, ttl: float, namespace: str, tags: Sequence[str]) -> None:
        """Keep a value."""
        with _answering(call):
            self._manager.set(key, value, ttl, namespace, tags)

    def forget(self, call: CallHandle, kind: str, name: str) -> None:
        """Forget what a scope covers."""
        with _answering(call):
            if kind == "key":
                self._manager.delete(name)
            elif kind == "tag":
                self._manager.invalidate_tag(name)
            elif kind == "namespace":
                self._manager.invalidate_namespace(name)
            else:
                self._manager.clear()

    def close(self, call: CallHandle) -> None:
        """Close what is open."""
        with _answering(call):
            self._manager.close()


@contextmanager
def _answering(call: CallHandle) -> Generator[None, None, None]:
    _current.call = call
    try:
        yield
    finally:
        _current.call = None


def database_handle(manager: DatabaseManager) -> DatabaseHandle:
    """Return the handle of a database whose manager is written in Python."""
    return _database_handle(manager)


def _database_handle(manager: DatabaseManager) -> DatabaseHandle:
    _check(manager, ("query", "execute", "tables", "read", "version", "health", "close"))
    return DatabaseHandle.of_python(Answers(manager), manager.name)


def cache_handle(manager: CacheManager, namespace: str) -> CacheHandle:
    """Return the handle of a cache whose store is written in Python."""
    _check(manager, ("get", "set", "delete", "invalidate_tag", "invalidate_namespace", "clear", "close"))
    return CacheHandle.of_python(namespace, CacheAnswers(manager))


def _check(manager: object, names: Sequence[str]) -> None:
    for name in names:
        if inspect.iscoroutinefunction(getattr(manager, name)):
            raise UsageError(
                f"`{name}` of `{type(manager).__name__}` must be a plain function: dq calls it on a thread"
            )


def _rows(given: Any) -> ArrowTable:
    if isinstance(given, tuple):
        names, rows = cast("tuple[Sequence[str], Sequence[Sequence[Any]]]", given)
        columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
        given = dict(zip(names, map(list, columns), strict=True))
    if not is_frame(given):
        raise UsageError(f"a `{type(given).__name__}` is no rows: give a frame, a mapping, or names and rows")
    return table_of(given, "the rows of a query", [])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
