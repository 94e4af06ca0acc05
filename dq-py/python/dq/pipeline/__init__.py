"""The names of the earlier Python pipeline, on dq's engine: a caller changes only its imports.

>>> from dq.pipeline import DatabaseConfig, DatabaseManager, PipelineConfig, QueryExecutor
>>> manager = DatabaseManager(DatabaseConfig("providers.db"))
>>> executor = QueryExecutor(manager, PipelineConfig())
>>> [it["rule_name"] for it in executor.get_query_catalog()][:2]
['provider_name_inconsistency', 'npi_validation']

docs/migrating.md lists what is different, and why.
"""

from dq.pipeline.async_executor import AsyncQueryExecutor, AsyncValidationResult
from dq.pipeline.breaker import (
    CircuitBreaker,
    CircuitBreakerConfig,
    CircuitBreakerError,
    CircuitBreakerManager,
    CircuitOpenError,
    CircuitState,
    circuit_breaker_manager,
)
from dq.pipeline.cache import CacheConfig, CacheKey, CacheLevel, CacheManager
from dq.pipeline.config import (
    BusinessRules,
    PerformanceConfig,
    PipelineConfig,
    QualityThresholds,
    ReportingConfig,
    ValidationRuleConfig,
)
from dq.pipeline.database import DatabaseManager
from dq.pipeline.database_config import DatabaseConfig
from dq.pipeline.executor import QueryExecutor
from dq.pipeline.factory import DatabaseFactory
from dq.pipeline.quality import DataQualityCalculator, QualityMetrics
from dq.pipeline.query_cache import CacheEntry, QueryResultCache
from dq.pipeline.result import QueryResult, ValidationQueryResult

__all__ = [
    "AsyncQueryExecutor",
    "AsyncValidationResult",
    "BusinessRules",
    "CacheConfig",
    "CacheEntry",
    "CacheKey",
    "CacheLevel",
    "CacheManager",
    "CircuitBreaker",
    "CircuitBreakerConfig",
    "CircuitBreakerError",
    "CircuitBreakerManager",
    "CircuitOpenError",
    "CircuitState",
    "DataQualityCalculator",
    "DatabaseConfig",
    "DatabaseFactory",
    "DatabaseManager",
    "PerformanceConfig",
    "PipelineConfig",
    "QualityMetrics",
    "QualityThresholds",
    "QueryExecutor",
    "QueryResult",
    "QueryResultCache",
    "ReportingConfig",
    "ValidationQueryResult",
    "ValidationRuleConfig",
    "circuit_breaker_manager",
]
