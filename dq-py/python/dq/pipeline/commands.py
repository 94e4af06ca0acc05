"""The commands of the earlier command line."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dq.exceptions import DqError, NotFoundError, UsageError
from dq.pipeline import monitoring, rule_names
from dq.pipeline._yaml import to_yaml
from dq.pipeline.config import PipelineConfig
from dq.pipeline.database import DatabaseManager
from dq.pipeline.database_config import DatabaseConfig, quoted
from dq.pipeline.executor import QueryExecutor
from dq.pipeline.result import ValidationQueryResult
from dq.pipeline.summary import rank

DONE, FAILED, USAGE = 0, 1, 2

TABLES = {
    "providers": "healthcare_providers",
    "facilities": "healthcare_facilities",
    "affiliations": "provider_facility_affiliations",
}


def status(options: Namespace, config: PipelineConfig) -> int:
    """Show whether the database answers, and what is in it."""
    with DatabaseManager(DatabaseConfig.from_env(config.get_database_path())) as manager:
        health = manager.health_check()
        print(f"Database: {manager.config.path}")
        print(f"Accessible: {'Yes' if health['database_accessible'] else 'No'}")
        print(f"Status: {health['overall_status']}")
        if not health["database_accessible"]:
            return _wrong(health.get("error"))
        overview = manager.get_database_overview()
        for name, it in overview["tables"].items():
            print(f"  {name:40} {it.get('row_count', 'cannot be read'):>12}")
        print(f"Total records: {overview['total_records']:,}")
        return DONE if all(health["tables_accessible"].values()) else FAILED


def validate(options: Namespace, config: PipelineConfig) -> int:
    """Run rules and export what they find."""
    with DatabaseManager(DatabaseConfig.from_env(config.get_database_path())) as manager:
        executor = QueryExecutor(manager, config, as_of=options.as_of)
        if options.rule:
            names = [_rule(executor, it) for it in options.rule]
            results = {name: executor.execute_single_query(name) for name in dict.fromkeys(names)}
        else:
            if not _is_confirmed(executor, options):
                print("Cancelled")
                return FAILED
            results = executor.execute_all_queries(parallel=options.parallel)
        for it in results.values():
            _show(it)
        total = sum(it.violation_count for it in results.values())
        print(f"Total Violations Found: {total:,}")
        for form, path in executor.export_query_results(results, options.output_dir, options.format).items():
            print(f"{form}: {path}")
        if options.record:
            print(f"Recorded: {executor.record_results(results)}")
    failed = [name for name, it in results.items() if not it.result.success]
    if failed:
        return _wrong(f"{len(failed)} of {len(results)} rules could not run: {', '.join(failed)}")
    return FAILED if _is_too_bad(results, options.fail_on) else DONE


def _rule(executor: QueryExecutor, name: str) -> str:
    try:
        return rule_names.find(name, executor.validation_queries)
    except NotFoundError as error:
        raise UsageError(str(error)) from error


def _is_confirmed(executor: QueryExecutor, options: Namespace) -> bool:
    """Ask a person at a terminal whether all rules shall run."""
    names = [it["rule_name"] for it in executor.get_query_catalog() if it["enabled"]]
    print(f"Rules: {', '.join(names)}")
    if options.yes or not sys.stdin.isatty():
        return True
    return input(f"Run {len(names)} rules? [y/N] ").strip().lower() in ("y", "yes")


def _show(it: ValidationQueryResult) -> None:
    if not it.enabled:
        print(f"  {it.rule_name:40} disabled")
    elif not it.result.success:
        print(f"  {it.rule_name:40} FAILED: {it.result.error_message}")
    else:
        cached = f", cached {it.age_seconds:.0f} s ago" if it.cached else ""
        print(f"  {it.rule_name:40} {it.violation_count:,} violations ({it.result.execution_time:.2f}s{cached})")
        for severity, count in ((it.summary or {}).get("severity_distribution") or {}).items():
            print(f"    {severity:10} {count:,}")


def _is_too_bad(results: dict[str, ValidationQueryResult], least: str | None) -> bool:
    if least is None:
        return False
    found = [name for it in results.values() for name in (it.summary or {}).get("severity_distribution") or {}]
    return any(rank(it) <= rank(least) for it in found if it != "INFO")


def catalog(options: Namespace, config: PipelineConfig) -> int:
    """List the rules."""
    with DatabaseManager(DatabaseConfig.from_env(config.get_database_path())) as manager:
        rules = QueryExecutor(manager, config).get_query_catalog()
    print(f"{'Status':10} {'Rule Name':38} {'Severity':10} Description")
    for it in rules:
        state = "enabled" if it["enabled"] else "disabled"
        print(f"{state:10} {it['rule_name']:38} {it['severity']:10} {it['description']}")
    return DONE


def maintenance(options: Namespace, config: PipelineConfig) -> int:
    """Optimize the database, if asked, and tell how it is."""
    with DatabaseManager(DatabaseConfig.from_env(config.get_database_path())) as manager:
        health = manager.health_check()
        if not health["database_accessible"]:
            return _wrong(health.get("error"))
        code = DONE
        for step, it in manager.optimize_database().items() if options.optimize else ():
            if it["status"] == "SUCCESS":
                print(f"{step}: done in {it['execution_time']:.2f} s")
            else:
                code = _wrong(f"{step}: {it['error']}")
        print(f"Status: {manager.health_check()['overall_status']}")
        return code


def config_export(options: Namespace, config: PipelineConfig) -> int:
    """Write the configuration as YAML."""
    path = Path(options.output)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_yaml(config.to_dict()), encoding="utf-8")
    print(f"Configuration: {path}")
    return DONE


def explore(options: Namespace, config: PipelineConfig) -> int:
    """Show some rows."""
    with DatabaseManager(DatabaseConfig.from_env(config.get_database_path())) as manager:
        for name in [TABLES[options.table]] if options.table else TABLES.values():
            sql = f"SELECT * FROM {quoted(name)} LIMIT :rows"  # noqa: S608
            result = manager.read_query(sql, {"rows": options.sample_size})
            print(f"{name}: {result.row_count} rows")
            for row in result.table.to_dicts():
                print("  " + ", ".join(f"{key}={value}" for key, value in row.items() if value is not None))
    return DONE


def monitor(options: Namespace, config: PipelineConfig) -> int:
    """Measure the database and the machine, keep that, and show the last hours."""
    with DatabaseManager(DatabaseConfig.from_env(config.get_database_path())) as manager:
        health = manager.health_check()
        if not health["database_accessible"]:
            return _wrong(health.get("error"))
        folder = manager.config.path.parent
        store = monitoring.MetricsStore(folder / "metrics.db")
        store.store(monitoring.system_metrics(folder), monitoring.database_metrics(manager))
    summary = store.summary(options.hours)
    print(f"Status: {health['overall_status']}")
    if options.summary:
        for part in ("system", "database"):
            for name, value in summary[part].items():
                print(f"  {part}.{name:24} {monitoring.shown(value)}")
    if options.dashboard:
        path = Path(options.output)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(monitoring.dashboard(health, summary), encoding="utf-8")
        print(f"Dashboard: {path}")
    return DONE if health["overall_status"] != "ERROR" else FAILED


COMMANDS: dict[str, Callable[[Any, PipelineConfig], int]] = {
    "status": status,
    "validate": validate,
    "catalog": catalog,
    "maintenance": maintenance,
    "config-export": config_export,
    "explore": explore,
    "monitor": monitor,
}


def _wrong(reason: Any) -> int:
    print(f"dq.pipeline: {reason}", file=sys.stderr)
    return FAILED


def run(options: Namespace, config: PipelineConfig) -> int:
    """Run a command; what goes wrong is told on standard error."""
    try:
        return COMMANDS[options.command](options, config)
    except DqError as error:
        code = USAGE if error.code in ("usage_invalid", "config_invalid") else FAILED
        return max(code, _wrong(error))
    except OSError as error:
        return _wrong(error)
