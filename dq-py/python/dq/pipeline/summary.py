"""What the violations of one rule come to."""

from __future__ import annotations

from collections import Counter
from typing import Any

from dq.pipeline.result import column_of, columns_of, tuples_of

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO")
"""Severest first."""

SAMPLE_ROWS = 5

_ENTITIES = {
    "unique_entities_affected": "entity_id",
    "unique_providers_affected": "provider_id",
    "unique_facilities_affected": "facility_id",
}


def rank(severity: object) -> int:
    """Return the place of a severity, the severest first; what is no severity comes last."""
    text = str(severity).upper()
    return SEVERITIES.index(text) if text in SEVERITIES else len(SEVERITIES)


def summarize(rows: Any, rule_name: str) -> dict[str, Any]:
    """Count the rows of a rule by severity and by what they are about. Rows of severity INFO are no violations."""
    columns = columns_of(rows)
    count = 0 if rows is None else len(rows)
    summary: dict[str, Any] = {"total_violations": count, "rule_name": rule_name}
    severity = next((it for it in ("severity", "severity_level") if it in columns), None)
    if severity is not None and count:
        counted: Counter[str] = Counter()
        for name, times in Counter(column_of(rows, severity)).items():
            counted[str(name).upper()] += times
        summary["total_violations"] = count - counted["INFO"]
        summary["severity_distribution"] = {it: counted[it] for it in sorted(counted, key=rank)}
        summary["critical_violations"] = counted["CRITICAL"]
        summary["high_violations"] = counted["HIGH"]
    if "confidence_level" in columns:
        summary["confidence_distribution"] = dict(Counter(column_of(rows, "confidence_level")))
    for key, column in _ENTITIES.items():
        if column in columns:
            summary[key] = len({it for it in column_of(rows, column) if it is not None})
    first = [row for _, row in zip(range(SAMPLE_ROWS), tuples_of(rows), strict=False)]
    summary["sample_violations"] = [dict(zip(columns, row, strict=True)) for row in first]
    return summary
