"""What can go wrong: one tree below ``DqError``."""

__all__ = [
    "DqError",
    "UsageError",
    "ConfigError",
    "RulesError",
    "QueryError",
    "FeatureDisabledError",
    "UnsupportedError",
    "NotFoundError",
    "PermissionDeniedError",
    "SourceError",
    "SourceChangedError",
    "ConflictError",
    "BusyError",
    "UnavailableError",
    "TimeoutError",
    "OutcomeUnknownError",
    "LimitExceededError",
    "WriteError",
    "CancelledError",
    "InternalError",
]


class DqError(Exception):
    """Whatever keeps dq from giving an answer.

    ``retryable`` tells whether the same call may succeed later.
    """

    retryable: bool = False


class UsageError(DqError):
    """The arguments make no sense: an unknown scheme, a bad option."""


class ConfigError(DqError):
    """A configuration value is out of its range."""


class RulesError(DqError):
    """The rule set cannot be used; the message lists every problem with its place."""


class QueryError(DqError):
    """A statement is wrong: its syntax, a name in it, or its parameters."""


class FeatureDisabledError(DqError):
    """The backend or format was left out when dq was compiled."""


class UnsupportedError(DqError):
    """The backend cannot do this."""


class NotFoundError(DqError):
    """The thing asked for does not exist."""


class PermissionDeniedError(DqError):
    """The operating system or the database refuses access."""


class SourceError(DqError):
    """The data cannot be read as what they are said to be."""


class SourceChangedError(DqError):
    """The data changed while they were read."""

    retryable = True


class ConflictError(DqError):
    """A constraint of the database refuses the change."""


class BusyError(DqError):
    """Someone else holds the lock."""

    retryable = True


class UnavailableError(DqError):
    """The backend could not be reached."""

    retryable = True


class TimeoutError(DqError):
    """The time allowed is over."""

    retryable = True


class OutcomeUnknownError(DqError):
    """The connection was lost before the answer came: the change was made whole, or not at all."""


class LimitExceededError(DqError):
    """A bound of the configuration would be exceeded."""


class WriteError(DqError):
    """A result could not be written."""


class CancelledError(DqError):
    """The run was cancelled."""


class InternalError(DqError):
    """A promise of dq itself is broken; please report it."""
