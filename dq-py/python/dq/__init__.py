"""Checks data against rules: exact counts, one pass, the same answer on every source.

>>> import dq
>>> frame = {"zip": ["86503", "8650", None, "86503"]}
>>> rules = dq.Rule("zip", dq.Check("form", column="zip", format="us_zip"))
>>> report = dq.validate(frame, rules)
>>> report.status, report.check("zip", "form").violations
('fail', 1)
"""

from dq._cache import Cache
from dq._check_report import CheckReport
from dq._config import Config
from dq._database import (
    Database,
    QueryResult,
    TableSchema,
    Transaction,
    connect,
    connect_async,
)
from dq._dq import __version__
from dq._executor import QueryExecutor
from dq._managers import CacheManager, DatabaseManager, cancelled, when_cancelled
from dq._profile import Profile
from dq._report import Report
from dq._report_diff import CheckChange, ReportDiff
from dq._resilience import CircuitBreaker
from dq._rules import Check, Rule, Rules
from dq._table import Table
from dq._validate import profile, profile_async, validate, validate_async
from dq.exceptions import (
    BusyError,
    CancelledError,
    ConfigError,
    ConflictError,
    DqError,
    ExtraMissingError,
    FeatureDisabledError,
    InternalError,
    LimitExceededError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    QueryError,
    RulesError,
    SourceChangedError,
    SourceError,
    TimeoutError,
    UnavailableError,
    UnsupportedError,
    UsageError,
    ViolationsError,
    WriteError,
)

__all__ = [
    "BusyError",
    "Cache",
    "CacheManager",
    "CancelledError",
    "Check",
    "CheckChange",
    "CheckReport",
    "CircuitBreaker",
    "Config",
    "ConfigError",
    "ConflictError",
    "Database",
    "DatabaseManager",
    "DqError",
    "ExtraMissingError",
    "FeatureDisabledError",
    "InternalError",
    "LimitExceededError",
    "NotFoundError",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "Profile",
    "QueryError",
    "QueryExecutor",
    "QueryResult",
    "Report",
    "ReportDiff",
    "Rule",
    "Rules",
    "RulesError",
    "SourceChangedError",
    "SourceError",
    "Table",
    "TableSchema",
    "TimeoutError",
    "Transaction",
    "UnavailableError",
    "UnsupportedError",
    "UsageError",
    "ViolationsError",
    "WriteError",
    "__version__",
    "cancelled",
    "connect",
    "connect_async",
    "profile",
    "profile_async",
    "validate",
    "validate_async",
    "when_cancelled",
]
