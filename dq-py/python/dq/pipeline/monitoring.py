"""How the database and the machine are, measured now and kept beside the database."""

from __future__ import annotations

import datetime
import os
import shutil
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from dq._database import Database, connect
from dq.pipeline.database import DatabaseManager
from dq.pipeline.result import moment, now

_TABLES = {
    "system_metrics": {
        "timestamp": "TIMESTAMP NOT NULL",
        "cpu_percent": "REAL",
        "memory_percent": "REAL",
        "memory_used_gb": "REAL",
        "memory_available_gb": "REAL",
        "disk_usage_percent": "REAL",
        "disk_free_gb": "REAL",
    },
    "database_metrics": {
        "timestamp": "TIMESTAMP NOT NULL",
        "database_size_mb": "REAL",
        "table_count": "INTEGER",
        "total_records": "INTEGER",
        "largest_table": "TEXT",
        "largest_table_records": "INTEGER",
        "query_performance_ms": "REAL",
    },
}

RETENTION_DAYS = 30

_GIB = float(1 << 30)


def system_metrics(folder: Path) -> dict[str, Any]:
    """Return how much of the machine is used; None where the system does not tell."""
    disk = shutil.disk_usage(folder)
    memory = _memory()
    total, available = memory.get("MemTotal"), memory.get("MemAvailable")
    known = total is not None and available is not None
    used = total - available if total is not None and available is not None else None
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "timestamp": moment(now()),
        # Work that waits for a processor counts, too: more than all of them is 100.
        "cpu_percent": None if load is None else min(100.0, 100 * load / (os.cpu_count() or 1)),
        "memory_percent": 100 * used / total if known and used is not None and total else None,
        "memory_used_gb": None if used is None else used / _GIB,
        "memory_available_gb": None if available is None else available / _GIB,
        "disk_usage_percent": 100 * disk.used / disk.total if disk.total else None,
        "disk_free_gb": disk.free / _GIB,
    }


def database_metrics(manager: DatabaseManager) -> dict[str, Any]:
    """Return the size of the database, its tables, and how long a query takes."""
    health = manager.health_check()
    if not health["database_accessible"]:
        return {"timestamp": moment(now()), "error": health.get("error")}
    overview = manager.get_database_overview()
    rows = {name: int(it.get("row_count", 0)) for name, it in overview["tables"].items()}
    largest = max(rows, key=lambda it: rows[it], default=None)
    return {
        "timestamp": moment(now()),
        "database_size_mb": manager.config.path.stat().st_size / (1 << 20),
        "table_count": len(rows),
        "total_records": sum(rows.values()),
        "largest_table": largest,
        "largest_table_records": rows.get(largest, 0) if largest else 0,
        "query_performance_ms": 1000 * health["performance_test"]["query_time"],
    }


class MetricsStore:
    """Measurements of the last 30 days, in ``metrics.db`` beside the database."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def store(self, system: Mapping[str, Any], database: Mapping[str, Any]) -> None:
        """Keep measurements, and forget the old ones."""
        oldest = moment(now() - datetime.timedelta(days=RETENTION_DAYS))
        with connect(self.path, create_if_missing=True) as held, held.transaction() as tx:
            for (table, columns), values in zip(_TABLES.items(), (system, database), strict=True):
                declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
                tx.execute(f"CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY, {declared})")
                names = ", ".join(columns)
                places = ", ".join(f":{it}" for it in columns)
                row = {it: values.get(it) for it in columns}
                tx.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", row)  # noqa: S608
                tx.execute(f"DELETE FROM {table} WHERE timestamp < :oldest", {"oldest": oldest})  # noqa: S608

    def summary(self, hours: int) -> dict[str, Any]:
        """Return the means and extremes of so many hours."""
        end = now()
        start = end - datetime.timedelta(hours=hours)
        with connect(self.path) as held:
            system = _one(held, _SYSTEM, start)
            database = _one(held, _DATABASE, start)
        return {
            "time_period_hours": hours,
            "start_time": moment(start),
            "end_time": moment(end),
            "system": system,
            "database": database,
        }


_SYSTEM = """
SELECT avg(cpu_percent) AS avg_cpu_percent, max(cpu_percent) AS max_cpu_percent,
       avg(memory_percent) AS avg_memory_percent, max(memory_percent) AS max_memory_percent,
       min(disk_free_gb) AS min_disk_free_gb, count(*) AS data_points
FROM system_metrics WHERE timestamp >= :start
"""

_DATABASE = """
SELECT avg(database_size_mb) AS avg_size_mb, avg(query_performance_ms) AS avg_query_time_ms,
       max(query_performance_ms) AS max_query_time_ms, avg(total_records) AS avg_total_records
FROM database_metrics WHERE timestamp >= :start
"""


def dashboard(health: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    """Return a page that shows how things are."""
    tables = "".join(_table(name, summary[name]) for name in ("system", "database"))
    status = escape(str(health["overall_status"]))
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="60">'
        "<title>Data quality: monitoring</title>"
        "<style>body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 50rem }"
        " td { padding: .2rem 1rem .2rem 0 }</style>\n"
        f"<h1>{status}</h1><p>{escape(str(summary['end_time']))}, the last {summary['time_period_hours']} hours</p>"
        f"{tables}\n"
    )


def _table(name: str, values: Mapping[str, Any]) -> str:
    rows = "".join(f"<tr><td>{escape(key)}<td>{escape(shown(value))}" for key, value in values.items())
    return f"<h2>{escape(name)}</h2><table>{rows}</table>"


def shown(value: Any) -> str:
    """Write a measurement."""
    if value is None:
        return "unknown"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def _one(database: Database, sql: str, start: datetime.datetime) -> dict[str, Any]:
    return database.query(sql, {"start": moment(start)}).to_dicts()[0]


def _memory() -> dict[str, int]:
    """Return what Linux tells of its memory, in bytes."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    parts = (line.replace(":", "").split() for line in lines)
    return {it[0]: int(it[1]) << 10 for it in parts if len(it) > 1 and it[1].isdigit()}
