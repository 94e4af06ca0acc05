"""The command line of the earlier pipeline."""

import csv
import json
import os
import sqlite3
import subprocess
import sys

import pipeline_world as world
import pytest


@pytest.fixture
def run(tmp_path):
    """Run the program in a folder where a database lies at the usual place."""
    (tmp_path / "data/database").mkdir(parents=True)
    world.build(tmp_path / "data/database/veeva_opendata.db")

    def run(*arguments, **environment):
        command = [sys.executable, "-X", "dev", "-W", "error", "-m", "dq.pipeline", *map(str, arguments)]
        kept = {name: it for name, it in os.environ.items() if not name.startswith("VEEVA_")}
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**kept, **environment},
        )

    return run


def test_status_tells_what_is_there(run):
    ended = run("status")
    assert ended.returncode == 0, ended.stderr
    assert "Accessible: Yes" in ended.stdout
    assert "Status: HEALTHY" in ended.stdout
    assert "healthcare_facilities" in ended.stdout


@pytest.mark.parametrize("command", ["status", "validate", "maintenance", "explore", "monitor"])
def test_a_missing_database_is_a_failure_and_is_not_created(run, tmp_path, command):
    ended = run(command, VEEVA_DB_PATH=str(tmp_path / "nowhere.db"))
    assert ended.returncode == 1
    assert "nowhere.db" in ended.stderr or "could not run" in ended.stderr
    assert not (tmp_path / "nowhere.db").exists()
    assert not (tmp_path / "metrics.db").exists()


def test_validate_runs_all_rules_without_asking_where_nobody_can_answer(run, tmp_path):
    arguments = ["-o", "out", "-f", "csv", "-f", "json", "-f", "xlsx", "-f", "html", "--as-of", world.AS_OF]
    ended = run("validate", *arguments)
    assert ended.returncode == 0, ended.stderr
    assert "Total Violations Found: 50" in ended.stdout
    assert ended.stderr == ""
    assert sorted(it.suffix for it in (tmp_path / "out").iterdir()) == [".csv", ".html", ".json", ".xlsx"]
    (sheet,) = (tmp_path / "out").glob("*.csv")
    with sheet.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 50


def test_validate_writes_a_workbook_to_the_usual_place(run, tmp_path):
    ended = run("validate", "--rule", world.NPI, "-r", "affiliation_anomaly_(simplified_for_performance)", "-p")
    assert ended.returncode == 0, ended.stderr
    assert f"{world.AFFILIATED}" in ended.stdout
    assert [it.suffix for it in (tmp_path / "reports/validation").iterdir()] == [".xlsx"]


def test_exit_codes_are_honest(run, tmp_path):
    ended = run("validate", "--rule", "npi_validatoin")
    assert ended.returncode == 2
    assert "did you mean `npi_validation`" in ended.stderr
    assert run("validate", "--rule", world.NPI, "-f", "pdf").returncode == 2
    assert run("nonsense").returncode == 2
    assert run("-c", "nowhere.yaml", "status").returncode == 2
    (tmp_path / "bad.yaml").write_text("business_rules: { nonsense: 1 }")
    ended = run("-c", "bad.yaml", "status")
    assert (ended.returncode, "`business_rules.nonsense`" in ended.stderr) == (2, True)
    assert run("validate", "-r", world.NPI, "--fail-on", "critical").returncode == 1
    assert run("validate", "-r", world.CONTACT, "--fail-on", "critical").returncode == 0
    assert run("validate", "-r", world.NPI, "--as-of", "yesterday").returncode == 2
    (tmp_path / "file").write_text("")
    assert run("validate", "-r", world.NPI, "-o", "file").returncode == 1


def test_a_rule_that_fails_is_a_failure(run, tmp_path):
    (tmp_path / "sql/02_validation").mkdir(parents=True)
    (tmp_path / "sql/02_validation/broken.sql").write_text("SELECT * FROM nowhere")
    ended = run("validate", "-o", "out", "-f", "json")
    assert ended.returncode == 1
    assert "1 of 7 rules could not run: broken" in ended.stderr
    (report,) = (tmp_path / "out").iterdir()
    assert json.loads(report.read_text())["summary"]["failed_queries"] == 1


def test_catalog_lists_the_rules(run, tmp_path):
    (tmp_path / "c.yaml").write_text(
        "quality_checks: { validation_rules: { npi_validation: { enabled: false, severity: LOW } } }"
    )
    ended = run("--config", "c.yaml", "catalog")
    assert ended.returncode == 0
    lines = ended.stdout.splitlines()
    assert lines[0].split()[:3] == ["Status", "Rule", "Name"]
    assert len(lines) == 7
    assert any(line.split()[:3] == ["disabled", world.NPI, "LOW"] for line in lines)


def test_maintenance_optimizes(run):
    ended = run("maintenance", "-opt")
    assert ended.returncode == 0, ended.stderr
    assert [line.split(":")[0] for line in ended.stdout.splitlines()] == [
        "analyze",
        "vacuum",
        "pragma_optimize",
        "Status",
    ]
    assert run("maintenance").stdout == "Status: HEALTHY\n"


def test_the_configuration_is_exported_and_read_again(run, tmp_path):
    ended = run("config-export")
    assert ended.returncode == 0, ended.stderr
    exported = tmp_path / "config/current_config.yaml"
    assert "max_workers: 4" in exported.read_text()
    ended = run("-c", exported, "config-export", "-o", "again.yaml")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "again.yaml").read_text() == exported.read_text()


def test_explore_shows_rows(run):
    ended = run("explore", "-n", "2", "-t", "facilities")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[:2] == [
        "healthcare_facilities: 2 rows",
        "  facility_id=F1, facility_name=Clinic 1, state_province=NY, bed_count=10.0",
    ]
    assert run("explore").stdout.count(": 10 rows") == 3
    assert run("explore", "-n", "0").returncode == 2


def test_monitor_keeps_measurements_and_writes_a_page(run, tmp_path):
    assert run("monitor").returncode == 0
    ended = run("monitor", "--dashboard", "--hours", "2", "-o", "page.html")
    assert ended.returncode == 0, ended.stderr
    assert "system.data_points" in ended.stdout
    assert "HEALTHY" in (tmp_path / "page.html").read_text()
    connection = sqlite3.connect(tmp_path / "data/database/metrics.db")
    rows = connection.execute(
        "SELECT table_count, largest_table, largest_table_records FROM database_metrics"
    ).fetchall()
    connection.close()
    assert rows == [(3, "provider_facility_affiliations", 65)] * 2


def test_the_configuration_chooses_the_database_unless_the_environment_does(run, tmp_path):
    usual = tmp_path / "data/database/veeva_opendata.db"
    usual.rename(tmp_path / "other.db")
    (tmp_path / "c.yaml").write_text("database: {path: other.db}\n")
    (tmp_path / "wrong.yaml").write_text("database: {path: nowhere.db}\n")
    ended = run("-c", "c.yaml", "status")
    assert ended.returncode == 0, ended.stderr
    assert run("status").returncode == 1, "the usual database is not there"
    ended = run("-c", "wrong.yaml", "status", VEEVA_DB_PATH="other.db")
    assert ended.returncode == 0, ended.stderr
    ended = run("-c", "wrong.yaml", "status", VEEVA_DB_PATH="")
    assert ended.returncode == 1
    assert "nowhere.db" in ended.stderr


def test_logs_go_to_standard_error_and_to_the_file_of_the_configuration(run, tmp_path):
    (tmp_path / "c.yaml").write_text(
        "features: { x: 1 }\nlogging: { level: INFO, file_path: logs/dq.log, format: '%(message)s' }\n"
    )
    ended = run("-c", "c.yaml", "-l", "debug", "validate", "-r", world.NPI, "-f", "csv")
    assert ended.returncode == 0, ended.stderr
    assert "DEBUG" not in ended.stdout
    assert (tmp_path / "logs/dq.log").exists()
