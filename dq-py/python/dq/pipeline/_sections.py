"""Which sections and keys a configuration of the pipeline has."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any, cast

from dq.exceptions import ConfigError

KNOWN = (
    "database",
    "quality_checks",
    "reporting",
    "logging",
    "performance",
    "business_rules",
    "processing",
    "features",
)

SECTIONS = {
    "quality_checks": ("enabled", "parallel_execution", "max_workers", "batch_size", "thresholds", "validation_rules"),
}

# No rule counts activities or looks at specialties, rows are read by columns and not in chunks, and there is
# one form for each kind of report.
IDLE = (
    "business_rules.max_monthly_activities",
    "business_rules.specialty_rules",
    "quality_checks.validation_rules.provider_name_inconsistency.confidence_threshold",
    "reporting.templates",
    "processing",
    "features",
)
"""What the earlier configuration had, and has no effect here; the earlier pipeline read none of it either."""


def section_of(data: Mapping[str, Any], name: str, path: str = "") -> Mapping[str, Any]:
    """Return a section; one that is missing, or says nothing, is empty."""
    section = data.get(name)
    if section is None:
        return {}
    if not isinstance(section, Mapping):
        raise ConfigError(f"`{path or name}`: expected a mapping, found {section!r}")
    return cast("Mapping[str, Any]", section)


def unknown(section: Mapping[str, Any], known: Collection[str], prefix: str) -> list[str]:
    """Tell of each key that nobody knows, with the nearest one that is known."""
    told: list[str] = []
    for name in section:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, 1)
            hint = f"; did you mean `{prefix}{near[0]}`?" if near else ""
            told.append(f"`{prefix}{name}` is not known{hint}")
    return told
