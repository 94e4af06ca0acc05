"""Checks data against rules: exact counts, one pass, the same answer on every source.

>>> import dq
>>> frame = {"zip": ["86503", "8650", None, "86503"]}
>>> rules = dq.Rule("zip", dq.Check("form", column="zip", format="us_zip"))
>>> report = dq.validate(frame, rules)
>>> report.status, report.check("zip", "form").violations
('fail', 1)
"""

from dq import exceptions
from dq._cache import Cache
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
from dq._profile import Profile
from dq._report import CheckChange, CheckReport, Report, ReportDiff
from dq._resilience import CircuitBreaker
from dq._rules import Check, Rule, Rules
from dq._table import Table
from dq._validate import profile, profile_async, validate, validate_async
from dq.exceptions import *  # noqa: F403

__all__ = [
    "Cache",
    "Check",
    "CheckChange",
    "CheckReport",
    "CircuitBreaker",
    "Config",
    "Database",
    "Profile",
    "QueryExecutor",
    "QueryResult",
    "Report",
    "ReportDiff",
    "Rule",
    "Rules",
    "Table",
    "TableSchema",
    "Transaction",
    "__version__",
    "connect",
    "connect_async",
    "profile",
    "profile_async",
    "validate",
    "validate_async",
    *exceptions.__all__,
]
