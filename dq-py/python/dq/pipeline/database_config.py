"""Which database, and how it is opened."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dq._database import Database, connect
from dq.exceptions import ConfigError, DqError
from dq.pipeline.session import Engine, Session

RESULT_BYTES_MAX = 2 << 30
"""How many bytes the rows of a query may take: what callers look at is in memory."""


@dataclass
class DatabaseConfig:
    """A SQLite database: its path, below the current folder unless it is absolute, and its connections."""

    db_path: str = "data/database/veeva_opendata.db"
    echo_sql: bool = False
    """Logs each statement to ``dq.pipeline`` at the level INFO."""
    pool_size: int = 5
    """How many connections read, at most."""
    max_overflow: int = 10
    """How many more may be opened when all of them are busy."""
    pool_timeout: int = 30
    """How many seconds a caller waits for a connection."""

    @property
    def connection_string(self) -> str:
        """The URL of the database."""
        return f"sqlite:///{self.path}"

    @property
    def path(self) -> Path:
        """The absolute path of the database."""
        return Path(self.db_path).absolute()

    def open(self) -> Database:
        """Open the database with dq. A file that is missing is ``NotFoundError``, and is not created."""
        options: dict[str, Any] = {
            "readers": max(1, self.pool_size + self.max_overflow),
            "acquire_timeout_ms": max(1, self.pool_timeout) * 1000,
            "result_size_max_bytes": RESULT_BYTES_MAX,
        }
        return connect(self.path, **options)

    def create_engine(self) -> Engine:
        """Return what gives connections."""
        return Engine(self.open(), self.connection_string)

    def create_session_factory(self, engine: Engine | None = None) -> Any:
        """Return a function that gives sessions."""
        made = engine or self.create_engine()
        return lambda: Session(made.database)

    def get_session(self) -> Session:
        """Return a session, to be closed by its caller."""
        return Session(self.open(), owns=True)

    def test_connection(self) -> bool:
        """Whether the database can be opened and answers."""
        try:
            with self.open() as database:
                return bool(database.query("SELECT 1").scalar() == 1)
        except DqError:
            return False

    def get_table_info(self) -> dict[str, dict[str, int]]:
        """Return how many rows each table has: ``{table: {"row_count": n}}``."""
        with self.open() as database:
            return {name: {"row_count": count_rows(database, name)} for name in database.tables()}

    @classmethod
    def from_env(cls, db_path: str | None = None) -> DatabaseConfig:
        """Read ``VEEVA_DB_PATH``, ``_ECHO``, ``_POOL_SIZE``, ``_MAX_OVERFLOW`` and ``_POOL_TIMEOUT``.

        ``db_path`` is the database where the environment names none.
        """
        usual = cls()
        return cls(
            os.environ.get("VEEVA_DB_PATH") or db_path or usual.db_path,
            _switch("VEEVA_DB_ECHO"),
            _number("VEEVA_DB_POOL_SIZE", usual.pool_size),
            _number("VEEVA_DB_MAX_OVERFLOW", usual.max_overflow),
            _number("VEEVA_DB_POOL_TIMEOUT", usual.pool_timeout),
        )


def quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def count_rows(database: Database, table: str) -> int:
    """Return how many rows a table has."""
    return int(database.query(f"SELECT count(*) FROM {quoted(table)}").scalar())  # noqa: S608


def _switch(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "on")


def _number(name: str, usual: int) -> int:
    text = os.environ.get(name, "").strip()
    if not text:
        return usual
    if not text.isdigit():
        raise ConfigError(f"`{name}`: expected a whole number, found `{text}`")
    return int(text)
