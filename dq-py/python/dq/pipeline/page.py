"""Results of rules as one page of HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from dq.pipeline.result import ValidationQueryResult, columns_of, moment, now, rows_of, tuples_of

ROWS_MAX = 1000
"""How many rows of each rule are shown."""

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1c2733 }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #d8dee5; vertical-align: top }
td.n { text-align: right; font-variant-numeric: tabular-nums }
.bar { background: #e6eaef; height: .7rem; min-width: 8rem }
.bar i { display: block; height: 100%; background: #c2410c }
.CRITICAL, .ERROR { color: #b91c1c; font-weight: 600 }
.HIGH { color: #a16207 } .MEDIUM { color: #c2410c } .LOW { color: #1d4ed8 }
summary { cursor: pointer; font-weight: 600; margin-top: 1rem } .wide { overflow-x: auto }
"""


def render(results: Mapping[str, ValidationQueryResult], summary: Mapping[str, Any]) -> Iterator[str]:
    """Return the page, piece by piece."""
    yield '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Validation results</title>'
    yield f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>\n<h1>Validation results</h1>\n'
    failed = f', <b class="ERROR">{summary["failed_queries"]} could not run</b>' if summary["failed_queries"] else ""
    counts = f"{summary['total_violations']:,} violations of {summary['total_queries']} rules"
    yield f"<p>{counts}{failed}, {moment(now())}</p>"
    yield from _overview(results)
    for it in results.values():
        yield from _rule(it)


def _overview(results: Mapping[str, ValidationQueryResult]) -> Iterator[str]:
    most = max((it.violation_count for it in results.values()), default=0) or 1
    yield "<table><tr><th>rule<th>severity<th>violations<th><th>seconds<th>state\n"
    for it in results.values():
        state = "" if it.enabled else "disabled"
        state = state or ("cached" if it.cached else "") if it.result.success else f"failed: {it.result.error_message}"
        share = f'<div class="bar"><i style="width:{100 * it.violation_count / most:.1f}%"></i></div>'
        yield (
            f'<tr><td>{escape(it.rule_name)}<td class="{escape(it.severity)}">{escape(it.severity)}'
            f'<td class="n">{it.violation_count:,}<td>{share}'
            f'<td class="n">{it.result.execution_time:.3f}<td>{escape(state)}\n'
        )
    yield "</table>\n"


def _rule(it: ValidationQueryResult) -> Iterator[str]:
    rows = rows_of(it.result)
    if rows is None or not len(rows):
        return
    shown = min(len(rows), ROWS_MAX)
    told = f"{len(rows):,} rows" if shown == len(rows) else f"{shown:,} of {len(rows):,} rows are shown"
    yield f'<details><summary>{escape(it.rule_name)}: {told}</summary><div class="wide"><table><tr>'
    yield "".join(f"<th>{escape(name)}" for name in columns_of(rows)) + "\n"
    for _, row in zip(range(shown), tuples_of(rows), strict=False):
        cells = ("" if value is None else escape(str(value)) for value in row)
        yield "<tr>" + "".join(f"<td>{cell}" for cell in cells) + "\n"
    yield "</table></div></details>\n"
