"""Rules in SQL, in the folder layout of the earlier pipeline."""

import signal
import subprocess
import sys

import pipeline_world as world
import pytest

import dq
from conftest import ENDLESS
from dq.pipeline import DatabaseConfig, DatabaseManager, PipelineConfig, QueryExecutor, QueryResult
from dq.pipeline.rule_files import load

PACK = """-- Rules of this house
-- Query 1: Affiliation Anomaly (Simplified for Performance)
-- Providers without a primary affiliation
SELECT provider_id, 'MEDIUM' AS severity FROM provider_facility_affiliations WHERE is_primary_affiliation = 0;

-- Query 2: Bed-Count Check
SELECT facility_id, 'HIGH' AS severity FROM healthcare_facilities WHERE bed_count IS NULL
UNION ALL SELECT 'SUMMARY', 'INFO';
-- Query 3: broken
SELECT * FROM nowhere;
"""


@pytest.fixture
def path(tmp_path):
    return world.build(tmp_path / "world.db")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "sql/02_validation"
    folder.mkdir(parents=True)
    (folder / "ai_enhanced_validation_queries.sql").write_text(PACK)
    (folder / "facility_checks.sql").write_text("SELECT facility_id FROM healthcare_facilities;")
    (folder / "notes.txt").write_text("no rule")
    return folder


def executor(path, folder=None, config=None, **options):
    options = {"enable_caching": False, **options}
    return QueryExecutor(DatabaseManager(DatabaseConfig(str(path))), config or PipelineConfig(), folder, **options)


def test_a_folder_loads_and_runs(path, folder):
    run = executor(path, folder)
    assert list(run.validation_queries) == ["affiliation_anomaly", "bed_count_check", "broken", "facility"]
    results = run.execute_all_queries()
    assert list(results) == list(run.validation_queries)
    # Two of the no_primary kind, ten of the many, and three more by hand.
    assert results["affiliation_anomaly"].result.row_count == 15
    assert results["facility"].result.row_count == 12
    assert results["facility"].query_path.endswith("facility_checks.sql")
    assert run.execute_single_query("affiliation_anomaly_(simplified_for_performance)").result.row_count == 15


def test_rows_of_severity_info_are_no_violations(path, folder):
    it = executor(path, folder).execute_single_query("bed_count_check")
    assert it.result.row_count == 2
    assert it.summary["total_violations"] == it.violation_count == 1
    assert it.summary["severity_distribution"] == {"HIGH": 1, "INFO": 1}


def test_a_rule_that_fails_is_visible(path, folder):
    it = executor(path, folder).execute_single_query("broken")
    assert (it.severity, it.result.success, it.result.row_count) == ("ERROR", False, 0)
    assert "no such table" in it.result.error_message


def test_a_rule_cannot_write_and_has_one_statement(path, folder):
    run = executor(path, folder)
    run.validation_queries = {"write": "DELETE FROM healthcare_facilities", "two": "SELECT 1; SELECT 2"}
    results = run.execute_all_queries()
    assert not any(it.result.success for it in results.values())
    assert run.db_manager.execute_query("SELECT 1 FROM healthcare_facilities").row_count == 12


def test_a_rule_ends_when_its_time_is_over(path, folder):
    config = PipelineConfig()
    config.update_config({"performance": {"query_timeout_seconds": 1}})
    run = executor(path, folder, config)
    run.validation_queries["endless"] = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n"
    )
    it = run.execute_single_query("endless")
    assert (it.severity, it.result.success) == ("ERROR", False)
    assert it.result.execution_time < 30


def test_what_a_caller_changes_in_validation_queries_runs(path):
    run = executor(path, as_of=world.AS_OF)
    run.validation_queries["mine"] = "SELECT provider_id FROM healthcare_providers LIMIT 2"
    del run.validation_queries[world.NPI]
    run.validation_queries[world.NAME] = "SELECT 1 AS one"
    results = run.execute_all_queries()
    assert world.NPI not in results
    assert results["mine"].result.row_count == 2
    assert results[world.NAME].result.data["one"].tolist() == [1]


def test_rules_of_the_folder_run_beside_the_pack_which_wins(path, folder, monkeypatch):
    monkeypatch.chdir(folder.parents[1])
    run = executor(path, as_of=world.AS_OF)
    assert list(run.validation_queries)[-3:] == ["bed_count_check", "broken", "facility"]
    assert run.execute_single_query(world.AFFILIATED).summary["checks"]["too_many"] == 1


def test_what_is_wrong_with_files_is_told(folder, tmp_path, caplog):
    with pytest.raises(dq.NotFoundError, match="there is no folder"):
        load(tmp_path / "nowhere")
    (folder / "zz.sql").write_text("-- Query 1: broken\nSELECT 1")
    with caplog.at_level("WARNING", "dq.pipeline"):
        assert [it.name for it in load(folder)].count("broken") == 1
    assert "`broken`" in caplog.text
    (folder / "empty_checks.sql").write_text("-- nothing here\n")
    with pytest.raises(dq.RulesError, match="the rule `empty` has no query"):
        load(folder)
    (folder / "empty_checks.sql").write_bytes(b"SELECT '\xff'")
    with pytest.raises(dq.RulesError, match="not UTF-8"):
        load(folder)


def test_a_manager_of_the_callers_own_runs_the_queries(path, folder):
    class Counting(DatabaseManager):
        asked = 0

        def execute_query(self, query, params=None):
            type(self).asked += 1
            return super().execute_query(query, params)

    run = QueryExecutor(Counting(DatabaseConfig(str(path))), PipelineConfig(), folder, False)
    results = run.execute_all_queries()
    assert Counting.asked == 4
    assert not results["broken"].result.success

    class Failing(DatabaseManager):
        def execute_query(self, query, params=None) -> QueryResult:
            raise RuntimeError("no luck")

    run = QueryExecutor(Failing(DatabaseConfig(str(path))), PipelineConfig(), folder, False)
    assert {it.result.error_message for it in run.execute_all_queries(parallel=False).values()} == {"no luck"}


def test_the_catalog_describes_every_rule(path, folder):
    config = PipelineConfig()
    config.update_config({"quality_checks": {"validation_rules": {world.AFFILIATED: {"enabled": False}}}})
    rules = {it["rule_name"]: it for it in executor(path, folder, config).get_query_catalog()}
    assert rules[world.AFFILIATED]["enabled"] is False
    assert rules[world.AFFILIATED]["description"] == "Providers without a primary affiliation"
    assert rules["facility"] == {
        "rule_name": "facility",
        "enabled": True,
        "severity": "MEDIUM",
        "query_length": len("SELECT facility_id FROM healthcare_facilities"),
        "description": "Facility",
    }
    pack = {it["rule_name"]: it["description"] for it in executor(path).get_query_catalog()}
    assert pack[world.NPI] == "Every provider has an NPI that is well formed and its own."


def test_a_monitor_hears_of_every_rule(path, folder):
    class Monitor:
        def __init__(self):
            self.heard = []

        def track_query_performance(self, **told):
            self.heard.append((told["query_name"], told["row_count"], told["cache_hit"], told["error_message"] is None))

    monitor = Monitor()
    run = executor(path, folder, performance_monitor=monitor)
    run.execute_single_query("facility")
    run.execute_single_query("broken")
    assert monitor.heard == [("facility", 12, False, True), ("broken", 0, False, False)]


def test_ctrl_c_stops_the_rules_that_run(path, tmp_path):
    program = """
import sys, threading, time
from dq.pipeline import DatabaseConfig, DatabaseManager, PipelineConfig, QueryExecutor

manager = DatabaseManager(DatabaseConfig(sys.argv[1]))
run = QueryExecutor(manager, PipelineConfig(), None, False)
run.validation_queries = {it: sys.argv[2] for it in ("one", "two")}
def tell():
    while not manager.database.statistics()["readers"]["in_use"]:
        time.sleep(0.001)
    print("begun", flush=True)
threading.Thread(target=tell).start()
try:
    run.execute_all_queries()
except KeyboardInterrupt:
    print("stopped", flush=True)
"""
    command = [sys.executable, "-c", program, str(path), ENDLESS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as running:
        assert running.stdout.readline() == "begun\n"
        running.send_signal(signal.SIGINT)
        assert running.stdout.readline() == "stopped\n"
        assert running.wait(30) == 0
