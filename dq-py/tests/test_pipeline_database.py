"""The database manager of the earlier pipeline."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pipeline_world as world
import pytest

import dq
from dq.pipeline import DatabaseConfig, DatabaseManager, QueryResult


@pytest.fixture
def path(tmp_path):
    return world.build(tmp_path / "world.db")


@pytest.fixture
def manager(path):
    with DatabaseManager(DatabaseConfig(str(path))) as manager:
        yield manager


def rows(path, sql):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_the_defaults_are_those_of_old(monkeypatch):
    config = DatabaseConfig()
    assert (config.db_path, config.echo_sql) == ("data/database/veeva_opendata.db", False)
    assert (config.pool_size, config.max_overflow, config.pool_timeout) == (5, 10, 30)
    monkeypatch.setenv("VEEVA_DB_PATH", "/tmp/other.db")
    monkeypatch.setenv("VEEVA_DB_ECHO", "true")
    monkeypatch.setenv("VEEVA_DB_POOL_SIZE", "7")
    config = DatabaseConfig.from_env()
    assert (config.db_path, config.echo_sql, config.pool_size) == ("/tmp/other.db", True, 7)
    assert config.connection_string == "sqlite:////tmp/other.db"
    monkeypatch.setenv("VEEVA_DB_POOL_SIZE", "many")
    with pytest.raises(dq.ConfigError, match="VEEVA_DB_POOL_SIZE"):
        DatabaseConfig.from_env()


def test_a_connection_can_be_tested_and_tables_be_listed(path, tmp_path):
    config = DatabaseConfig(str(path))
    assert config.test_connection() is True
    assert config.get_table_info()["healthcare_facilities"] == {"row_count": 12}
    assert DatabaseConfig(str(tmp_path / "nowhere.db")).test_connection() is False
    assert not (tmp_path / "nowhere.db").exists()


def test_a_query_gives_a_frame(manager):
    sql = "SELECT facility_id, bed_count FROM healthcare_facilities WHERE facility_id = :id"
    result = manager.execute_query(sql, {"id": "F1"})
    assert isinstance(result, QueryResult)
    assert (result.success, result.row_count, result.columns) == (True, 1, ["facility_id", "bed_count"])
    assert result.data.to_dict("records") == [{"facility_id": "F1", "bed_count": 10.0}]
    assert (result.query, result.error_message) == (sql, None)
    assert result.execution_time > 0
    result.data.loc[0, "bed_count"] = 11.0
    assert result.data["bed_count"].tolist() == [11.0]


def test_a_wrong_query_is_no_exception(manager):
    result = manager.execute_query("SELECT * FROM nowhere")
    assert (result.success, result.row_count, result.columns) == (False, 0, [])
    assert "no such table" in result.error_message
    assert result.data.empty


def test_a_write_tells_how_many_rows_it_changed_and_is_kept(manager, path):
    result = manager.execute_query("UPDATE healthcare_facilities SET bed_count = :n", {"n": 3})
    assert (result.success, result.row_count, result.error_message) == (True, 12, None)
    result = manager.execute_query("INSERT INTO healthcare_facilities (facility_id) VALUES ('N') RETURNING facility_id")
    assert (result.success, result.row_count, result.data["facility_id"].tolist()) == (True, 1, ["N"])
    assert manager.execute_query("DELETE FROM healthcare_facilities WHERE facility_id = 'none'").row_count == 0
    assert manager.execute_query("CREATE TABLE other (a)").success
    assert manager.execute_query("VACUUM").success
    manager.close()
    assert rows(path, "SELECT count(*), sum(bed_count) FROM healthcare_facilities") == [(13, 36)]


def test_a_write_that_fails_says_so_and_changes_nothing(manager, path):
    manager.execute_query("CREATE UNIQUE INDEX one ON healthcare_facilities (facility_id)")
    result = manager.execute_query("INSERT INTO healthcare_facilities (facility_id) VALUES ('N'), ('F1')")
    assert (result.success, result.row_count) == (False, 0)
    assert "UNIQUE" in result.error_message
    manager.close()
    assert rows(path, "SELECT count(*) FROM healthcare_facilities") == [(12,)]


def test_a_session_commits_at_its_end_and_rolls_back_on_an_exception(manager):
    with manager.get_session() as session:
        answer = session.execute("UPDATE healthcare_facilities SET bed_count = 1 WHERE facility_id = :id", {"id": "F1"})
        assert answer.rowcount == 1
        assert session.execute("SELECT bed_count FROM healthcare_facilities WHERE facility_id = 'F1'").scalar() == 1
    with pytest.raises(RuntimeError, match="on the way"), manager.get_connection() as connection:
        connection.execute("DELETE FROM healthcare_facilities")
        raise RuntimeError("on the way")
    assert manager.execute_query("SELECT count(*) AS n FROM healthcare_facilities").data["n"].tolist() == [12]
    with manager.engine.connect() as connection:
        assert connection.execute("SELECT 1 AS one, 2 AS two").mappings() == [{"one": 1, "two": 2}]
    session = manager.session_factory()
    session.close()
    with pytest.raises(dq.UsageError, match="closed"):
        session.execute("SELECT 1")


def test_the_query_of_a_rule_cannot_write(manager):
    told = manager.execute_validation_query("mine", "SELECT 'P' AS provider_id, 'HIGH' AS severity")
    assert (told["status"], told["row_count"], told["columns"]) == ("SUCCESS", 1, ["provider_id", "severity"])
    assert told["data"] == [{"provider_id": "P", "severity": "HIGH"}]
    assert told["summary"]["severity_distribution"] == {"HIGH": 1}
    told = manager.execute_validation_query("mine", "DELETE FROM healthcare_facilities")
    assert (told["rule_name"], told["status"]) == ("mine", "ERROR")
    assert set(told) == {"rule_name", "status", "error_message", "execution_time", "timestamp"}
    assert manager.execute_query("SELECT 1 FROM healthcare_facilities").row_count == 12


def test_names_of_tables_are_no_sql(manager):
    assert manager.execute_query('CREATE TABLE "a ""b; DROP TABLE x" (c)').success
    metadata = manager.get_table_metadata('a "b; DROP TABLE x')
    assert (metadata["row_count"], metadata["columns"][0]["name"]) == (0, "c")
    metadata = manager.get_table_metadata("healthcare_facilities; DROP TABLE healthcare_facilities")
    assert list(metadata) == ["error"]
    assert "there is no table" in metadata["error"]


def test_the_overview_counts_rows(manager):
    overview = manager.get_database_overview()
    assert overview["total_records"] == sum(it["row_count"] for it in overview["tables"].values())
    facilities = overview["tables"]["healthcare_facilities"]
    assert (facilities["row_count"], facilities["unique_rows"]) == (12, 12)
    manager.execute_query(
        "INSERT INTO healthcare_facilities SELECT * FROM healthcare_facilities WHERE facility_id = 'F1'"
    )
    assert manager.get_table_metadata("healthcare_facilities")["unique_rows"] == 12


def test_batches_and_maintenance(manager):
    results = manager.execute_batch_queries({"one": "SELECT 1", "bad": "SELECT"})
    assert {name: it.success for name, it in results.items()} == {"one": True, "bad": False}
    told = manager.optimize_database()
    assert {step: it["status"] for step, it in told.items()} == {
        "analyze": "SUCCESS",
        "vacuum": "SUCCESS",
        "pragma_optimize": "SUCCESS",
    }


def test_the_health_of_a_database_that_is_there_and_of_one_that_is_not(manager, tmp_path):
    health = manager.health_check()
    assert (health["database_accessible"], health["overall_status"]) == (True, "HEALTHY")
    assert health["tables_accessible"]["healthcare_providers"] is True
    assert health["performance_test"]["acceptable"] is True
    missing = DatabaseManager(DatabaseConfig(str(tmp_path / "nowhere.db")))
    health = missing.health_check()
    assert (health["database_accessible"], health["overall_status"]) == (False, "ERROR")
    result = missing.execute_query("SELECT 1")
    assert (result.success, "nowhere.db" in result.error_message) == (False, True)
    with pytest.raises(dq.NotFoundError):
        missing.get_database_overview()
    assert not (tmp_path / "nowhere.db").exists()


def test_a_database_that_something_else_has_open_is_refused(path):
    connection = sqlite3.connect(path)
    connection.execute("SELECT 1 FROM healthcare_facilities").fetchone()
    try:
        result = DatabaseManager(DatabaseConfig(str(path))).execute_query("SELECT 1")
        assert (result.success, "another copy of SQLite" in result.error_message) == (False, True)
    finally:
        connection.close()


def test_a_closed_manager_says_so(manager):
    manager.close()
    manager.close()
    assert "closed" in manager.execute_query("SELECT 1").error_message
    assert manager.health_check()["overall_status"] == "ERROR"
    with pytest.raises(dq.DqError, match="closed"), manager.get_session():
        pass


def test_many_threads_use_one_manager(manager):
    def add(place):
        with manager.get_session() as session:
            session.execute("INSERT INTO healthcare_facilities (facility_id) VALUES (:id)", {"id": f"T{place}"})
        return manager.execute_query("SELECT count(*) AS n FROM healthcare_facilities").table.column("n")[0]

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(add, range(24)))
    assert max(counts) == 36
    assert all(12 < it <= 36 for it in counts)
