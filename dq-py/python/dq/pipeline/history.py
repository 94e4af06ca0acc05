"""What runs found, kept in the database: the tables ``data_quality_metrics`` and ``business_rule_violations``."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from dq._database import Database
from dq.exceptions import ConflictError
from dq.pipeline.result import ValidationQueryResult, moment, now

_SCORES = ("completeness", "consistency", "accuracy", "timeliness", "uniqueness", "validity")

_COLUMNS = (*(f"{it}_score" for it in _SCORES), "overall_quality_score")

_SEVERITIES = "'CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFO', 'ERROR'"

_BOUNDED = " AND ".join(f"({it} IS NULL OR {it} BETWEEN 0 AND 100)" for it in _COLUMNS)

TABLES = {
    "data_quality_metrics": f"""
CREATE TABLE IF NOT EXISTS data_quality_metrics (
  metric_id INTEGER PRIMARY KEY, measurement_date DATE NOT NULL, table_name VARCHAR(50) NOT NULL,
  {", ".join(f"{it} DECIMAL(5,2)" for it in _COLUMNS)},
  total_records INTEGER NOT NULL, quality_grade VARCHAR(10), batch_id VARCHAR(50),
  CONSTRAINT chk_quality_scores CHECK ({_BOUNDED}),
  CONSTRAINT chk_record_counts CHECK (total_records >= 0))""",
    "business_rule_violations": f"""
CREATE TABLE IF NOT EXISTS business_rule_violations (
  violation_id INTEGER PRIMARY KEY, rule_name VARCHAR(100) NOT NULL, violation_date DATE NOT NULL,
  severity_level VARCHAR(20), violation_description TEXT NOT NULL, field_name VARCHAR(100),
  violation_count INTEGER DEFAULT 1, status VARCHAR(20) DEFAULT 'OPEN', detection_method VARCHAR(50),
  batch_id VARCHAR(50),
  CONSTRAINT chk_severity CHECK (severity_level IN ({_SEVERITIES})))""",
}

# What tables of old, which know of four severities, take instead.
_OLD = {"INFO": "LOW", "ERROR": "CRITICAL"}


def record(database: Database, results: Mapping[str, ValidationQueryResult]) -> str:
    """Add a row for each table and for each kind of violation; returns the id that these rows have in common.

    The tables are made where they are missing. A table of old that refuses the severities INFO and ERROR is given
    LOW and CRITICAL.
    """
    batch = f"{now():%Y%m%d_%H%M%S}_{uuid.uuid4().hex[:8]}"
    metrics = list(_metrics(results, batch))
    violations = list(_violations(results, batch))
    try:
        _insert(database, metrics, violations)
    except ConflictError:
        milder = [{**it, "severity_level": _OLD.get(it["severity_level"], it["severity_level"])} for it in violations]
        if milder == violations:
            raise
        _insert(database, metrics, milder)
    return batch


def _insert(database: Database, metrics: list[dict[str, Any]], violations: list[dict[str, Any]]) -> None:
    with database.transaction() as tx:
        for (table, create), rows in zip(TABLES.items(), (metrics, violations), strict=True):
            tx.execute(create)
            for row in rows:
                places = ", ".join(f":{it}" for it in row)
                tx.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", row)  # noqa: S608


def _metrics(results: Mapping[str, ValidationQueryResult], batch: str) -> Iterator[dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {}
    for it in results.values():
        for table in (it.report or {}).get("quality") or ():
            tables[table["table"]] = table
    for name, table in tables.items():
        scores = {it["dimension"]: it["score"] for it in table["dimensions"]}
        yield {
            "measurement_date": moment(now())[:10],
            "table_name": name,
            **{f"{it}_score": scores.get(it) for it in _SCORES},
            "overall_quality_score": table["score"],
            "total_records": table["rows"],
            "quality_grade": table["grade"],
            "batch_id": batch,
        }


def _violations(results: Mapping[str, ValidationQueryResult], batch: str) -> Iterator[dict[str, Any]]:
    for it in results.values():
        for severity, text, field, count in _kinds(it):
            yield {
                "rule_name": it.rule_name,
                "violation_date": moment(it.execution_timestamp)[:10],
                "severity_level": severity,
                "violation_description": text,
                "field_name": field,
                "violation_count": count,
                "status": "OPEN",
                "detection_method": "dq.pipeline",
                "batch_id": batch,
            }


def _kinds(it: ValidationQueryResult) -> Iterator[tuple[str, str, str | None, int]]:
    """Return the kinds of violation that a rule found: severity, description, columns, count."""
    if not it.result.success:
        yield "ERROR", it.result.error_message or "the rule could not run", None, 1
    elif it.report is not None:
        for check in it.report["checks"]:
            if check["violations"]:
                text = check.get("message") or check["id"]
                yield check["severity"].upper(), text, ", ".join(check["columns"]) or None, check["violations"]
    else:
        counted: dict[str, int] = (it.summary or {}).get("severity_distribution") or {}
        if not counted and it.violation_count:
            counted = {it.severity: it.violation_count}
        for severity, count in counted.items():
            yield severity, it.rule_name.replace("_", " "), None, count
