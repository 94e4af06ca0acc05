"""Tables of Arrow, and the libraries that they are handed to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from dq._dq import ArrowTable, table_of_lists
from dq._require import require

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


class Table:
    """A table in memory.

    Whatever reads Arrow takes it as it is, without a copy: ``pyarrow.table(table)``,
    ``polars.DataFrame(table)``, DuckDB. Iterating gives the rows as tuples of Python's values.
    """

    __slots__ = ("_arrow",)

    def __init__(self, source: Any) -> None:
        """Take over ``source``: whatever has the Arrow capsule, or a mapping of names to lists."""
        if isinstance(source, ArrowTable):
            self._arrow = source
        elif isinstance(source, Mapping):
            columns = cast("Mapping[str, Any]", source)
            self._arrow = table_of_lists([(str(n), list(v)) for n, v in columns.items()])[0]
        else:
            self._arrow = ArrowTable.of(source)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self._arrow.columns

    @property
    def row_count(self) -> int:
        """The number of rows."""
        return self._arrow.row_count

    def column(self, name: str) -> list[Any]:
        """Return the values of the column called ``name``; ``KeyError`` if there is none."""
        if name not in self.columns:
            raise KeyError(name)
        return self._arrow.column(self.columns.index(name))

    def to_arrow(self) -> pyarrow.Table:
        """Return a ``pyarrow.Table`` over the same memory; needs the extra ``arrow``."""
        return require("pyarrow", extra="arrow").table(self)

    def to_pandas(self) -> pandas.DataFrame:
        """Return a ``pandas.DataFrame``; needs the extra ``pandas``."""
        require("pandas", extra="pandas")
        frame: pandas.DataFrame = require("pyarrow", extra="pandas").table(self).to_pandas()
        return frame

    def to_polars(self) -> polars.DataFrame:
        """Return a ``polars.DataFrame``; needs the extra ``polars``."""
        return require("polars", extra="polars").DataFrame(self)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as dictionaries."""
        columns = self.columns
        return [dict(zip(columns, row, strict=True)) for row in self]

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the table over as a stream of Arrow."""
        return self._arrow.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """Tell the columns and their types."""
        return self._arrow.__arrow_c_schema__()

    def __len__(self) -> int:
        return self.row_count

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for piece in range(self._arrow.piece_count):
            yield from self._arrow.rows(piece)

    def __repr__(self) -> str:
        return f"<dq.Table of {self.row_count} rows: {', '.join(self.columns)}>"
