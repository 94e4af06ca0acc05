"""Which database, with how many connections, replicas and shards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dq.exceptions import ConfigError, UnsupportedError

PORTS = {"postgresql": 5432, "mysql": 3306}
"""The ports on which servers usually are."""


@dataclass
class DatabaseConfig:
    """Which database, and how many connections to it."""

    db_type: str = "sqlite"
    """``sqlite``, ``postgresql`` or ``mysql``."""
    host: str = "localhost"
    port: int | None = None
    """The port of the server; by default that of its kind."""
    database: str = "data/database/veeva_opendata.db"
    """The name of the database; of SQLite the path."""
    username: str = ""
    password: str = field(default="", repr=False)
    connection_pool_size: int = 10
    """How many connections read."""
    max_overflow: int = 20
    """How many more may be opened when all of them are busy."""
    pool_timeout: int = 30
    """How many seconds a caller waits for a connection."""
    read_replicas: list[str] = field(default_factory=list, repr=False)
    """URLs of the other servers of a PostgreSQL database, which answer what only reads."""
    sharding_config: dict[str, Any] | None = field(default=None, repr=False)
    """Over which databases tables of a PostgreSQL database are spread: ``shards``, each with its ``connection``, and
    ``shard_key``, the column that decides. With ``enabled`` false it has no effect."""

    def identity(self) -> tuple[str, str, int | None, str, str]:
        """Return what tells one database from another: kind, host, port, name and user."""
        if self.db_type == "sqlite":
            return "sqlite", "", None, str(Path(self.database).absolute()), ""
        return self.db_type, self.host, self.port or PORTS.get(self.db_type), self.database, self.username

    def url(self) -> str:
        """Return what ``dq.connect`` opens, with the password."""
        if self.db_type == "sqlite":
            return f"sqlite:{Path(self.database).absolute()}"
        account = quote(self.username, safe="")
        if self.password:
            account = f"{account}:{quote(self.password, safe='')}"
        at = f"{account}@" if account else ""
        port = self.port or PORTS[self.db_type]
        return f"{self.db_type}://{at}{self.host}:{port}/{quote(self.database, safe='')}"

    def check(self) -> None:
        """Raise ``ConfigError`` for replicas and shards that this kind of database does not have."""
        for name, given in (("read_replicas", self.read_replicas), ("sharding_config", self.shards())):
            if given and self.db_type != "postgresql":
                raise ConfigError(f"`{name}`: only a PostgreSQL database has them, and this one is `{self.db_type}`")

    def shards(self) -> list[str]:
        """Return the URLs of the databases over which tables are spread, with their passwords."""
        sharding = self.sharding_config
        if sharding is None or not sharding.get("enabled", True):
            return []
        unknown = set(sharding) - {"enabled", "strategy", "shard_key", "shards"}
        if unknown:
            raise ConfigError(f"`sharding_config`: there is no `{min(unknown)}`")
        if sharding.get("strategy", "hash") != "hash":
            raise UnsupportedError("cannot spread tables otherwise than by `strategy` `hash`")
        return [self._shard(it) for it in sharding.get("shards") or []]

    def shard_key(self) -> list[str]:
        """Return the columns by whose hash a row finds its shard; none for the first of the primary key."""
        key = (self.sharding_config or {}).get("shard_key") or []
        return [key] if isinstance(key, str) else list(key)

    def _shard(self, shard: Any) -> str:
        if isinstance(shard, str):
            return shard
        if not isinstance(shard, Mapping) or not isinstance(shard.get("connection"), str):
            raise ConfigError("`sharding_config`: each of `shards` has a `connection`, the URL of its database")
        if shard.get("hash_range") is not None:
            raise UnsupportedError("cannot use `hash_range`: each shard takes as many rows as any other")
        return str(shard["connection"])
