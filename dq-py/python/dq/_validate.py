"""``dq.validate`` and ``dq.profile``."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dq._dq import Source, run, survey
from dq._frames import KeyColumns, SourceLike, is_frame, open_source, open_source_async
from dq._profile import Profile
from dq._progress import Line, Progress, ProgressFunction
from dq._report import Report
from dq._rules import CustomFunction, Rules, RulesLike
from dq._work import awaited

if TYPE_CHECKING:
    from dq._dq import Work

VIOLATIONS_MAX = 10_000_000
"""How many violations are kept where no other number is asked for."""


def validate(
    source: SourceLike,
    rules: RulesLike,
    *,
    parameters: Mapping[str, str] | None = None,
    custom: Mapping[str, CustomFunction] | None = None,
    as_of: str | None = None,
    sample_limit: int = 10,
    show_values: bool = False,
    violations: bool | int | None = None,
    threads: int | None = None,
    memory_bytes_max: int | None = None,
    temp_dir: str | os.PathLike[str] | None = None,
    timeout: float | None = None,
    progress: Progress = None,
    reading: Mapping[str, Any] | None = None,
    key: KeyColumns = None,
) -> Report:
    """Check the rows of ``source`` against ``rules``.

    ``source`` is what the program ``dq`` takes (the path of a SQLite database, of a CSV, Parquet, Arrow or JSON
    file, or of a folder of these; the URL of a PostgreSQL database; a list of such), the path of an Excel
    workbook, a frame of pandas, Polars, PyArrow or DuckDB, a mapping of names to frames, or a ``Database``. The
    table of a single frame or file is ``data``. Frames of Arrow are read where they are, without a copy.

    ``rules`` is a path, YAML text, a dictionary of what YAML would say, a ``Rules``, or ``Rule`` objects;
    ``parameters`` are values for its ``${name}``, ``custom`` functions for its checks ``custom: name``.

    ``as_of`` is "today" as ``YYYY-MM-DD``, by default the current day in UTC. ``sample_limit`` bounds the keys of
    failing rows that each check shows; ``show_values`` shows the checked values beside them.
    ``violations`` says whether every failing row is kept, or how many at most; by default they are for frames,
    up to 10 million. ``threads`` is how many threads may work at once, by default one for each processor.
    ``memory_bytes_max`` bounds the memory for keys, by default 2 GiB; what is beyond goes to files in
    ``temp_dir``. ``timeout`` is in seconds. ``progress`` hears how far the run is, or is ``True`` for a line
    on standard error. ``reading`` has options for files, such as ``{"csv": {"delimiter": ";"}}``. ``key`` names the
    columns of a frame by whose values failing rows are told, instead of by their numbers; of several frames each has
    its own: ``{"provider": "id", "affiliation": ["provider_id", "facility_id"]}``.

    Raises an exception below ``DqError`` if there is no answer. Violations are no exception: see
    ``Report.raise_for_status``. Ctrl-C stops the run.
    """
    read = Rules(rules, parameters=parameters, custom=custom)
    options = _options(as_of, sample_limit, show_values, threads, memory_bytes_max, temp_dir, timeout)
    shown = _shown(progress, options)
    _keep(source, violations, options)
    try:
        opened = open_source(source, reading, key, read)
        return Report(*_run(opened, read, options).wait())
    finally:
        shown()


async def validate_async(
    source: SourceLike,
    rules: RulesLike,
    *,
    parameters: Mapping[str, str] | None = None,
    custom: Mapping[str, CustomFunction] | None = None,
    as_of: str | None = None,
    sample_limit: int = 10,
    show_values: bool = False,
    violations: bool | int | None = None,
    threads: int | None = None,
    memory_bytes_max: int | None = None,
    temp_dir: str | os.PathLike[str] | None = None,
    timeout: float | None = None,
    progress: Progress = None,
    reading: Mapping[str, Any] | None = None,
    key: KeyColumns = None,
) -> Report:
    """Check the rows of ``source`` against ``rules``, as ``validate`` does, without blocking the event loop.

    Cancelling the task stops the run.
    """
    read = Rules(rules, parameters=parameters, custom=custom)
    options = _options(as_of, sample_limit, show_values, threads, memory_bytes_max, temp_dir, timeout)
    shown = _shown(progress, options)
    _keep(source, violations, options)
    try:
        opened = await open_source_async(source, reading, key, read)
        return Report(*await awaited(_run(opened, read, options)))
    finally:
        shown()


def profile(
    source: SourceLike,
    *,
    tables: Sequence[str] = (),
    suggest: bool = False,
    show_values: bool = True,
    top: int = 10,
    threads: int | None = None,
    memory_bytes_max: int | None = None,
    progress: Progress = None,
    reading: Mapping[str, Any] | None = None,
) -> Profile:
    """Find out what is in ``source``: types, missing and frequent values, shapes, keys, dependencies.

    ``source`` and ``reading`` are those of ``validate``. ``tables`` are the tables to look at, by default all.
    ``suggest`` suggests rules, which takes a second scan. ``show_values`` shows values of rows, ``top`` of them for
    each column.
    """
    options = _survey(tables, suggest, show_values, top, threads, memory_bytes_max)
    shown = _shown(progress, options)
    try:
        return Profile(*survey(open_source(source, reading), options).wait())
    finally:
        shown()


async def profile_async(
    source: SourceLike,
    *,
    tables: Sequence[str] = (),
    suggest: bool = False,
    show_values: bool = True,
    top: int = 10,
    threads: int | None = None,
    memory_bytes_max: int | None = None,
    progress: Progress = None,
    reading: Mapping[str, Any] | None = None,
) -> Profile:
    """Find out what is in ``source``, as ``profile`` does, without blocking the event loop."""
    options = _survey(tables, suggest, show_values, top, threads, memory_bytes_max)
    shown = _shown(progress, options)
    try:
        opened = await open_source_async(source, reading)
        return Profile(*await awaited(survey(opened, options)))
    finally:
        shown()


def _run(source: Source, rules: Rules, options: dict[str, Any]) -> Work:
    return run(source, rules._handle, options)  # pyright: ignore[reportPrivateUsage]


def _options(
    as_of: str | None,
    sample_limit: int,
    show_values: bool,
    threads: int | None,
    memory_bytes_max: int | None,
    temp_dir: str | os.PathLike[str] | None,
    timeout: float | None,
) -> dict[str, Any]:
    return {
        "as_of": None if as_of is None else str(as_of),
        "sample_limit": sample_limit,
        "show_values": show_values,
        "threads": threads or _processors(),
        "memory_bytes_max": memory_bytes_max,
        "temp_dir": temp_dir,
        "timeout": timeout,
    }


def _survey(
    tables: Sequence[str],
    suggest: bool,
    show_values: bool,
    top: int,
    threads: int | None,
    memory_bytes_max: int | None,
) -> dict[str, Any]:
    return {
        "tables": list(tables),
        "suggest": suggest,
        "show_values": show_values,
        "top": top,
        "threads": threads or _processors(),
        "memory_bytes_max": memory_bytes_max,
    }


def _keep(source: SourceLike, violations: bool | int | None, options: dict[str, Any]) -> None:
    numbered = is_frame(source)
    wanted = numbered if violations is None else violations
    most = VIOLATIONS_MAX if wanted is True else int(wanted) or None
    options.update(violations_max=most, is_numbered=numbered)


def _shown(progress: Progress, options: dict[str, Any]) -> Callable[[], None]:
    """Set who hears of progress; gives what to do at the end."""
    function: ProgressFunction | None = None if isinstance(progress, bool) else progress
    line = Line() if progress is True else None
    options["progress"] = line or function
    return line.clear if line else _nothing


def _nothing() -> None:
    pass


def _processors() -> int:
    """How many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
