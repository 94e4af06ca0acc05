"""What can go wrong: one tree below ``DqError``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dq._report import Report

__all__ = [
    "BusyError",
    "CancelledError",
    "ConfigError",
    "ConflictError",
    "DqError",
    "ExtraMissingError",
    "FeatureDisabledError",
    "InternalError",
    "LimitExceededError",
    "NotFoundError",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "QueryError",
    "RulesError",
    "SourceChangedError",
    "SourceError",
    "TimeoutError",
    "UnavailableError",
    "UnsupportedError",
    "UsageError",
    "ViolationsError",
    "WriteError",
]


class DqError(Exception):
    """Whatever keeps dq from giving an answer; ``__cause__`` is what caused it, where that is known."""

    code: str = "error"
    """A stable word for what went wrong, such as ``not_found``."""

    retryable: bool = False
    """Whether the same call may succeed later."""


class UsageError(DqError):
    """The arguments make no sense: an unknown scheme, a bad option."""

    code = "usage_invalid"


class ConfigError(DqError):
    """A configuration value is out of its range."""

    code = "config_invalid"


class RulesError(DqError):
    """The rule set cannot be used; the message lists every problem with its place."""

    code = "rules_invalid"


class QueryError(DqError):
    """A statement is wrong: its syntax, a name in it, or its parameters."""

    code = "query_invalid"


class FeatureDisabledError(DqError):
    """The backend or format was left out when dq was compiled."""

    code = "feature_disabled"


class ExtraMissingError(FeatureDisabledError, ImportError):
    """A library is not installed that this needs; the message names the extra that brings it."""


class UnsupportedError(DqError):
    """The backend cannot do this."""

    code = "unsupported"


class NotFoundError(DqError):
    """The thing asked for does not exist."""

    code = "not_found"


class PermissionDeniedError(DqError):
    """The operating system or the database refuses access."""

    code = "permission_denied"


class SourceError(DqError):
    """The data cannot be read as what they are said to be."""

    code = "source_invalid"


class SourceChangedError(DqError):
    """The data changed while they were read."""

    code = "source_changed"
    retryable = True


class ConflictError(DqError):
    """A constraint of the database refuses the change."""

    code = "conflict"


class BusyError(DqError):
    """Someone else holds the lock."""

    code = "busy"
    retryable = True


class UnavailableError(DqError):
    """The backend could not be reached."""

    code = "unavailable"
    retryable = True

    retry_after: float | None = None
    """In how many seconds a circuit breaker lets a call through, if one has refused this."""


class TimeoutError(DqError):
    """The time allowed is over."""

    code = "timeout"
    retryable = True


class OutcomeUnknownError(DqError):
    """The connection was lost before the answer came: the change was made whole, or not at all."""

    code = "outcome_unknown"


class LimitExceededError(DqError):
    """A bound of the configuration would be exceeded."""

    code = "limit_exceeded"


class WriteError(DqError):
    """A result could not be written."""

    code = "write_failed"


class CancelledError(DqError):
    """The run was cancelled."""

    code = "cancelled"


class InternalError(DqError):
    """A promise of dq itself is broken; please report it."""

    code = "internal"


class ViolationsError(DqError):
    """The data violate rules: ``Report.raise_for_status`` says so. ``report`` has the details."""

    code = "violations"

    def __init__(self, message: str, report: "Report | None" = None) -> None:
        super().__init__(message)
        self.report = report

    def __reduce__(self) -> "tuple[type[ViolationsError], tuple[str, Report | None]]":
        return type(self), (str(self), self.report)
