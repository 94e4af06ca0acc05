"""The rules of the healthcare pack under the names of the earlier pipeline."""

import os
import sqlite3
from pathlib import Path

import pipeline_world as world
import pytest

import dq
from dq.pipeline import DatabaseConfig, DatabaseManager, PipelineConfig, QueryExecutor

SIX = [world.NAME, world.NPI, world.AFFILIATED, world.TIME, world.CROSS, world.CONTACT]


@pytest.fixture(params=[False, True], ids=["without keys", "with keys"])
def path(request, tmp_path):
    return world.build(tmp_path / "world.db", keys=request.param)


def executor(path, config=None, **options):
    options = {"as_of": world.AS_OF, "enable_caching": False, **options}
    return QueryExecutor(DatabaseManager(DatabaseConfig(str(path))), config or PipelineConfig(), **options)


def found(results):
    """Return for each check the providers that its rows name."""
    checks = {}
    for rule, it in results.items():
        frame = it.result.data
        identity = "entity_id" if rule == world.CROSS else "provider_id"
        for check, ids in frame.groupby("check_id")[identity]:
            checks[f"{rule}/{check}"] = sorted(ids)
    return checks


def test_every_condition_finds_the_rows_that_were_made_for_it(path):
    results = executor(path).execute_all_queries()
    assert list(results) == SIX
    assert all(it.result.success for it in results.values())
    expected = world.expected()
    expected[f"{world.CROSS}/provider_unknown"] = ["GHOST"]
    expected[f"{world.CROSS}/facility_unknown"] = ["GONE"]
    expected[f"{world.CROSS}/facility_without_affiliation"] = ["F99"]
    assert found(results) == expected


def test_rows_have_the_columns_that_callers_know(path):
    results = executor(path).execute_all_queries()
    columns = {
        world.NAME: ["provider_id", "full_name", "first_name", "last_name"],
        world.NPI: ["provider_id", "npi_number", "full_name"],
        world.AFFILIATED: [
            "provider_id",
            "full_name",
            "total_affiliations",
            "primary_affiliations",
            "active_affiliations",
        ],
        world.TIME: [
            "provider_id",
            "full_name",
            "birth_year",
            "graduation_year",
            "years_in_practice",
            "license_expiry_date",
        ],
        world.CROSS: ["entity_type", "entity_id", "entity_name"],
        world.CONTACT: ["provider_id", "full_name", "email", "phone_number"],
    }
    for rule, shown in columns.items():
        result = results[rule].result
        known = ["rule_name", *shown, "issue_description", "severity"]
        assert [it for it in result.columns if it in known] == known
        assert list(result.data.columns) == result.columns
        assert set(result.data["rule_name"]) == {rule}
    many = results[world.AFFILIATED].result.data.set_index("check_id").loc["too_many"]
    assert (many["total_affiliations"], many["primary_affiliations"], many["active_affiliations"]) == (11, 1, 11)


def test_all_issues_of_a_record_are_there_with_the_descriptions_of_old(path):
    frame = executor(path).execute_single_query(world.CONTACT).result.data
    both = frame[frame["provider_id"] == "both_none"]
    assert sorted(both["issue_description"]) == ["Missing email address", "Missing phone number"]
    frame = executor(path).execute_single_query(world.NPI).result.data.set_index("provider_id")
    assert frame.loc["npi_none", "issue_description"] == "Missing NPI number"
    assert frame.loc["npi_short", "issue_description"] == "Invalid NPI length (must be 10 digits)"
    assert frame.loc["npi_letters", "issue_description"] == "Invalid NPI format (must be numeric)"
    assert frame.loc["npi_letters", "severity"] == "HIGH"


def test_the_severest_rows_come_first_by_rank(path):
    for it in executor(path).execute_all_queries().values():
        ranks = [["CRITICAL", "HIGH", "MEDIUM", "LOW"].index(severity) for severity in it.result.data["severity"]]
        assert ranks == sorted(ranks)
    severities = executor(path).execute_single_query(world.AFFILIATED).result.data["severity"].tolist()
    assert severities[0] == "CRITICAL"
    assert severities[-1] == "MEDIUM"


def test_the_severities_of_rows_and_of_the_rule_are_both_told(path):
    config = PipelineConfig()
    config.update_config({"quality_checks": {"validation_rules": {world.NPI: {"severity": "LOW"}}}})
    it = executor(path, config).execute_single_query(world.NPI)
    assert it.severity == "LOW"
    assert it.summary["rule_severity"] == "LOW"
    assert it.summary["severity_distribution"] == {"CRITICAL": 2, "HIGH": 6}
    assert (it.summary["critical_violations"], it.summary["high_violations"]) == (2, 6)
    assert it.summary["total_violations"] == it.result.row_count == 8
    assert it.summary["unique_providers_affected"] == 8
    assert len(it.summary["sample_violations"]) == 5


def test_an_orphan_is_reported_once_with_the_number_of_its_rows(path):
    frame = executor(path).execute_single_query(world.CROSS).result.data.set_index("entity_id")
    assert frame.loc["GHOST", "entity_type"] == "affiliation_missing_provider"
    assert frame.loc["GHOST", "affected_records"] == 2
    assert frame.loc["nowhere", "entity_name"] == "Ann Lee"
    assert frame.loc["F99", "entity_type"] == "facility_no_providers"
    assert set(frame["issue_description"]) == {"Orphaned record detected"}


def test_a_cap_keeps_counts_exact_and_says_so(path):
    it = executor(path, violations_max=3).execute_single_query(world.NPI)
    assert it.result.row_count == len(it.result.data) == 3
    assert it.summary["total_violations"] == it.violation_count == 8
    assert it.summary["truncated"] is True
    assert executor(path).execute_single_query(world.NPI).summary["truncated"] is False


def test_rows_that_were_deleted_leave_no_other_row_in_their_place(tmp_path):
    path = world.build(tmp_path / "world.db")
    world.change(path, "DELETE FROM healthcare_providers WHERE provider_id IN ('clean', 'npi_twin_a', 'name_none')")
    frame = executor(path).execute_single_query(world.NPI).result.data
    assert sorted(frame["provider_id"]) == [
        "npi_blank",
        "npi_check",
        "npi_first",
        "npi_letters",
        "npi_none",
        "npi_short",
    ]


def test_keys_with_quotes_and_nothing_in_them_are_found(tmp_path):
    path = world.build(tmp_path / "world.db", keys=True, defects=[('o\'hara "x"', {"npi_number": None}, [], [])])
    world.change(path, "INSERT INTO healthcare_providers (full_name) VALUES ('Nobody')")
    frame = executor(path).execute_single_query(world.NPI).result.data
    assert set(frame["full_name"]) == {"Ann Lee", "Nobody"}


def test_as_of_is_the_same_day_on_every_run(path):
    early = executor(path, as_of="2019-01-01").execute_single_query(world.TIME)
    assert early.summary["checks"]["license_expired"] == 1
    late = executor(path, as_of="2030-01-01").execute_single_query(world.TIME)
    # All that expire at all, but the one that is readable and lies beyond.
    assert late.summary["checks"]["license_expired"] == len(world.DEFECTS) - 2


def test_ids_are_stable_the_old_one_is_an_alias_and_unknown_ones_are_errors(path):
    run = executor(path)
    alias = run.execute_single_query("affiliation_anomaly_(simplified_for_performance)")
    assert alias.rule_name == world.AFFILIATED
    with pytest.raises(dq.NotFoundError, match="did you mean `npi_validation`"):
        run.execute_single_query("npi_validatoin")


def test_nothing_is_written_and_pandas_is_needed_by_frames_only(path, python):
    before = Path(path).read_bytes()
    program = """
import sys
import dq
from dq.pipeline import DatabaseConfig, DatabaseManager, PipelineConfig, QueryExecutor

manager = DatabaseManager(DatabaseConfig(sys.argv[1]))
results = QueryExecutor(manager, PipelineConfig(), as_of="2026-11-23").execute_all_queries()
print(sum(it.result.row_count for it in results.values()), "pandas" in sys.modules)
sys.modules["pandas"] = None
try:
    results["npi_validation"].result.data
except ImportError as error:
    print(isinstance(error, dq.DqError), error)
"""
    told = python(program, path).stdout.splitlines()
    assert told[0] == "50 False"
    assert told[1] == "True this needs `pandas`, which is not installed: pip install 'dq[pandas]'"
    assert Path(path).read_bytes() == before


def test_rules_go_on_where_a_column_or_a_table_is_missing(tmp_path):
    path = world.build(tmp_path / "world.db")
    world.change(path, "ALTER TABLE healthcare_providers DROP COLUMN npi_number", "DROP TABLE healthcare_facilities")
    results = executor(path).execute_all_queries()
    failed = {name for name, it in results.items() if not it.result.success}
    assert failed == {world.NPI, world.CROSS}
    assert "npi_number" in results[world.NPI].result.error_message
    assert results[world.NPI].severity == "ERROR"
    assert results[world.CONTACT].summary["checks"]["email_missing"] == 2


def test_rows_of_affiliations_name_their_provider(path):
    frame = executor(path).execute_single_query(world.TIME).result.data.set_index("check_id")
    row = frame.loc["affiliation_reversed"]
    assert (row["provider_id"], row["full_name"], row["birth_year"]) == ("reversed", "Ann Lee", 1970)


def test_optional_columns_may_be_missing(tmp_path):
    path = world.build(tmp_path / "world.db")
    world.change(
        path,
        *(f"ALTER TABLE healthcare_providers DROP COLUMN {it}" for it in ("birth_year", "email", "first_name")),
        "ALTER TABLE provider_facility_affiliations DROP COLUMN end_date",
    )
    results = executor(path).execute_all_queries()
    assert all(it.result.success for it in results.values())
    assert results[world.CONTACT].result.data["email"].isna().all()
    assert results[world.TIME].summary["checks"]["license_expired"] == 2


def test_a_missing_or_closed_database_fails_every_rule_and_makes_no_file(tmp_path):
    run = executor(tmp_path / "nowhere.db")
    results = run.execute_all_queries()
    assert len(results) == 6
    assert not any(it.result.success for it in results.values())
    assert "nowhere.db" in results[world.NPI].result.error_message
    assert list(tmp_path.iterdir()) == []

    run = executor(world.build(tmp_path / "world.db"))
    run.db_manager.close()
    it = run.execute_single_query(world.NPI)
    assert (it.result.success, it.severity, it.result.row_count) == (False, "ERROR", 0)
    assert "closed" in it.result.error_message


def test_the_counts_of_the_reference_data(tmp_path):
    folder = os.environ.get("DQ_ORIGIN_DATA")
    if folder is None:
        pytest.skip("DQ_ORIGIN_DATA names no folder with the reference data")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "origin.db"
    connection = sqlite3.connect(path)
    for table in ("healthcare_providers", "healthcare_facilities", "provider_facility_affiliations"):
        rows = parquet.read_table(Path(folder, f"{table}.parquet"))
        names = rows.column_names
        connection.execute(f"CREATE TABLE {table} ({', '.join(names)})")
        values = zip(*(rows.column(it).to_pylist() for it in names), strict=True)
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", values)
    connection.commit()
    connection.close()
    results = executor(path).execute_all_queries()
    assert {name: it.result.row_count for name, it in results.items()} == {
        world.NAME: 0,
        world.NPI: 84_796,
        world.AFFILIATED: 4_496,
        world.TIME: 0,
        world.CROSS: 0,
        world.CONTACT: 49_992,
    }
    npi = results[world.NPI]
    assert npi.summary["checks"] == {
        "missing": 0,
        "malformed": 0,
        "first_digit": 39_838,
        "check_digit": 44_956,
        "shared": 2,
    }
    shared = npi.result.data.query("check_id == 'shared'")
    assert sorted(shared["provider_id"]) == ["PROV_SYNTH_024763", "PROV_SYNTH_031732"]
    assert set(shared["npi_number"]) == {"5865522068"}
