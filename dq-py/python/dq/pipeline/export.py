"""Results of rules as files."""

from __future__ import annotations

import csv
import datetime
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO, cast

from dq._dq import write_workbook
from dq._table import Table
from dq.exceptions import UsageError, WriteError
from dq.pipeline import page
from dq.pipeline._files import whole
from dq.pipeline.result import ValidationQueryResult, columns_of, moment, now, rows_of, tuples_of
from dq.pipeline.summary import rank

Results = Mapping[str, ValidationQueryResult]

CHUNK_ROWS = 1000
"""How many rows are encoded at a time."""

EPOCH = datetime.date(1970, 1, 1).toordinal()

FORMATS = ("xlsx", "csv", "json", "html")

_ADDED = ("validation_rule", "rule_severity", "execution_time", "check_timestamp")
_FAILED = ("validation_rule", "severity", "error_message")


def write(
    results: Results, output_dir: str | os.PathLike[str], formats: Sequence[str], summary: dict[str, Any]
) -> dict[str, str]:
    """Write results in each format; returns the paths. Files appear whole or not at all."""
    unknown = [it for it in formats if it not in FORMATS]
    if unknown:
        raise UsageError(f"cannot export to `{unknown[0]}`: there are {', '.join(FORMATS)}")
    folder = Path(output_dir)
    name = f"validation_results_{now():%Y%m%d_%H%M%S}"
    writers: dict[str, Callable[[Path], None]] = {
        "xlsx": lambda path: _xlsx(path, results),
        "csv": lambda path: _text(path, lambda out: _csv(out, results)),
        "json": lambda path: _text(path, lambda out: _json(out, results, summary)),
        "html": lambda path: _text(path, lambda out: out.writelines(page.render(results, summary))),
    }
    written: dict[str, str] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for it in dict.fromkeys(formats):
            path = folder / f"{name}.{it}"
            writers[it](path)
            written[it] = str(path)
    except OSError as error:
        raise WriteError(f"cannot write to `{folder}`: {error.strerror or error}") from error
    return written


def summary_of(results: Results, statistics: Mapping[str, Any]) -> dict[str, Any]:
    """Return what all rules come to, by the severities of rules and by those of rows."""
    by_rule: Counter[str] = Counter()
    by_row: Counter[str] = Counter()
    for it in results.values():
        if it.violation_count:
            by_rule[it.severity] += it.violation_count
        rows = dict((it.summary or {}).get("severity_distribution") or {})
        by_row.update({name: count for name, count in rows.items() if name != "INFO"})
    failed = sum(not it.result.success for it in results.values())
    return {
        "total_queries": len(results),
        "successful_queries": len(results) - failed,
        "failed_queries": failed,
        "total_violations": sum(it.violation_count for it in results.values()),
        "severity_distribution": dict(by_rule),
        "row_severity_distribution": {it: by_row[it] for it in sorted(by_row, key=rank)},
        "cache_performance": {
            "hit_rate": statistics.get("hit_rate", 0.0),
            "total_hits": statistics.get("hits", 0),
            "memory_entries": statistics.get("memory_entries", 0),
            "disk_entries": statistics.get("disk_entries", 0),
        },
    }


def summary_table(results: Results) -> Table:
    """Return a row for each rule."""
    held = list(results.values())
    return Table(
        {
            "rule_name": [it.rule_name for it in held],
            "enabled": [it.enabled for it in held],
            "severity": [it.severity for it in held],
            "success": [it.result.success for it in held],
            "violation_count": [it.violation_count for it in held],
            "execution_time_seconds": [float(it.result.execution_time) for it in held],
            "execution_timestamp": [moment(it.execution_timestamp) for it in held],
            "error_message": [it.result.error_message for it in held],
        }
    )


def _all_columns(results: Results) -> list[str]:
    """Return the columns of all rules, each once, and those that are added to them."""
    found: dict[str, None] = {}
    for it in results.values():
        found.update(dict.fromkeys(columns_of(rows_of(it.result))))
    if any(not it.result.success for it in results.values()):
        found.update(dict.fromkeys(_FAILED))
    return [*(it for it in found if it not in _ADDED), *_ADDED]


def _all_rows(results: Results, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Return the rows of all rules under common columns; a rule that could not run has a row that says so."""
    for it in results.values():
        common = {
            "validation_rule": it.rule_name,
            "rule_severity": it.severity,
            # Written once, and not for each row.
            "execution_time": repr(float(it.result.execution_time)),
            "check_timestamp": moment(it.execution_timestamp),
        }
        names, rows = columns_of(rows_of(it.result)), tuples_of(rows_of(it.result))
        if not it.result.success:
            names, rows = ["severity", "error_message"], iter([("ERROR", it.result.error_message)])
        # Behind the values of a row stand nothing, and what all rows have in common.
        places = {name: place for place, name in enumerate([*names, None, *common]) if name not in common}
        places.update({name: len(names) + 1 + place for place, name in enumerate(common)})
        behind = (None, *common.values())
        pick = itemgetter(*(places.get(name, len(names)) for name in columns))
        for values in rows:
            yield pick((*values, *behind))


def _is_clean(results: Results) -> bool:
    return all(it.result.success and not it.result.row_count for it in results.values())


def _xlsx(path: Path, results: Results) -> None:
    """Write the sheets Summary, All_Violations, and one for each rule that found something."""
    summary = summary_table(results)
    sheets: list[Any] = [("Summary", summary.columns, [(_arrow(summary), [])])]
    columns = _all_columns(results)
    sheets.append(("All_Violations", columns, [_part(it) for it in results.values()]))
    for name, it in results.items():
        rows = it.result.table
        if len(rows):
            sheets.append((name, rows.columns, [(_arrow(rows), [])]))
    write_workbook(path, now().date().toordinal() - EPOCH, sheets)


def _part(it: ValidationQueryResult) -> tuple[Any, list[tuple[str, Any]]]:
    """Return the rows of a rule, and what all of them have in common."""
    added: list[tuple[str, Any]] = [
        ("validation_rule", it.rule_name),
        ("rule_severity", it.severity),
        ("execution_time", float(it.result.execution_time)),
        ("check_timestamp", moment(it.execution_timestamp)),
    ]
    if it.result.success:
        return _arrow(it.result.table), added
    failed = {"severity": ["ERROR"], "error_message": [it.result.error_message]}
    return _arrow(Table(failed)), added


def _arrow(table: Table) -> Any:
    return table._arrow  # pyright: ignore[reportPrivateUsage]


def _csv(out: TextIO, results: Results) -> None:
    writer = csv.writer(out)
    if _is_clean(results):
        writer.writerows([["message"], ["No violations found"]])
        return
    columns = _all_columns(results)
    writer.writerow(columns)
    writer.writerows(_all_rows(results, columns))


def _json(out: TextIO, results: Results, summary: dict[str, Any]) -> None:
    """Write one document, some rows at a time, so that no second copy of all is in memory."""
    encode = _encoder()
    out.write(f'{{"execution_timestamp": {encode(moment(now()))}, "summary": {encode(summary)}, "results": {{')
    for number, (name, it) in enumerate(results.items()):
        head = {
            "rule_name": it.rule_name,
            "severity": it.severity,
            "enabled": it.enabled,
            "success": it.result.success,
            "error_message": it.result.error_message,
            "violation_count": it.violation_count,
            "execution_time": it.result.execution_time,
            "cached": it.cached,
            "age_seconds": it.age_seconds,
        }
        out.write(f'{"," if number else ""}\n{encode(name)}: {encode(head)[:-1]}, "violations": [')
        _json_rows(out, it, encode)
        out.write("]}")
    out.write("\n}}\n")


def _json_rows(out: TextIO, it: ValidationQueryResult, encode: Callable[[Any], str]) -> None:
    rows = rows_of(it.result)
    names = columns_of(rows)
    left, start = tuples_of(rows), "\n"
    while some := [dict(zip(names, values, strict=True)) for values in islice(left, CHUNK_ROWS)]:
        out.write(start + encode(some)[1:-1])
        start = ",\n"


def _encoder() -> Callable[[Any], str]:
    strict = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str).encode

    def encode(value: Any) -> str:
        try:
            return strict(value)
        except ValueError:
            return strict(_finite(value))

    return encode


def _finite(value: Any) -> Any:
    """Put nothing where JSON has no number: for infinity and for what is no number."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(it) for name, it in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_finite(it) for it in cast("Iterable[Any]", value)]
    return value


def _text(path: Path, write: Callable[[TextIO], None]) -> None:
    with whole(path) as out:
        write(out)
