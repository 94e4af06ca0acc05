"""Makes managers of databases by configuration."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from typing import Any, ClassVar

from dq.exceptions import ConfigError, DqError, UnsupportedError, UsageError
from dq.pipeline.factory.config import DatabaseConfig
from dq.pipeline.factory.manager import AbstractDatabaseManager
from dq.pipeline.factory.mysql import MySQLDatabaseManager
from dq.pipeline.factory.postgresql import PostgreSQLDatabaseManager
from dq.pipeline.factory.sqlite import SQLiteDatabaseManager


class DatabaseFactory:
    """Makes the manager of a database, one for each database in this process."""

    _lock: ClassVar[threading.Lock] = threading.Lock()
    _managers: ClassVar[dict[tuple[Any, ...], AbstractDatabaseManager]] = {}
    _kinds: ClassVar[dict[str, type[AbstractDatabaseManager]]] = {
        it.db_type: it for it in (SQLiteDatabaseManager, PostgreSQLDatabaseManager, MySQLDatabaseManager)
    }

    @classmethod
    def create_database_manager(cls, config: DatabaseConfig) -> AbstractDatabaseManager:
        """Return the manager of a database; the same for the same kind, host, port, name, user and options.

        It is opened by ``initialize``, or by the first call that needs it.
        """
        kind = cls._kind(config)
        # The options count, too: who asks for other ones gets other ones.
        key = (*config.identity(), os.getpid(), repr(astuple(config)))
        with cls._lock:
            manager = cls._managers.get(key)
            if manager is None or manager._is_closed:
                manager = cls._managers[key] = kind(config)
            return manager

    @classmethod
    def from_environment(cls) -> AbstractDatabaseManager:
        """Return the manager that environment variables describe.

        ``VEEVA_DB_TYPE``, ``_HOST``, ``_PORT``, ``_NAME``, ``_USER``, ``_PASSWORD``, ``_POOL_SIZE``, ``_MAX_OVERFLOW``,
        ``_POOL_TIMEOUT``, ``_READ_REPLICAS`` (with commas) and ``_SHARDING_CONFIG`` (JSON).
        """
        usual = DatabaseConfig()
        replicas = [it.strip() for it in _variable("READ_REPLICAS").split(",")]
        sharding = _variable("SHARDING_CONFIG")
        try:
            shards = json.loads(sharding) if sharding else None
        except ValueError as error:
            raise ConfigError("`VEEVA_DB_SHARDING_CONFIG` is no JSON") from error
        return cls.create_database_manager(
            DatabaseConfig(
                db_type=_variable("TYPE") or usual.db_type,
                host=_variable("HOST") or usual.host,
                port=_number("PORT", None),
                database=_variable("NAME") or usual.database,
                username=_variable("USER"),
                password=_variable("PASSWORD"),
                connection_pool_size=_number("POOL_SIZE", usual.connection_pool_size) or 1,
                max_overflow=_number("MAX_OVERFLOW", usual.max_overflow) or 0,
                pool_timeout=_number("POOL_TIMEOUT", usual.pool_timeout) or 1,
                read_replicas=[it for it in replicas if it],
                sharding_config=shards,
            )
        )

    @classmethod
    def from_dict(cls, config_dict: Mapping[str, Any]) -> AbstractDatabaseManager:
        """Return the manager that the fields of ``DatabaseConfig`` in a dictionary describe."""
        known = DatabaseConfig.__dataclass_fields__
        # The word that the configuration file had for it.
        fields = {("db_type" if name == "type" else name): value for name, value in config_dict.items()}
        unknown = [name for name in fields if name not in known]
        if unknown:
            raise ConfigError(f"`{unknown[0]}`: a database has no such field, but {', '.join(known)}")
        return cls.create_database_manager(DatabaseConfig(**fields))

    @classmethod
    def create_migration_manager(cls, source: Any, target: Any) -> Any:
        """Not possible yet."""
        raise UnsupportedError("cannot migrate a database yet")

    @classmethod
    def create_sharded_manager(
        cls,
        primary: DatabaseConfig | AbstractDatabaseManager,
        shards: Sequence[str | DatabaseConfig | AbstractDatabaseManager],
    ) -> AbstractDatabaseManager:
        """Return the manager of ``primary``, a PostgreSQL database whose tables may be spread over ``shards``.

        Its ``distribute_table`` spreads one. The connections are those of ``primary``; shards are reached by it.
        """
        config = primary.config if isinstance(primary, AbstractDatabaseManager) else primary
        urls: list[str] = []
        for it in shards:
            shard = it.config if isinstance(it, AbstractDatabaseManager) else it
            urls.append(shard if isinstance(shard, str) else shard.url())
        if not urls:
            raise UsageError("cannot spread tables over no shards")
        sharding = {**(config.sharding_config or {}), "enabled": True, "shards": urls}
        return cls.create_database_manager(replace(config, sharding_config=sharding))

    @classmethod
    async def close_all_connections(cls) -> None:
        """Close every manager that was made in this process."""
        with cls._lock:
            process = os.getpid()
            mine = [key for key in cls._managers if key[5] == process]
            managers = [cls._managers.pop(key) for key in mine]
        for it in managers:
            await it.close()

    @classmethod
    def get_supported_databases(cls) -> list[str]:
        """Return the kinds of databases."""
        return list(cls._kinds)

    @classmethod
    async def test_configuration(cls, config: DatabaseConfig) -> dict[str, Any]:
        """Try a configuration with connections of its own, which it closes; never raises for what is wrong with it."""
        found: dict[str, Any] = {
            "config_valid": False,
            "connection_successful": False,
            "performance_acceptable": False,
            "error_message": None,
            "connection_time": None,
            "query_time": None,
            "health_check": None,
        }
        try:
            manager = cls._kind(config)(config)
            found["config_valid"] = True
            begun = time.perf_counter()
            await manager.initialize()
        except DqError as error:
            return {**found, "error_message": str(error)}
        try:
            found["connection_time"] = time.perf_counter() - begun
            health = found["health_check"] = await manager.health_check()
            found["connection_successful"] = health["database_accessible"]
            found["error_message"] = health.get("error")
            performance = health.get("performance_metrics", {})
            found["query_time"] = performance.get("query_time")
            found["performance_acceptable"] = performance.get("acceptable", False)
        finally:
            await manager.close()
        return found

    @classmethod
    def _kind(cls, config: DatabaseConfig) -> type[AbstractDatabaseManager]:
        kind = cls._kinds.get(config.db_type)
        if kind is None:
            raise ConfigError(f"`db_type`: there is no `{config.db_type}`, but {', '.join(cls._kinds)}")
        return kind


def _variable(name: str) -> str:
    return os.environ.get(f"VEEVA_DB_{name}", "").strip()


def _number(name: str, usual: int | None) -> int | None:
    text = _variable(name)
    if not text:
        return usual
    if not text.isdigit():
        raise ConfigError(f"`VEEVA_DB_{name}`: expected a whole number, found `{text}`")
    return int(text)
