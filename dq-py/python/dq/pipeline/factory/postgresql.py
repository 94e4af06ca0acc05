"""A PostgreSQL database: one server, or a primary and replicas, and the servers over which tables are spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dq._dq import distribute
from dq._work import awaited
from dq.exceptions import UsageError
from dq.pipeline.factory.manager import AbstractDatabaseManager


class PostgreSQLDatabaseManager(AbstractDatabaseManager):
    """A PostgreSQL database.

    With ``read_replicas`` reads go to a replica that has all that this manager wrote, and writes to the primary, which
    is found out. With ``sharding_config`` tables may be spread over other databases by ``distribute_table``; statements
    and rules find their rows wherever they lie.
    """

    db_type = "postgresql"

    def _options(self) -> dict[str, Any]:
        return {**super()._options(), "read_replicas": self.config.read_replicas}

    async def health_check(self) -> dict[str, Any]:
        """As of any database, and of its servers: ``primary_accessible``, ``replicas_accessible``, ``nodes``."""
        health = await super().health_check()
        if not health["database_accessible"]:
            return {**health, "primary_accessible": False}
        nodes = await self.database.nodes_async()
        lost = [it for it in nodes if it["state"] == "unreachable"]
        primary = [it["state"] for it in nodes if it["role"] == "primary"]
        # A database of one server does not say what that is.
        health["primary_accessible"] = "ready" in primary or not self.config.read_replicas
        health["replicas_accessible"] = {
            it["name"]: it not in lost for it in nodes if it["role"] not in ("primary", "shard")
        }
        health["nodes"] = nodes
        version = await self.database.query_async("SHOW server_version")
        health["database_version"] = version.scalar()
        if lost and health["overall_status"] == "HEALTHY":
            health["overall_status"] = "WARNING"
        return health

    def supports_sharding(self) -> bool:
        """Whether there are databases over which tables may be spread."""
        return bool(self.config.shards())

    def supports_read_replicas(self) -> bool:
        """Whether reads go to other servers."""
        return bool(self.config.read_replicas)

    async def distribute_table(
        self, table: str, columns: Sequence[str] | None = None, dry_run: bool = False
    ) -> dict[str, Any]:
        """Spread a table over the shards, by the hash of ``columns``; by default of ``shard_key``.

        What is in it is moved, in one transaction; whoever uses the table waits meanwhile. Returns ``rows_moved``, none
        if none were to be, and ``statements``, each with its ``database``; no statements if the table is spread like
        that already. With ``dry_run`` nothing is changed.
        """
        shards = self.config.shards()
        if not shards:
            raise UsageError("cannot spread a table: `sharding_config` names no `shards`")
        keys = self.config.shard_key() if columns is None else list(columns)
        spreading = {"table": table, "shards": shards, "columns": keys, "dry_run": dry_run}
        statements, rows = await awaited(distribute(self.config.url(), spreading))
        return {"rows_moved": rows, "statements": [{"database": at, "sql": sql} for at, sql in statements]}
