"""Asynchronous database managers by configuration, as the earlier pipeline's design has them, on dq's databases."""

from dq.pipeline.factory.config import DatabaseConfig
from dq.pipeline.factory.factory import DatabaseFactory
from dq.pipeline.factory.manager import AbstractDatabaseManager, QueryResult
from dq.pipeline.factory.mysql import MySQLDatabaseManager
from dq.pipeline.factory.postgresql import PostgreSQLDatabaseManager
from dq.pipeline.factory.sqlite import SQLiteDatabaseManager

__all__ = [
    "AbstractDatabaseManager",
    "DatabaseConfig",
    "DatabaseFactory",
    "MySQLDatabaseManager",
    "PostgreSQLDatabaseManager",
    "QueryResult",
    "SQLiteDatabaseManager",
]
