"""What can be checked: paths, URLs, and frames of any library, as sources of the Rust half."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from dq._dq import ArrowTable, Source, table_of_lists
from dq._locks import Claim
from dq._require import require
from dq._rules import Rules
from dq._table import Table
from dq._work import awaited
from dq.exceptions import UsageError

Frame: TypeAlias = Any
"""A table of pandas, Polars, PyArrow, DuckDB, or anything else with the Arrow capsule."""

SourceLike: TypeAlias = Any
"""A path, a URL, several of them, a frame, a mapping of names to frames or lists, or a ``Database``."""

KeyColumns: TypeAlias = "str | Sequence[str] | Mapping[str, str | Sequence[str]] | None"
"""The columns of a key; where there are several tables, by the name of the table."""

DATA = "data"
"""The table of a single frame or file."""


def is_frame(source: object) -> bool:
    """Whether ``source`` holds its rows in memory."""
    return isinstance(source, Mapping) or _has_capsule(source) or is_pandas(source)


def is_pandas(frame: object) -> bool:
    """Whether ``frame`` is one of pandas, without importing it."""
    return type(frame).__module__.partition(".")[0] == "pandas"


def _has_capsule(frame: object) -> bool:
    return hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__")


def open_source(
    source: SourceLike, reading: Mapping[str, Any] | None, key: KeyColumns = None, rules: Rules | None = None
) -> Source:
    """Open what ``source`` names, for ``rules`` alone if they are given; waits where that takes time."""
    found = _at_once(source, key, rules)
    if found is not None:
        return found
    specs = specs_of(source)
    with Claim(specs) as claim:
        opened: Source = Source.open(specs, json.dumps(dict(reading or {}))).wait()
        claim.hold(opened)
    return opened


async def open_source_async(
    source: SourceLike, reading: Mapping[str, Any] | None, key: KeyColumns = None, rules: Rules | None = None
) -> Source:
    """Open what ``source`` names, for ``rules`` alone if they are given."""
    found = _at_once(source, key, rules)
    if found is not None:
        return found
    specs = specs_of(source)
    with Claim(specs) as claim:
        opened: Source = await awaited(Source.open(specs, json.dumps(dict(reading or {}))))
        claim.hold(opened)
    return opened


def _at_once(source: SourceLike, key: KeyColumns, rules: Rules | None) -> Source | None:
    if is_frame(source):
        return of_frames(source, key, rules)
    if key is not None:
        raise UsageError("`key` is for frames: other sources know their keys themselves")
    if isinstance(source, Source):
        return source
    opened = getattr(source, "_open_source", None)
    if opened is not None:
        return cast("Source", opened())
    if isinstance(source, (str, os.PathLike)) and _is_excel(os.fspath(source)):
        return of_excel(os.fspath(cast("str | os.PathLike[str]", source)))
    return None


def specs_of(source: SourceLike) -> list[str]:
    """Return what names ``source``, as the command line takes it."""
    if isinstance(source, (str, os.PathLike)):
        return [os.fspath(cast("str | os.PathLike[str]", source))]
    if isinstance(source, (list, tuple)):
        specs = cast("list[str | os.PathLike[str]]", source)
        if specs and all(isinstance(it, (str, os.PathLike)) for it in specs):
            return [os.fspath(it) for it in specs]
    message = (
        f"cannot check a `{type(source).__name__}`: a source is a path, a URL, a list of these, "
        "a frame, a mapping of names to frames, or a database"
    )
    raise UsageError(message)


def of_frames(source: Frame, key: KeyColumns = None, rules: Rules | None = None) -> Source:
    """Return a source over frames: one, or a mapping of names to them; with ``rules``, for these alone."""
    frames: Mapping[str, Frame]
    if isinstance(source, Mapping):
        given = cast("Mapping[str, Any]", source)
        columns = [not is_frame(it) for it in given.values()]
        # Names of columns to their values, and not of tables.
        frames = {DATA: given} if columns and all(columns) else given
    else:
        frames = {DATA: source}
    notes: list[str] = []
    name = f"a frame of {type(source).__module__.partition('.')[0]}"
    if isinstance(source, Mapping):
        name = "tables in memory"
    keys = keys_of(key, [str(it) for it in frames])
    drafts = {str(table): _draft_of(frame, str(table), notes) for table, frame in frames.items()}
    wanted = None
    if rules is not None and any(isinstance(it, PandasFrame) for it in drafts.values()):
        named = [(table, draft.columns, keys.get(table, ())) for table, draft in drafts.items()]
        wanted = rules._handle.columns_read(named)  # pyright: ignore[reportPrivateUsage]
    read: list[tuple[str, ArrowTable, Sequence[str]]] = []
    for table, draft in drafts.items():
        if isinstance(draft, PandasFrame):
            draft = draft.convert(None if wanted is None else wanted.get(table, []), notes)
        read.append((table, draft, keys.get(table, ())))
    return Source.of_tables(name, read, notes)


def keys_of(key: KeyColumns, tables: list[str]) -> dict[str, list[str]]:
    """Return the columns of the key of each table that has one."""
    if key is None:
        return {}
    if not isinstance(key, Mapping):
        if len(tables) != 1:
            raise UsageError(f"`key` must say of which table: there are {', '.join(tables)}")
        key = {tables[0]: key}
    unknown = [it for it in key if it not in tables]
    if unknown:
        raise UsageError(f"`key` names the table `{unknown[0]}`: there are {', '.join(tables)}")
    return {name: [columns] if isinstance(columns, str) else list(columns) for name, columns in key.items()}


def table_of(frame: Frame, table: str, notes: list[str]) -> ArrowTable:
    """Return ``frame`` as Arrow; ``notes`` hears what had to become text."""
    draft = _draft_of(frame, table, notes)
    return draft.convert(None, notes) if isinstance(draft, PandasFrame) else draft


def _draft_of(frame: Frame, table: str, notes: list[str]) -> ArrowTable | PandasFrame:
    if is_pandas(frame):
        return PandasFrame(frame, table)
    if isinstance(frame, ArrowTable):
        return frame
    if isinstance(frame, Table):
        return frame._arrow  # pyright: ignore[reportPrivateUsage]
    if isinstance(frame, Mapping):
        columns = cast("Mapping[str, Any]", frame)
        read, mixed = table_of_lists([(str(n), list(v)) for n, v in columns.items()])
        _note(mixed, table, notes)
        return read
    return ArrowTable.of(frame)


class PandasFrame:
    """A frame or series of pandas whose columns of Python's objects are converted once it is known which are wanted."""

    def __init__(self, frame: Frame, table: str) -> None:
        self._pyarrow = require("pyarrow", extra="pandas")
        if not hasattr(frame, "columns"):
            frame = frame.to_frame(name=str(frame.name) if frame.name is not None else "value")
        self._frame = frame
        self._table = table
        self.columns = [str(it) for it in frame.columns]

    def convert(self, wanted: Sequence[str] | None, notes: list[str]) -> ArrowTable:
        """Return it as Arrow; objects that nobody wants are left out, and columns of mixed types become text."""
        arrays: list[Any] = []
        for position, name in enumerate(self.columns):
            series = self._frame.iloc[:, position]
            if wanted is not None and name not in wanted and str(series.dtype) == "object":
                arrays.append(self._pyarrow.nulls(len(series)))
            else:
                arrays.append(self._array(series, name, notes))
        return ArrowTable.of(self._pyarrow.table(arrays, names=self.columns))

    def _array(self, series: Any, name: str, notes: list[str]) -> Any:
        pyarrow = self._pyarrow
        try:
            return pyarrow.Array.from_pandas(series)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError):
            read, mixed = table_of_lists([(name, list(series))])
            _note(mixed, self._table, notes)
            return pyarrow.table(read).column(0)


def _note(mixed: list[str], table: str, notes: list[str]) -> None:
    for column in mixed:
        notes.append(f"the column `{column}` of `{table}` has values of several types: read as text")


def _is_excel(path: str) -> bool:
    return path.lower().endswith((".xlsx", ".xlsm"))


def of_excel(path: str) -> Source:
    """Return a source over the sheets of a workbook, whose first rows name the columns."""
    openpyxl = require("openpyxl", extra="excel")
    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    notes: list[str] = []
    tables: list[tuple[str, ArrowTable, Sequence[str]]] = []
    try:
        for sheet in workbook.worksheets:
            rows = sheet.iter_rows(values_only=True)
            names = [str(it) for it in next(rows, ()) if it is not None]
            # A row may be shorter than the first, or have cells beyond its names.
            cells = [(*row, *(None,) * len(names))[: len(names)] for row in rows]
            columns = list(zip(*cells, strict=True)) if cells else [() for _ in names]
            named = list(zip(names, map(list, columns), strict=True))
            table, mixed = table_of_lists(named)
            name = DATA if len(workbook.worksheets) == 1 else str(sheet.title)
            _note(mixed, name, notes)
            tables.append((name, table, ()))
    finally:
        workbook.close()
    return Source.of_tables(path, tables, notes)
