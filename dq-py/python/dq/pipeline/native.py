"""Runs rules of the healthcare pack with dq's engine: one scan for all of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dq._database import Database
from dq._report import Report
from dq._table import Table
from dq._validate import VIOLATIONS_MAX, validate
from dq.exceptions import DqError, QueryError, RulesError, SourceChangedError
from dq.pipeline import pack, violations
from dq.pipeline.config import PipelineConfig
from dq.pipeline.result import QueryResult, failed, of_table
from dq.pipeline.summary import summarize

_ATTEMPTS = 3
"""How often rules run over data that keep changing meanwhile."""


@dataclass(frozen=True)
class Found:
    """What one rule found."""

    result: QueryResult
    summary: dict[str, Any]
    report: dict[str, Any] | None


@dataclass(frozen=True)
class NativeRules:
    """Rules of the pack over one database."""

    database: Database
    config: PipelineConfig
    as_of: str | None
    violations_max: int = VIOLATIONS_MAX

    def run(self, names: Sequence[str], threads: int) -> dict[str, Found]:
        """Run rules together; where they cannot be read against the tables, each by itself."""
        try:
            return self._run(names, threads)
        except RulesError as error:
            if len(names) == 1:
                return {names[0]: _failed(names[0], error)}
            return {name: self.run([name], threads)[name] for name in names}
        except DqError as error:
            return {name: _failed(name, error) for name in names}

    def _run(self, names: Sequence[str], threads: int) -> dict[str, Found]:
        # Where tables have no keys, failing rows are found again by their places, which must not have changed.
        for _ in range(_ATTEMPTS):
            before = local_version(self.database)
            found = self._run_once(names, threads)
            if before is None or before == local_version(self.database) or self._has_keys():
                return found
        raise SourceChangedError("the database changed again and again while rules ran, and its tables have no keys")

    def _has_keys(self) -> bool:
        """Whether failing rows are found again after others have changed."""
        return all(it.primary_key for it in self.database.tables().values())

    def _run_once(self, names: Sequence[str], threads: int) -> dict[str, Found]:
        begun = time.perf_counter()
        tables = self.database.tables()
        rules = [pack.configured(name, self.config) for name in names]
        present = [it for it in rules if it["checks"]]
        parameters = self._parameters(names)
        performance = self.config.performance
        report = validate(
            self.database,
            pack.document_of(present, self.config, **parameters),
            as_of=self.as_of,
            violations=self.violations_max,
            threads=threads,
            memory_bytes_max=performance.memory_limit_mb << 20,
            timeout=float(performance.query_timeout_seconds),
        )
        # Rules share the scan; each is said to have taken an equal part of it.
        share = (time.perf_counter() - begun) / max(1, len(names))
        document = report.to_dict()
        quality = [{**it, "rows": report.tables.get(it["table"], 0)} for it in document["quality"]["tables"]]
        told = {it["id"]: {**it, "quality": quality} for it in document["rules"]}
        found: dict[str, Found] = {}
        for name in names:
            begun = time.perf_counter()
            if name not in told:
                found[name] = _empty(name)
                continue
            found[name] = self._found(report, told[name], tables, share, begun)
        return found

    def _found(self, report: Report, rule: dict[str, Any], tables: Any, share: float, begun: float) -> Found:
        name = rule["id"]
        query = pack.definition_of(name)
        failing = violations.kept(report, rule)
        try:
            rows = violations.rows_of_rule(self.database, tables, name, failing, report.as_of)
        except DqError as error:
            return Found(failed(query, error), {}, rule)
        summary = summarize(rows, name)
        summary["checks"] = {it["id"]: it["violations"] for it in rule["checks"]}
        counted = sum(it["violations"] for it in rule["checks"])
        summary["truncated"] = report.violations_truncated and counted > sum(len(it.keys) for it in failing)
        if summary["truncated"]:
            summary["total_violations"] = counted
        summary.update(self._flags(name, tables))
        result = of_table(rows, query, share + time.perf_counter() - begun)
        errors = [f"{it['id']}: {it['error']}" for it in rule["checks"] if it["error"]]
        if errors:
            result.success, result.error_message = False, "; ".join(errors)
        return Found(result, summary, rule)

    def _parameters(self, names: Sequence[str]) -> dict[str, Any]:
        """Ask the data for bounds that they set themselves."""
        rule = self.config.get_validation_rule_config("affiliation_anomaly")
        if "affiliation_anomaly" not in names or rule is None or not rule.max_facilities_p95:
            return {}
        try:
            most = self.database.query(_P95).scalar()
        except QueryError:
            # A table or column is missing: the rule itself says so.
            return {}
        return {} if most is None else {"affiliations_max": int(most)}

    def _flags(self, name: str, tables: Any) -> dict[str, Any]:
        rule = self.config.get_validation_rule_config(name)
        if name != "affiliation_anomaly" or rule is None or not rule.multi_state_flag:
            return {}
        facilities = tables.get("healthcare_facilities")
        if facilities is None or "state_province" not in facilities.columns:
            return {}
        return {"multi_state_providers": int(self.database.query(_SEVERAL_STATES).scalar())}


_P95 = """
WITH counted AS (SELECT count(*) AS n FROM provider_facility_affiliations GROUP BY provider_id),
     placed AS (SELECT n, row_number() OVER (ORDER BY n) AS place, count(*) OVER () AS total FROM counted)
SELECT min(n) FROM placed WHERE place >= total * 0.95
"""

_SEVERAL_STATES = """
WITH states AS MATERIALIZED (SELECT facility_id, state_province FROM healthcare_facilities)
SELECT count(*) FROM (
  SELECT a.provider_id FROM provider_facility_affiliations AS a JOIN states AS s ON s.facility_id = a.facility_id
  GROUP BY a.provider_id HAVING count(DISTINCT s.state_province) > 1)
"""


def versions_of(database: Database) -> tuple[list[str], list[str] | None] | None:
    """Return the states of all tables: for this process, and for all that reach the database, if these can tell."""
    handle = database._handle("tell the version")  # pyright: ignore[reportPrivateUsage]
    tables = sorted(database.tables())
    versions: tuple[list[str], list[str] | None] | None = handle.versions(tables).wait()
    return versions


def local_version(database: Database) -> list[str] | None:
    """Return the states of all tables as this process tells them."""
    versions = versions_of(database)
    return None if versions is None else versions[0]


def _failed(name: str, error: DqError) -> Found:
    return Found(failed(pack.definition_of(name), error), {}, None)


def _empty(name: str) -> Found:
    from dq.pipeline import layouts

    rows = Table({it: [] for it in layouts.of(name).columns})
    return Found(of_table(rows, pack.definition_of(name), 0.0), summarize(rows, name), None)
