"""The failing rows of the pack's rules, with the columns that the earlier pipeline gave them.

A report keeps the keys of failing rows. The database itself joins them to the rest of what is shown: a query for
each rule is given the keys as one parameter of JSON, and its result is the table, without a detour.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dq._database import Database, TableSchema
from dq._report import Report
from dq._table import Table
from dq.exceptions import DqError
from dq.pipeline import layouts
from dq.pipeline.database_config import quoted
from dq.pipeline.summary import rank


@dataclass(frozen=True)
class FailingRows:
    """The keys of the rows of a table that fail one check."""

    check: str
    table: str
    severity: str
    message: str
    keys: Sequence[str]

    @property
    def names(self) -> list[str]:
        """The columns of the key; ``row`` where there is none."""
        return list(json.loads(self.keys[0]))

    def to_json(self) -> str:
        """Return the keys as one list: of their values, where they have one column, which is read faster."""
        names = self.names
        if len(names) == 1:
            start = len(json.dumps(names[0], ensure_ascii=False)) + 2
            return "[" + ",".join([it[start:-1] for it in self.keys]) + "]"
        return "[" + ",".join(self.keys) + "]"

    @property
    def has_null(self) -> bool:
        """Whether a part of a key is missing."""
        return any(":null" in it for it in self.keys)


def kept(report: Report, rule: dict[str, Any]) -> list[FailingRows]:
    """Return what fails each check of a rule, the severest first."""
    found: list[FailingRows] = []
    for check in rule["checks"]:
        if check["violations"] and not check["error"]:
            keys: list[str] = report.violations(rule["id"], check["id"]).column("key")
            # Parts of a scan run at once; so that runs are alike: by length and then by text is the order of numbers.
            keys.sort()
            keys.sort(key=len)
            if not keys:
                # All that were kept are of other checks.
                continue
            table = check.get("table", rule["table"])
            message = check.get("message") or check["check"]
            found.append(FailingRows(check["id"], table, check["severity"].upper(), message, keys))
    return sorted(found, key=lambda it: rank(it.severity))


def rows_of_rule(
    database: Database, tables: Mapping[str, TableSchema], rule: str, failing: Sequence[FailingRows], as_of: str
) -> Table:
    """Return the failing rows of a rule, one for each check that a row fails."""
    layout = layouts.of(rule)
    if not failing:
        return Table({name: [] for name in layout.columns})
    arms: list[str] = []
    parameters: dict[str, Any] = {"rule": rule}
    for number, it in enumerate(failing):
        parameters[f"keys_{number}"] = it.to_json()
        arms.append(_arm(database, tables, layout, rule, it, number))
        parameters[f"check_{number}"] = it.check
        parameters[f"severity_{number}"] = it.severity
        if layout.message(it.check):
            parameters[f"message_{number}"] = it.message
    sql = layout.before(tables) + "\nUNION ALL\n".join(arms)
    if ":as_of" in sql:
        parameters["as_of"] = as_of
    return database.query(sql, parameters).table()


def _arm(
    database: Database,
    tables: Mapping[str, TableSchema],
    layout: layouts.Layout,
    rule: str,
    failing: FailingRows,
    number: int,
) -> str:
    schema = tables[failing.table]
    columns = layout.select(failing.check, failing.table, tables, number)
    joins = layout.join(failing.table, tables)
    located = _located(database, schema, failing, number)
    return f"SELECT {columns}\nFROM {located} {joins} {layout.after(failing.check)}"


def _located(database: Database, schema: TableSchema, failing: FailingRows, number: int) -> str:
    """Return the failing rows as ``t``, in the order of their keys."""
    keys, table = f"json_each(:keys_{number}) AS k", quoted(schema.name)
    names = failing.names
    if schema.primary_key and names == list(schema.primary_key):
        equal = "IS" if failing.has_null else "="
        values = ["k.value"] if len(names) == 1 else [f"json_extract(k.value, {_path(it)})" for it in names]
        on = " AND ".join(f"t.{quoted(it)} {equal} {value}" for it, value in zip(names, values, strict=True))
        return f"{keys} LEFT JOIN {table} AS t ON {on}"
    if _is_numbered(database, table):
        return f"{keys} LEFT JOIN {table} AS t ON t.rowid = k.value"
    rows = f"(SELECT row_number() OVER () AS dq_row, * FROM {table})"  # noqa: S608
    chosen = f"(SELECT value FROM json_each(:keys_{number}))"  # noqa: S608
    return f"(SELECT * FROM {rows} WHERE dq_row IN {chosen} ORDER BY dq_row) AS t"  # noqa: S608


def _path(name: str) -> str:
    return "'" + f"$.{json.dumps(name, ensure_ascii=False)}".replace("'", "''") + "'"


def _is_numbered(database: Database, table: str) -> bool:
    """Whether the number of each row is its rowid: nothing was ever deleted."""
    try:
        count, least, most = next(iter(database.query(f"SELECT count(*), min(rowid), max(rowid) FROM {table}")))  # noqa: S608
    except DqError:
        return False
    return bool(count) and (least, most) == (1, count)
