"""The cache of results of the earlier pipeline."""

import shutil

import pandas
import pipeline_world as world
import pytest

import dq
from conftest import wait_until
from dq.pipeline import DatabaseConfig, DatabaseManager, PipelineConfig, QueryExecutor, QueryResultCache
from dq.pipeline.native import versions_of

FRAME = pandas.DataFrame({"provider_id": ["a", None], "n": [1.5, 2.0]})


def executor(path, folder=None):
    return QueryExecutor(DatabaseManager(DatabaseConfig(str(path))), PipelineConfig(), folder, as_of=world.AS_OF)


def settled(path):
    """Wait until a database has been as it is for so long that all processes tell its state alike."""
    with dq.connect(path) as database:
        wait_until(lambda: versions_of(database)[1] is not None)


def test_rows_are_kept_and_told_with_what_they_took(tmp_path):
    cache = QueryResultCache(tmp_path / "cache")
    key = cache.set("rule", "SELECT 1", FRAME, 0.5, {"a": 1})
    entry = cache.get("rule", "SELECT 1", {"a": 1})
    assert entry.query_hash == key
    assert entry.result_data.equals(FRAME)
    assert (entry.execution_time, entry.row_count, entry.cache_hit_count) == (0.5, 2, 1)
    assert entry.is_expired() is False
    assert entry.to_dict()["rule_name"] == "rule"
    # Another process finds it in its file.
    entry = QueryResultCache(tmp_path / "cache").get("rule", "SELECT 1", {"a": 1})
    assert entry.result_data["n"].tolist() == [1.5, 2.0]
    assert entry.result_data["provider_id"].isna().tolist() == [False, True]


def test_what_differs_in_anything_is_another_result(tmp_path):
    cache = QueryResultCache(tmp_path)
    cache.set("rule", "SELECT 'a'", FRAME, 0.1, version="one")
    assert cache.get("rule", "SELECT 'a'", version="one") is not None
    assert cache.get("rule", "SELECT 'A'", version="one") is None
    assert cache.get("rule", "SELECT 'a'", version="two") is None
    assert cache.get("rule", "SELECT 'a'", {"p": 1}, version="one") is None
    assert cache.get("other", "SELECT 'a'", version="one") is None


def test_statistics_count_each_request_once(tmp_path):
    cache = QueryResultCache(tmp_path)
    cache.set("rule", "SELECT 1", FRAME, 0.1)
    cache.get("rule", "SELECT 1")
    cache.get("rule", "SELECT 2")
    other = QueryResultCache(tmp_path)
    other.get("rule", "SELECT 1")
    other.get("rule", "SELECT 1")
    told = cache.get_statistics()
    assert (told["hits"], told["misses"], told["total_requests"], told["hit_rate"]) == (1, 1, 2, 0.5)
    assert (told["memory_hits"], told["disk_hits"], told["memory_entries"], told["disk_entries"]) == (1, 0, 1, 1)
    told = other.get_statistics()
    assert (told["hits"], told["memory_hits"], told["disk_hits"], told["avg_cache_hits"]) == (2, 1, 1, 2)


def test_what_has_expired_is_not_given(tmp_path):
    cache = QueryResultCache(tmp_path)
    cache.set("rule", "SELECT 1", FRAME, 0.1, ttl_minutes=0)
    assert cache.get("rule", "SELECT 1") is None
    cache.set("rule", "SELECT 1", FRAME, 0.1, ttl_minutes=-1)
    cache.set("rule", "SELECT 2", FRAME, 0.1, ttl_minutes=5)
    assert cache.cleanup_expired() == 1
    assert cache.get_statistics()["disk_entries"] == 1


def test_results_are_forgotten_by_rule_and_all_together(tmp_path):
    cache = QueryResultCache(tmp_path)
    for rule in ("one", "one ", "two"):
        cache.set(rule, "SELECT 1", FRAME, 0.1)
    assert QueryResultCache(tmp_path).invalidate_rule("one") == 1
    assert cache.invalidate_rule("two") == 1
    cache.clear_all()
    assert cache.get("one ", "SELECT 1") is None
    assert list(tmp_path.iterdir()) == []


def test_bounds_of_memory_and_disk_hold(tmp_path):
    cache = QueryResultCache(tmp_path, max_memory_entries=2, max_disk_size_mb=1)
    wide = pandas.DataFrame({"text": [f"{it:01000}" for it in range(400)]})
    for it in range(5):
        cache.set("rule", f"SELECT {it}", wide, 0.1)
    told = cache.get_statistics()
    assert told["memory_entries"] <= 2
    assert told["disk_entries"] == 2
    assert told["disk_size_mb"] <= 1
    assert told["evictions"] >= 3
    assert cache.get("rule", "SELECT 4") is not None
    assert cache.get("rule", "SELECT 0") is None


def test_files_are_no_programs_and_damage_is_no_failure(tmp_path):
    cache = QueryResultCache(tmp_path / "cache")
    cache.set("rule", "SELECT 1", FRAME, 0.1)
    (file,) = (tmp_path / "cache").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    for damage in (b"", b"cos\nsystem\n(S'true'\ntR.", file.read_bytes()[:-40], b"{}\n"):
        other = QueryResultCache(tmp_path / "cache")
        file.write_bytes(damage)
        assert other.get("rule", "SELECT 1") is None
        assert other.get_statistics()["errors"] == 1
        assert not file.exists()


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path):
    (tmp_path / "cache").write_text("a file")
    cache = QueryResultCache(tmp_path / "cache")
    cache.set("rule", "SELECT 1", FRAME, 0.1)
    assert cache.get("rule", "SELECT 1") is not None
    assert cache.get_statistics()["errors"] == 1
    with pytest.raises(TypeError, match="a frame or a table"):
        cache.set("rule", "SELECT 1", {"no": "frame"}, 0.1)


def test_a_second_run_over_unchanged_data_says_that_it_is_cached(tmp_path):
    path = world.build(tmp_path / "world.db")
    run = executor(path)
    first = run.execute_all_queries()
    again = run.execute_all_queries()
    for name, it in again.items():
        assert (first[name].cached, it.cached) == (False, True)
        assert it.original_execution_time == first[name].result.execution_time
        assert it.age_seconds >= 0
        assert it.result.execution_time < first[name].result.execution_time
        assert it.summary == first[name].summary
        assert it.result.data.equals(first[name].result.data)
    told = run.get_cache_statistics()
    assert (told["hits"], told["misses"], told["caching_enabled"]) == (6, 6, True)
    assert run.clear_cache(world.NPI) == 1
    assert not run.execute_single_query(world.NPI).cached
    run.clear_cache()
    assert run.get_cache_statistics()["memory_entries"] == 0


def test_a_change_by_anyone_is_seen(tmp_path):
    path = world.build(tmp_path / "world.db")
    run = executor(path)
    assert run.execute_single_query(world.NPI).result.row_count == 8
    result = run.db_manager.execute_query(
        "UPDATE healthcare_providers SET npi_number = NULL WHERE provider_id = 'clean'"
    )
    assert result.row_count == 1
    it = run.execute_single_query(world.NPI)
    assert (it.cached, it.result.row_count) == (False, 9)


def test_the_result_of_one_database_is_not_that_of_another(tmp_path):
    folder = tmp_path / "sql/02_validation"
    folder.mkdir(parents=True)
    (folder / "mine.sql").write_text("SELECT provider_id FROM healthcare_providers WHERE npi_number IS NULL")
    one = world.build(tmp_path / "one.db")
    two = shutil.copy(one, tmp_path / "two.db")
    world.change(two, "UPDATE healthcare_providers SET npi_number = NULL")
    settled(one)
    settled(two)
    assert executor(one, folder).execute_single_query("mine").result.row_count == 1
    again = executor(one, folder).execute_single_query("mine")
    assert (again.cached, again.result.row_count) == (True, 1)
    other = executor(two, folder).execute_single_query("mine")
    assert (other.cached, other.result.row_count) == (False, len(world.DEFECTS))
    nowhere = executor(tmp_path / "nowhere.db", folder).execute_single_query("mine")
    assert (nowhere.cached, nowhere.result.success) == (False, False)


def test_another_day_other_bounds_and_a_disabled_rule_are_not_served_from_before(tmp_path):
    path = world.build(tmp_path / "world.db")
    run = executor(path)
    run.execute_all_queries()
    run.as_of = "2030-01-01"
    assert not run.execute_single_query(world.TIME).cached
    run.config.business_rules.max_provider_facilities = 1
    it = run.execute_single_query(world.AFFILIATED)
    assert (it.cached, it.summary["checks"]["too_many"]) == (False, 4)
    run.config.update_config({"quality_checks": {"validation_rules": {world.NPI: {"enabled": False}}}})
    assert run.execute_single_query(world.NPI).result.row_count == 0


def test_without_a_cache_nothing_is_kept(tmp_path):
    path = world.build(tmp_path / "world.db")
    run = QueryExecutor(DatabaseManager(DatabaseConfig(str(path))), PipelineConfig(), enable_caching=False)
    run.execute_single_query(world.NPI)
    assert not run.execute_single_query(world.NPI).cached
    assert run.query_cache is None
    assert run.get_cache_statistics() == {"caching_enabled": False}
    assert run.optimize_cache() == {}
