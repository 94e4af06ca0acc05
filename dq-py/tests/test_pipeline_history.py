"""What runs of the earlier pipeline keep in the database."""

import pipeline_world as world
import pytest

import dq
from dq.pipeline import DatabaseConfig, DatabaseManager, PipelineConfig, QueryExecutor

OLD = """CREATE TABLE business_rule_violations (violation_id INTEGER PRIMARY KEY, rule_name VARCHAR(100) NOT NULL,
violation_date DATE NOT NULL, entity_type VARCHAR(50), severity_level VARCHAR(20), violation_description TEXT NOT NULL,
field_name VARCHAR(100), violation_count INTEGER, status VARCHAR(20), detection_method VARCHAR(50), batch_id VARCHAR(50),
CHECK (severity_level IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW')))"""


@pytest.fixture
def run(tmp_path):
    path = world.build(tmp_path / "world.db")
    run = QueryExecutor(DatabaseManager(DatabaseConfig(str(path))), PipelineConfig(), None, False, as_of=world.AS_OF)
    run.validation_queries["broken"] = "SELECT * FROM nowhere"
    run.validation_queries["informed"] = "SELECT 'INFO' AS severity UNION ALL SELECT 'LOW'"
    return run


def kept(run, batch):
    sql = "SELECT rule_name, severity_level, violation_count FROM business_rule_violations WHERE batch_id = :batch"
    return [tuple(it.values()) for it in run.db_manager.execute_query(sql, {"batch": batch}).table.to_dicts()]


def test_a_run_has_a_row_for_each_table_and_each_kind_of_violation(run):
    results = run.execute_all_queries()
    batch = run.record_results(results)
    rows = kept(run, batch)
    assert (world.NPI, "CRITICAL", 2) in rows
    assert (world.CROSS, "CRITICAL", 2) in rows
    assert {it[1:] for it in rows if it[0] == "informed"} == {("INFO", 1), ("LOW", 1)}
    assert [it[1:] for it in rows if it[0] == "broken"] == [("ERROR", 1)]
    metrics = run.db_manager.execute_query("SELECT * FROM data_quality_metrics").data.set_index("table_name")
    assert metrics["total_records"].to_dict() == {
        "healthcare_providers": len(world.DEFECTS),
        "healthcare_facilities": 12,
        "provider_facility_affiliations": 65,
    }
    assert metrics["overall_quality_score"].between(1, 100).all()
    assert metrics["accuracy_score"].isna().all()
    assert run.record_results(results) != batch


def test_scores_are_held_between_0_and_100_whatever_else_is_missing(run):
    run.record_results(run.execute_all_queries())
    for column in ("completeness_score", "validity_score", "overall_quality_score"):
        result = run.db_manager.execute_query(
            f"INSERT INTO data_quality_metrics (measurement_date, table_name, total_records, {column})"
            " VALUES ('2026-01-01', 't', 1, 500)"
        )
        assert (result.success, "CHECK" in result.error_message) == (False, True)


def test_a_table_of_old_is_given_the_severities_that_it_takes(run):
    assert run.db_manager.execute_query(OLD).success
    rows = kept(run, run.record_results(run.execute_all_queries()))
    assert [it[1:] for it in rows if it[0] == "broken"] == [("CRITICAL", 1)]
    assert {it[1:] for it in rows if it[0] == "informed"} == {("LOW", 1)}


def test_a_table_that_cannot_be_written_is_an_error_and_nothing_is_kept(run):
    # A database of old has indexes that make its tables unwritable once they have rows of today.
    index = "CREATE INDEX recent ON business_rule_violations (rule_name) WHERE violation_date >= date('now', '-1 day')"
    assert run.db_manager.execute_query(OLD).success
    assert run.db_manager.execute_query(index).success
    with pytest.raises(dq.DqError):
        run.record_results(run.execute_all_queries())
    assert not run.db_manager.execute_query("SELECT * FROM data_quality_metrics").success
