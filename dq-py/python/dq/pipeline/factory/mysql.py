"""A MySQL or MariaDB database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dq.pipeline.factory.manager import AbstractDatabaseManager


class MySQLDatabaseManager(AbstractDatabaseManager):
    """A MySQL or MariaDB database."""

    db_type = "mysql"
    _if_missing = ""

    def _quoted(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def _using(self, index: Mapping[str, Any]) -> str:
        # It stands in another place, and says nothing that is not usual.
        return ""
