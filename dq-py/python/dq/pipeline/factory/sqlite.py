"""A SQLite database."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dq.exceptions import DqError, UnsupportedError
from dq.pipeline.factory.manager import AbstractDatabaseManager

_log = logging.getLogger("dq.pipeline")


class SQLiteDatabaseManager(AbstractDatabaseManager):
    """A SQLite database."""

    db_type = "sqlite"

    def _using(self, index: Mapping[str, Any]) -> str:
        # SQLite has one type of index.
        return ""

    def get_connection_string(self) -> str:
        """Return the URL of the database."""
        return f"sqlite:///{Path(self.config.database).absolute()}"

    async def health_check(self) -> dict[str, Any]:
        """As of any database, and ``journal_mode``, ``database_path``, ``file_exists`` and ``file_size_mb``."""
        health = await super().health_check()
        if health["database_accessible"]:
            health["journal_mode"] = (await self.database.query_async("PRAGMA journal_mode")).scalar()
        return health

    async def migrate_to_postgresql(self, postgresql_manager: Any) -> dict[str, Any]:
        """Not possible yet."""
        raise UnsupportedError("cannot migrate a database yet")

    async def backup_database(self, path: str | os.PathLike[str]) -> bool:
        """Copy the database, as of one moment, to a file that does not exist yet."""
        await self.initialize()
        try:
            await self.database.backup_async(path)
        except DqError as error:
            _log.error("cannot copy the database: %s", error)
            return False
        return True

    async def get_database_stats(self) -> dict[str, Any]:
        """Return the size of the database, its tables with how many rows each has, and how it is kept."""
        await self.initialize()

        async def pragma(name: str) -> Any:
            return (await self.database.query_async(f"PRAGMA {name}")).scalar()

        pages, page_size = int(await pragma("page_count")), int(await pragma("page_size"))
        tables: dict[str, int] = {}
        for name in await self.database.tables_async():
            rows = await self.database.query_async(f"SELECT count(*) FROM {self._quoted(name)}")  # noqa: S608
            tables[name] = int(rows.scalar())
        return {
            "total_pages": pages,
            "page_size": page_size,
            "database_size_mb": round(pages * page_size / 2**20, 2),
            "tables": tables,
            "total_tables": len(tables),
            "total_records": sum(tables.values()),
            "journal_mode": await pragma("journal_mode"),
            "cache_size": await pragma("cache_size"),
        }

    def _described(self) -> dict[str, Any]:
        path = Path(self.config.database).absolute()
        size = path.stat().st_size if path.is_file() else None
        described: dict[str, Any] = {"database_path": str(path), "file_exists": size is not None}
        if size is not None:
            described["file_size_mb"] = round(size / 2**20, 2)
        return described
