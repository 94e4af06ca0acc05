"""The database manager of the pipeline."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dq._database import Database
from dq._executor import QueryExecutor as LimitedExecutor
from dq._table import Table
from dq.exceptions import DqError, NotFoundError, PermissionDeniedError
from dq.pipeline.database_config import DatabaseConfig, count_rows, quoted
from dq.pipeline.result import QueryResult, failed, frame_of, moment, now, of_table
from dq.pipeline.session import Engine, Session
from dq.pipeline.summary import summarize

_log = logging.getLogger("dq.pipeline")

QUICK_SECONDS = 5.0
"""How long a simple query may take in a database that is well."""

_ALONE = ("PRAGMA", "VACUUM")
"""Statements that no transaction may hold."""


class DatabaseManager:
    """One SQLite database. It is opened by the first call that needs it; a missing file is an error then.

    May be used from any thread, and as a context manager, which closes it.
    """

    def __init__(self, config: DatabaseConfig | None = None) -> None:
        self.config = config or DatabaseConfig()
        self._lock = threading.Lock()
        self._database: Database | None = None
        self._is_closed = False

    @property
    def database(self) -> Database:
        """The database as dq has it. Raises ``NotFoundError`` where there is no such file."""
        with self._lock:
            if self._is_closed:
                raise DqError(f"cannot use `{self.config.path}`: its manager is closed")
            if self._database is None:
                self._database = self.config.open()
            return self._database

    @property
    def engine(self) -> Engine:
        """What gives connections."""
        return Engine(self.database, self.config.connection_string)

    @property
    def session_factory(self) -> Callable[[], Session]:
        """A function that gives sessions."""
        return lambda: Session(self.database)

    @contextmanager
    def get_session(self) -> Generator[Session, None, None]:
        """Give a session, which commits at the end and rolls back on an exception."""
        with Session(self.database) as session:
            yield session

    get_connection = get_session

    def execute_query(self, query: str, params: Mapping[str, Any] | None = None) -> QueryResult:
        """Run a statement with values for its ``:name``. What goes wrong is told by ``success``.

        A statement that writes is committed, and ``row_count`` is how many rows it changed.
        """
        try:
            return self.read_query(query, params)
        except PermissionDeniedError:
            return self._write(query, params)
        except DqError as error:
            return failed(query, error)

    def read_query(self, query: str, params: Mapping[str, Any] | None = None) -> QueryResult:
        """Run a statement that may only read; raises what goes wrong."""
        self._echo(query)
        begun = time.perf_counter()
        rows = self.database.query(query, dict(params) if params else None)
        return of_table(rows.table(), query, time.perf_counter() - begun)

    def read_queries(self, queries: Sequence[str], timeout: float, workers: int) -> list[QueryResult]:
        """Run statements that may only read, so many of them at once, each within so many seconds."""
        for query in queries:
            self._echo(query)
        limited = LimitedExecutor(self.database, concurrent_max=workers)
        answers = limited.query_all(queries, deadline=timeout)
        results: list[QueryResult] = []
        for query, it in zip(queries, answers, strict=True):
            if isinstance(it, DqError):
                results.append(failed(query, it))
            else:
                seconds = float((it.statistics or {}).get("ran_seconds", 0.0))
                results.append(of_table(it.table(), query, seconds))
        return results

    def _write(self, query: str, params: Mapping[str, Any] | None) -> QueryResult:
        begun = time.perf_counter()
        try:
            if query.split(maxsplit=1)[0].upper() in _ALONE:
                self.database.execute(query)
                return QueryResult(frame_of(None), time.perf_counter() - begun, 0, [], query)
            with Session(self.database) as session:
                answer = session.execute(query, dict(params) if params else None)
                rows = list(answer)
        except DqError as error:
            return failed(query, error, time.perf_counter() - begun)
        seconds = time.perf_counter() - begun
        columns = answer.keys()
        if not columns:
            return QueryResult(frame_of(None), seconds, answer.rowcount, [], query)
        cells = list(zip(*rows, strict=True)) or [() for _ in columns]
        return QueryResult(
            frame_of(Table(dict(zip(columns, cells, strict=True)))), seconds, answer.rowcount, columns, query
        )

    def execute_validation_query(self, rule_name: str, sql: str) -> dict[str, Any]:
        """Run the query of a rule, whose rows are the violations; it cannot write."""
        timestamp, begun = moment(now()), time.perf_counter()
        try:
            result = self.read_query(sql)
        except DqError as error:
            return {
                "rule_name": rule_name,
                "status": "ERROR",
                "error_message": str(error),
                "execution_time": time.perf_counter() - begun,
                "timestamp": timestamp,
            }
        return {
            "rule_name": rule_name,
            "status": "SUCCESS",
            "row_count": result.row_count,
            "execution_time": result.execution_time,
            "timestamp": timestamp,
            "data": result.table.to_dicts(),
            "columns": result.columns,
            "summary": summarize(result.table, rule_name),
        }

    def execute_batch_queries(self, queries: Mapping[str, str]) -> dict[str, QueryResult]:
        """Run statements one after the other; each has its result."""
        return {name: self.execute_query(sql) for name, sql in queries.items()}

    def get_table_metadata(self, table_name: str) -> dict[str, Any]:
        """Return ``row_count``, ``unique_rows`` and ``columns`` of a table, or ``error``."""
        try:
            database = self.database
            if table_name not in database.tables():
                raise NotFoundError(f"there is no table `{table_name}`")
            table = quoted(table_name)
            unique = database.query(f"SELECT count(*) FROM (SELECT DISTINCT * FROM {table})")  # noqa: S608
            return {
                "row_count": count_rows(database, table_name),
                "unique_rows": int(unique.scalar()),
                "columns": database.query(f"PRAGMA table_info({table})").to_dicts(),
            }
        except DqError as error:
            return {"error": str(error)}

    def get_database_overview(self) -> dict[str, Any]:
        """Return what every table has, and ``total_records``. A database that cannot be read is an exception."""
        tables = {name: self.get_table_metadata(name) for name in self.database.tables()}
        return {
            "database_path": str(self.config.path),
            "tables": tables,
            "total_records": sum(int(it.get("row_count", 0)) for it in tables.values()),
            "timestamp": moment(now()),
        }

    def optimize_database(self) -> dict[str, dict[str, Any]]:
        """Bring statistics up to date and give free pages back: ``analyze``, ``vacuum``, ``pragma_optimize``."""
        steps: dict[str, Callable[[Database], object]] = {
            "analyze": lambda it: it.execute("ANALYZE"),
            "vacuum": lambda it: it.execute("VACUUM"),
            "pragma_optimize": _optimize,
        }
        told: dict[str, dict[str, Any]] = {}
        for step, run in steps.items():
            begun = time.perf_counter()
            try:
                run(self.database)
                told[step] = {"status": "SUCCESS", "execution_time": time.perf_counter() - begun}
            except DqError as error:
                told[step] = {"status": "ERROR", "error": str(error)}
        return told

    def health_check(self) -> dict[str, Any]:
        """Return whether the database is there and answers; ``overall_status`` is HEALTHY, WARNING or ERROR."""
        health: dict[str, Any] = {
            "timestamp": moment(now()),
            "database_accessible": False,
            "tables_accessible": {},
            "performance_test": {},
            "overall_status": "UNKNOWN",
        }
        try:
            database = self.database
            tables = database.tables()
            health["database_accessible"] = True
            begun = time.perf_counter()
            database.query("SELECT count(*) FROM sqlite_schema")
            seconds = time.perf_counter() - begun
        except DqError as error:
            health.update(overall_status="ERROR", error=str(error))
            return health
        health["tables_accessible"] = {name: _answers(database, name) for name in tables}
        health["performance_test"] = {"query_time": seconds, "acceptable": seconds < QUICK_SECONDS}
        is_well = seconds < QUICK_SECONDS and bool(tables) and all(health["tables_accessible"].values())
        health["overall_status"] = "HEALTHY" if is_well else "WARNING"
        return health

    def close(self) -> None:
        """Close every connection. Calls after it fail."""
        with self._lock:
            self._is_closed = True
            database, self._database = self._database, None
        if database is not None:
            database.close()

    def __enter__(self) -> DatabaseManager:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _echo(self, sql: str) -> None:
        if self.config.echo_sql:
            _log.info("%s", sql)


def _optimize(database: Database) -> None:
    database._handle("optimize").optimize().wait()  # pyright: ignore[reportPrivateUsage]


def _answers(database: Database, table: str) -> bool:
    try:
        database.query(f"SELECT 1 FROM {quoted(table)} LIMIT 1")  # noqa: S608
    except DqError:
        return False
    return True
