"""What one check found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dq.exceptions import UsageError

Severity = Literal["info", "low", "medium", "high", "critical"]
Status = Literal["not_applicable", "pass", "warn", "fail", "error"]

SEVERITIES: tuple[Severity, ...] = ("info", "low", "medium", "high", "critical")


@dataclass(frozen=True)
class CheckReport:
    """What one check found."""

    rule: str
    """The id of the rule."""
    id: str
    """The id of the check, unique in its rule."""
    table: str
    """The table that it is about."""
    kind: str
    """The kind of check, such as ``not_null``."""
    columns: Sequence[str]
    """The columns that it is about."""
    severity: Severity
    """How much its violations matter."""
    status: Status
    """How it ended."""
    evaluated: int
    """How many rows were in its scope."""
    violations: int
    """How many of them violate it; exact."""
    groups: int | None
    """For checks of groups, how many groups violate it."""
    sample: Sequence[dict[str, Any]]
    """The lowest keys of failing rows: ``{"key": {…}}``, with ``values`` if these were asked for."""
    truncated: bool
    """Whether there are more failing rows than the sample shows."""
    observed: str | None
    """What was there, in words, where a key says nothing."""
    message: str | None
    """The author's message to whoever reads about violations."""
    error: str | None
    """Why the check could not run."""
    definition: str
    """A number that stays the same as long as the check judges the same rows in the same way."""

    @property
    def share(self) -> float | None:
        """Violations as a share of the rows in scope; none where nothing was in scope."""
        return self.violations / self.evaluated if self.evaluated else None


def checks_of(document: dict[str, Any]) -> Iterator[CheckReport]:
    """Return every check of a JSON report, in the order of the rule set."""
    for rule in document["rules"]:
        for check in rule["checks"]:
            yield CheckReport(
                rule=rule["id"],
                id=check["id"],
                table=check.get("table", rule["table"]),
                kind=check["check"],
                columns=check["columns"],
                severity=check["severity"],
                status=check["status"],
                evaluated=check["evaluated"],
                violations=check["violations"],
                groups=check["groups"],
                sample=check["sample"],
                truncated=check["truncated"],
                observed=check.get("observed"),
                message=check.get("message"),
                error=check["error"],
                definition=check["definition"],
            )


def rank(severity: Severity) -> int:
    """Return the place of a severity among all; ``UsageError`` for what is none."""
    if severity not in SEVERITIES:
        raise UsageError(f"`{severity}` is no severity: {', '.join(SEVERITIES)}")
    return SEVERITIES.index(severity)
