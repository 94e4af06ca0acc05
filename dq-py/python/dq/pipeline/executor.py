"""Runs rules: those of the healthcare pack, and those in SQL."""

from __future__ import annotations

import datetime
import logging
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dq._validate import VIOLATIONS_MAX
from dq.exceptions import DqError, UsageError
from dq.pipeline import export, history, pack, rule_files, rule_names
from dq.pipeline.config import PipelineConfig
from dq.pipeline.database import DatabaseManager
from dq.pipeline.native import Found, NativeRules, versions_of
from dq.pipeline.query_cache import CacheEntry, QueryResultCache
from dq.pipeline.result import QueryResult, ValidationQueryResult, failed, frame_of, now, of_table, rows_of
from dq.pipeline.summary import summarize

_log = logging.getLogger("dq.pipeline")

MEMORY_ENTRIES = 50

CACHED_ROWS_MAX = 500_000
"""Results with more rows are not cached."""


class QueryExecutor:
    """Runs rules over one database.

    Without ``sql_queries_dir`` these are six rules of the healthcare pack, run by dq's engine in one scan, those of
    its others that the configuration names, and beside them the rules of ``sql/02_validation`` below the current
    folder that have other ids. With ``sql_queries_dir`` they are the rules in SQL of that folder and no others.

    ``validation_queries`` has them all, name to text: what is set there runs as SQL, what is removed does not run.
    ``as_of`` is today as ``YYYY-MM-DD`` or a date, for rules about dates; ``violations_max`` bounds the rows that
    are kept of all rules together, while counts stay exact and ``summary["truncated"]`` says so.
    """

    def __init__(
        self,
        db_manager: DatabaseManager,
        config: PipelineConfig,
        sql_queries_dir: str | os.PathLike[str] | None = None,
        enable_caching: bool = True,
        performance_monitor: Any = None,
        *,
        as_of: str | datetime.date | None = None,
        violations_max: int = VIOLATIONS_MAX,
    ) -> None:
        self.db_manager = db_manager
        self.config = config
        self.sql_queries_dir = Path(sql_queries_dir) if sql_queries_dir is not None else None
        self.performance_monitor = performance_monitor
        self.as_of = _day(as_of)
        self.violations_max = violations_max
        self._paths: dict[str, str] = {}
        self._native: dict[str, str] = {}
        self.validation_queries: dict[str, str] = {}
        self._load()
        self.query_cache = self._cache() if enable_caching and config.performance.cache_query_results else None

    def _load(self) -> None:
        if self.sql_queries_dir is not None:
            files = rule_files.load(self.sql_queries_dir)
        else:
            named = [it for it in pack.names() if it in self.config.validation_rules]
            for name in dict.fromkeys((*pack.DEFAULT_RULES, *named)):
                self._native[name] = pack.definition_of(name)
            files = rule_files.load(rule_files.FOLDER) if rule_files.FOLDER.is_dir() else []
        self.validation_queries.update(self._native)
        for rule in files:
            if rule.name not in self.validation_queries:
                self.validation_queries[rule.name] = rule.sql
                self._paths[rule.name] = rule.path

    def _cache(self) -> QueryResultCache:
        minutes = max(1, self.config.performance.cache_ttl_seconds // 60)
        folder = None if self.sql_queries_dir is None else self.sql_queries_dir.parent / "cache"
        return QueryResultCache(folder, minutes, MEMORY_ENTRIES, on_disk=folder is not None)

    def _extract_ai_enhanced_queries(self, text: str, path: str | os.PathLike[str]) -> dict[str, str]:
        """Return the rules of a file with headers ``-- Query N: name``."""
        return {it.name: it.sql for it in rule_files.split(text, path)}

    def execute_single_query(self, rule_name: str) -> ValidationQueryResult:
        """Run one rule. An id that no rule has is ``NotFoundError``; a rule that is disabled has no rows."""
        name = rule_names.find(rule_name, self.validation_queries)
        return self._run([name], parallel=True)[name]

    def execute_all_queries(self, parallel: bool = True) -> dict[str, ValidationQueryResult]:
        """Run every rule; the results have the order of the rules. A rule that cannot run has severity ``ERROR``."""
        return self._run(list(self.validation_queries), parallel and self.config.runs_parallel)

    def _run(self, names: Sequence[str], parallel: bool) -> dict[str, ValidationQueryResult]:
        workers = max(1, self.config.performance.max_workers) if parallel else 1
        results: dict[str, ValidationQueryResult] = {}
        waiting: list[str] = []
        version = self._version()
        for name in names:
            done = self._disabled(name) or self._cached(name, version)
            if done is None:
                waiting.append(name)
            else:
                results[name] = done
        native = [it for it in waiting if self._is_native(it)]
        if native:
            results.update(self._run_native(native, workers, version))
        queries = [it for it in waiting if it not in native]
        if queries:
            results.update(self._run_sql(queries, workers, version))
        return {name: self._tracked(results[name]) for name in names}

    def _is_native(self, name: str) -> bool:
        return name in self._native and self.validation_queries[name] == self._native[name]

    def _is_enabled(self, name: str) -> bool:
        rule = self.config.get_validation_rule_config(name)
        return self.config.checks_enabled and (rule is None or rule.enabled)

    def _disabled(self, name: str) -> ValidationQueryResult | None:
        if self._is_enabled(name):
            return None
        result = QueryResult(
            frame_of(None), 0.0, 0, [], self.validation_queries[name], True, "Rule disabled in configuration"
        )
        return self._result(name, result, now(), enabled=False)

    def _run_native(
        self, names: Sequence[str], workers: int, version: tuple[str, bool] | None
    ) -> dict[str, ValidationQueryResult]:
        begun = now()
        try:
            rules = NativeRules(self.db_manager.database, self.config, self.as_of, self.violations_max)
            found = rules.run(names, workers)
        except DqError as error:
            found = {name: Found(failed(self.validation_queries[name], error), {}, None) for name in names}
        version = self._unchanged(version)
        results: dict[str, ValidationQueryResult] = {}
        for name, it in found.items():
            results[name] = self._result(name, it.result, begun, summary=it.summary, report=it.report)
            self._keep(results[name], version)
        return results

    def _run_sql(
        self, names: Sequence[str], workers: int, version: tuple[str, bool] | None
    ) -> dict[str, ValidationQueryResult]:
        begun = now()
        answers = self._read([self.validation_queries[it] for it in names], workers)
        version = self._unchanged(version)
        results: dict[str, ValidationQueryResult] = {}
        for name, result in zip(names, answers, strict=True):
            summary = summarize(rows_of(result), name) if result.success else {}
            results[name] = self._result(name, result, begun, summary=summary)
            self._keep(results[name], version)
        return results

    def _read(self, queries: Sequence[str], workers: int) -> list[QueryResult]:
        manager = self.db_manager
        if getattr(type(manager), "execute_query", None) is not DatabaseManager.execute_query:
            # A manager of the caller's own has its own way.
            with ThreadPoolExecutor(workers) as pool:
                return list(pool.map(self._ask, queries))
        try:
            return manager.read_queries(queries, float(self.config.performance.query_timeout_seconds), workers)
        except DqError as error:
            return [failed(it, error) for it in queries]

    def _ask(self, sql: str) -> QueryResult:
        begun = time.perf_counter()
        try:
            return self.db_manager.execute_query(sql)
        except Exception as error:  # noqa: BLE001
            # It may raise anything; one rule that fails stops no other.
            return failed(sql, error, time.perf_counter() - begun)

    def _result(
        self,
        name: str,
        result: QueryResult,
        begun: datetime.datetime,
        *,
        enabled: bool = True,
        summary: dict[str, Any] | None = None,
        report: dict[str, Any] | None = None,
    ) -> ValidationQueryResult:
        severity = self.config.get_rule_severity(name) if result.success else "ERROR"
        if summary:
            summary["rule_severity"] = self.config.get_rule_severity(name)
        path = self._paths.get(name, f"{pack.NAME}/{name}" if self._is_native(name) else name)
        return ValidationQueryResult(name, path, result, severity, enabled, begun, summary or None, report=report)

    def _version(self) -> tuple[str, bool] | None:
        """Return what names the database and the state of its data, and whether other processes tell it alike."""
        if self.query_cache is None:
            return None
        try:
            database = self.db_manager.database
            versions = versions_of(database)
        except (DqError, AttributeError, TypeError):
            return None
        if versions is None:
            return None
        path = self.db_manager.config.path.resolve()
        told = versions[1] or versions[0]
        return f"{path} {told}", versions[1] is not None

    def _unchanged(self, version: tuple[str, bool] | None) -> tuple[str, bool] | None:
        """Return the version if it is still that of the data, so that what was read is of it."""
        return version if version is not None and self._version() == version else None

    def _parameters(self, name: str) -> dict[str, Any]:
        rule = self.config.get_validation_rule_config(name)
        today = self.as_of or str(now().date())
        return {"as_of": today, "rule": repr(rule), "bounds": self.config.bounds, "most": self.violations_max}

    def _cached(self, name: str, version: tuple[str, bool] | None) -> ValidationQueryResult | None:
        if self.query_cache is None or version is None:
            return None
        begun = time.perf_counter()
        sql = self.validation_queries[name]
        entry = self.query_cache.get(name, sql, self._parameters(name), version=version[0])
        if entry is None:
            return None
        return self._of_entry(name, entry, time.perf_counter() - begun)

    def _of_entry(self, name: str, entry: CacheEntry, seconds: float) -> ValidationQueryResult:
        details = entry.details or {}
        result = of_table(rows_of(entry), entry.query_sql, seconds)
        validated = self._result(name, result, entry.created_at, summary=dict(details.get("summary") or {}))
        validated.report = details.get("report")
        validated.cached = True
        validated.age_seconds = (now() - entry.created_at).total_seconds()
        validated.original_execution_time = entry.execution_time
        return validated

    def _keep(self, validated: ValidationQueryResult, version: tuple[str, bool] | None) -> None:
        rows = rows_of(validated.result)
        result = validated.result
        if self.query_cache is None or version is None or not result.success or rows is None:
            return
        if result.row_count > CACHED_ROWS_MAX:
            return
        self.query_cache.set(
            validated.rule_name,
            result.query,
            rows,
            result.execution_time,
            self._parameters(validated.rule_name),
            version=version[0],
            details={"summary": validated.summary, "report": validated.report},
            on_disk=version[1],
        )

    def _tracked(self, validated: ValidationQueryResult) -> ValidationQueryResult:
        result = validated.result
        if self.config.performance.enable_query_profiling:
            _log.info("%s took %.3f s for %d rows", validated.rule_name, result.execution_time, result.row_count)
        if self.performance_monitor is not None:
            self.performance_monitor.track_query_performance(
                query_name=validated.rule_name,
                execution_time=result.execution_time,
                row_count=result.row_count,
                cache_hit=validated.cached,
                error_message=None if result.success else result.error_message,
            )
        return validated

    def get_query_catalog(self) -> list[dict[str, Any]]:
        """Return ``rule_name``, ``enabled``, ``severity``, ``query_length`` and ``description`` of every rule."""
        return [
            {
                "rule_name": name,
                "enabled": self._is_enabled(name),
                "severity": self.config.get_rule_severity(name),
                "query_length": len(text),
                "description": self._description(name, text),
            }
            for name, text in self.validation_queries.items()
        ]

    def _description(self, name: str, text: str) -> str:
        if self._is_native(name):
            return str(pack.rule_of(name)["description"])
        first = text.lstrip().partition("\n")[0]
        return first.lstrip("- ").strip() if first.startswith("--") else name.replace("_", " ").capitalize()

    def export_query_results(
        self,
        results: Mapping[str, ValidationQueryResult],
        output_dir: str | os.PathLike[str],
        formats: Sequence[str] = ("xlsx", "csv"),
    ) -> dict[str, str]:
        """Write results as ``xlsx``, ``csv``, ``json`` and ``html``; returns the path of each."""
        return export.write(results, output_dir, formats, self._create_summary_dict(results))

    def record_results(self, results: Mapping[str, ValidationQueryResult]) -> str:
        """Keep what rules found in the database: in ``data_quality_metrics`` and ``business_rule_violations``.

        Returns the ``batch_id`` of the rows. Nothing else of an executor writes.
        """
        return history.record(self.db_manager.database, results)

    def _generate_query_summary(self, df: Any, rule_name: str) -> dict[str, Any]:
        return summarize(df, rule_name)

    def _create_summary_dataframe(self, results: Mapping[str, ValidationQueryResult]) -> Any:
        return export.summary_table(results).to_pandas()

    def _create_summary_dict(self, results: Mapping[str, ValidationQueryResult]) -> dict[str, Any]:
        statistics = self.query_cache.get_statistics() if self.query_cache is not None else {}
        return export.summary_of(results, statistics)

    def get_cache_statistics(self) -> dict[str, Any]:
        """Return the statistics of the cache; ``caching_enabled`` tells whether there is one."""
        if self.query_cache is None:
            return {"caching_enabled": False}
        return {"caching_enabled": True, **self.query_cache.get_statistics()}

    def clear_cache(self, rule_name: str | None = None) -> int | None:
        """Forget the results of one rule, and say how many these were; or all."""
        if self.query_cache is None:
            return 0
        if rule_name is not None:
            return self.query_cache.invalidate_rule(rule_names.canonical(rule_name))
        self.query_cache.clear_all()
        return None

    def optimize_cache(self) -> dict[str, Any]:
        """Forget what has expired."""
        return self.query_cache.optimize_cache() if self.query_cache is not None else {}


def _day(as_of: str | datetime.date | None) -> str | None:
    if as_of is None:
        return None
    try:
        return datetime.date.fromisoformat(str(as_of)[:10]).isoformat()
    except ValueError as error:
        raise UsageError(f"`as_of`: `{as_of}` is no day, such as 2026-01-31") from error
