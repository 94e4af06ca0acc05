"""What queries and rules gave."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from dq._frames import is_pandas
from dq._require import require
from dq._table import Table

if TYPE_CHECKING:
    import pandas


T = TypeVar("T")

FIRST_ROWS, CHUNK_ROWS = 10, 10_000
"""How many rows become objects of Python at a time: at first, and then."""


class Frame:
    """An attribute that is a ``pandas.DataFrame``, made when it is first asked for.

    It may be given as a frame or as a ``dq.Table``; so pandas is needed only by who looks at frames.
    """

    def __get__(self, holder: object | None, owner: type | None = None) -> Any:
        """Return the frame."""
        if holder is None:
            return self
        rows = rows_of(holder)
        if rows is not None and not isinstance(rows, Table):
            return rows
        frame = require("pandas", extra="pandas").DataFrame() if rows is None else rows.to_pandas()
        holder.__dict__["_frame"] = frame
        return frame

    def __set__(self, holder: object, rows: Any) -> None:
        """Keep a frame, a table, or nothing."""
        holder.__dict__["_rows"] = rows
        holder.__dict__.pop("_frame", None)


def framed(name: str) -> Callable[[type[T]], type[T]]:
    """Make the attribute ``name`` of a dataclass a ``Frame``."""

    def change(kind: type[T]) -> type[T]:
        setattr(kind, name, Frame())
        return kind

    return change


def rows_of(holder: object) -> Any:
    """Return the table or the frame that ``holder`` keeps; a frame that was handed out may have been changed."""
    return holder.__dict__.get("_frame", holder.__dict__.get("_rows"))


def columns_of(rows: Any) -> list[str]:
    """Return the names of the columns of a table or of a frame."""
    return [] if rows is None else [str(it) for it in rows.columns]


def column_of(rows: Any, name: str) -> list[Any]:
    """Return the values of one column of a table or of a frame."""
    if isinstance(rows, Table):
        return rows.column(name)
    return [None if _is_missing(it) else it for it in rows[name].tolist()]


def tuples_of(rows: Any) -> Iterator[tuple[Any, ...]]:
    """Return the rows of a table or of a frame as tuples, with None for what is missing."""
    if rows is None:
        return iter(())
    if isinstance(rows, Table):
        return _by_chunks(rows)
    columns = [column_of(rows.iloc[:, [it]], str(rows.columns[it])) for it in range(len(rows.columns))]
    return iter(zip(*columns, strict=True)) if columns else iter([()] * len(rows))


def _by_chunks(table: Table) -> Iterator[tuple[Any, ...]]:
    # A piece may be all of a table, of which the caller may want but the first rows.
    arrow = table._arrow  # pyright: ignore[reportPrivateUsage]
    size, start = FIRST_ROWS, 0
    while start < len(table):
        yield from Table(arrow.slice(start, size))
        start, size = start + size, CHUNK_ROWS


def is_tabular(rows: Any) -> bool:
    """Whether ``rows`` is a table or a frame of pandas."""
    return isinstance(rows, Table) or is_pandas(rows)


def _is_missing(value: Any) -> bool:
    # NaN, NaT and pandas.NA are not themselves.
    return value is None or not _truth(value == value)


def _truth(value: Any) -> bool:
    try:
        return bool(value)
    except (TypeError, ValueError):
        return type(value).__name__ != "NAType"


@framed("data")
@dataclass(eq=False, repr=False)
class QueryResult:
    """The rows of a query, or why there are none: a wrong statement is no exception."""

    data: pandas.DataFrame
    """The rows, a ``pandas.DataFrame``; needs the extra ``pandas``."""
    execution_time: float
    """How many seconds it took."""
    row_count: int
    """How many rows there are; of a statement that writes, how many it changed."""
    columns: list[str]
    """The names of the columns."""
    query: str
    """The statement."""
    success: bool = True
    """Whether it ran, and what it wrote is kept."""
    error_message: str | None = None
    """Why it did not."""

    @property
    def table(self) -> Table:
        """The rows without pandas: what reads Arrow takes them as they are."""
        rows = rows_of(self)
        if isinstance(rows, Table):
            return rows
        if rows is None:
            return Table({})
        names = columns_of(rows)
        columns = list(zip(*tuples_of(rows), strict=True)) or [() for _ in names]
        return Table(dict(zip(names, columns, strict=True)))

    def __repr__(self) -> str:
        told = f"{self.row_count} rows" if self.success else f"failed: {self.error_message}"
        return f"<QueryResult {told}, {self.execution_time:.3f} s>"


@dataclass(eq=False)
class ValidationQueryResult:
    """What one rule found."""

    rule_name: str
    query_path: str
    """Where the rule comes from."""
    result: QueryResult
    severity: str
    """The severity that the configuration gives the rule; rows have their own. ``ERROR`` if it could not run."""
    enabled: bool
    execution_timestamp: datetime.datetime
    """When it began, in UTC; of a cached result, when that was made."""
    summary: dict[str, Any] | None = None
    cached: bool = False
    """Whether this is an earlier result over unchanged data."""
    age_seconds: float = field(default=0.0, kw_only=True)
    """How old the result is."""
    original_execution_time: float | None = field(default=None, kw_only=True)
    """What a cached result took to make, in seconds."""
    report: dict[str, Any] | None = field(default=None, kw_only=True)
    """What dq's report says about the rule, check by check."""

    @property
    def violation_count(self) -> int:
        """How many violations there are; rows of severity INFO are none."""
        return int((self.summary or {}).get("total_violations", self.result.row_count))


def frame_of(rows: Table | None) -> Any:
    """Return rows as what an attribute that is a ``Frame`` may be given."""
    return rows


def failed(query: str, error: BaseException, seconds: float = 0.0) -> QueryResult:
    """Return the result of what did not run."""
    return QueryResult(frame_of(None), seconds, 0, [], query, False, str(error) or type(error).__name__)


def of_table(table: Table, query: str, seconds: float) -> QueryResult:
    """Return the result that has these rows."""
    return QueryResult(frame_of(table), seconds, table.row_count, table.columns, query)


def now() -> datetime.datetime:
    """Return the present moment in UTC."""
    return datetime.datetime.now(datetime.timezone.utc)


def moment(value: datetime.datetime) -> str:
    """Write a moment as ISO 8601."""
    return value.isoformat()
