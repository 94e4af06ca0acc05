"""Connections and sessions, as far as callers of the earlier pipeline used those of SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dq.exceptions import PermissionDeniedError, UsageError

if TYPE_CHECKING:
    from dq._database import Database, QueryResult
    from dq._dq import TransactionHandle


class Answer:
    """What a statement gave: its rows, or how many it changed."""

    __slots__ = ("_columns", "_rows", "rowcount")

    def __init__(self, columns: Sequence[str], rows: Iterator[tuple[Any, ...]], rowcount: int) -> None:
        self._columns = list(columns)
        self._rows = rows
        self.rowcount = rowcount

    @property
    def returns_rows(self) -> bool:
        """Whether it has columns."""
        return bool(self._columns)

    def keys(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._columns)

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row; none after the last."""
        return next(self._rows, None)

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        """Return the next rows, so many at most."""
        return [row for _, row in zip(range(size), self._rows, strict=False)]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows that are left."""
        return list(self._rows)

    all = fetchall
    first = fetchone

    def scalar(self) -> Any:
        """Return the first column of the next row."""
        row = self.fetchone()
        return row[0] if row else None

    def mappings(self) -> list[dict[str, Any]]:
        """Return all rows that are left as dictionaries."""
        return [dict(zip(self._columns, row, strict=True)) for row in self._rows]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows


class Session:
    """Runs statements; what they write is kept by ``commit``, and by leaving ``with`` without an exception.

    Statements that read take no lock; the first that writes begins a transaction, which later ones see.
    """

    __slots__ = ("_database", "_is_closed", "_owns", "_transaction")

    def __init__(self, database: Database, *, owns: bool = False) -> None:
        self._database = database
        self._owns = owns
        self._is_closed = False
        self._transaction: TransactionHandle | None = None

    def execute(self, statement: Any, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> Answer:
        """Run one statement: a text, or anything whose ``str`` is one. Values for ``:name`` come as a mapping."""
        if self._is_closed:
            raise UsageError("cannot use a session that is closed")
        sql = str(statement)
        if self._transaction is None:
            try:
                return _answer(self._database.query(sql, parameters))
            except PermissionDeniedError:
                self._transaction = self._begin()
        return written(self._transaction, sql, parameters)

    def _begin(self) -> TransactionHandle:
        handle = self._database._handle("begin")  # pyright: ignore[reportPrivateUsage]
        begun: TransactionHandle = handle.begin().wait()
        return begun

    def commit(self) -> None:
        """Keep what was written."""
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            transaction.commit().wait()

    def rollback(self) -> None:
        """Take back what was written since the last commit."""
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            transaction.rollback().wait()

    def close(self) -> None:
        """Take back what was not committed."""
        self.rollback()
        self._is_closed = True
        if self._owns:
            self._database.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self.close()


class Engine:
    """Gives connections to one database."""

    __slots__ = ("database", "url")

    def __init__(self, database: Database, url: str) -> None:
        self.database = database
        self.url = url

    def connect(self) -> Session:
        """Return a connection, to be used in ``with``."""
        return Session(self.database)

    begin = connect

    def dispose(self) -> None:
        """Close every connection."""
        self.database.close()


def written(transaction: TransactionHandle, sql: str, parameters: Any) -> Answer:
    """Run a statement in a transaction; tells its rows, or how many it changed."""
    result = transaction.query(sql, parameters, None).wait()
    rows = [row for piece in range(result.piece_count) for row in result.rows(piece)]
    changed = transaction.query("SELECT changes()", None, None).wait().rows(0)[0][0]
    return Answer(result.columns, iter(rows), int(changed) if _changes(sql) else len(rows))


def _changes(sql: str) -> bool:
    """Whether a statement changes rows: what SQLite counts stays from the last one that did."""
    word = sql.lstrip(" \t\r\n(").partition(" ")[0].upper()
    return word.strip() in ("INSERT", "UPDATE", "DELETE", "REPLACE", "WITH")


def _answer(result: QueryResult) -> Answer:
    return Answer(result.columns, iter(result), result.row_count)
