"""The asynchronous executor of the earlier pipeline's design."""

import asyncio
import dataclasses

import pipeline_world as world
import pytest

import dq
from conftest import ENDLESS
from dq.pipeline import (
    AsyncQueryExecutor,
    AsyncValidationResult,
    CacheConfig,
    CacheManager,
    DatabaseConfig,
    DatabaseFactory,
    DatabaseManager,
    PipelineConfig,
    QueryExecutor,
    ValidationQueryResult,
    factory,
)

MEMORY = CacheConfig(redis_enabled=False)


@pytest.fixture
def path(tmp_path):
    return world.build(tmp_path / "world.db")


def executor(manager, cache=None, config=None, **options):
    return AsyncQueryExecutor(manager, cache, config or PipelineConfig(), as_of=world.AS_OF, **options)


def counts(results):
    return {name: it.violation_count for name, it in results.items()}


def test_it_finds_what_the_blocking_executor_finds(path):
    with DatabaseManager(DatabaseConfig(str(path))) as manager:
        expected = counts(QueryExecutor(manager, PipelineConfig(), as_of=world.AS_OF).execute_all_queries())
    assert sum(expected.values()) > 40

    async def main():
        made = DatabaseFactory.create_database_manager(factory.DatabaseConfig(database=str(path)))
        with DatabaseManager(DatabaseConfig(str(path))) as manager, dq.connect(path) as database:
            for it in (made, manager, database):
                async with executor(it, CacheManager(MEMORY)) as running:
                    results = await running.execute_all_queries()
                assert counts(results) == expected
                assert list(results) == list(expected)
                assert all(isinstance(it, AsyncValidationResult) and it.result.success for it in results.values())
        await DatabaseFactory.close_all_connections()

    asyncio.run(main())


def test_a_result_in_the_cache_is_whole_and_says_so(path):
    async def main():
        async with CacheManager(MEMORY) as cache:
            with DatabaseManager(DatabaseConfig(str(path))) as manager:
                running = executor(manager, cache)
                first = await running.execute_single_query("npi_validation")
                again = await running.execute_single_query("npi_validation")
                other = await executor(manager, cache).execute_all_queries()
        assert (first.cached, again.cached) == (False, True)
        assert again.result.success
        assert list(again.result.table) == list(first.result.table)
        assert again.summary == first.summary
        assert again.report == first.report
        assert again.age_seconds >= 0
        assert again.original_execution_time == first.result.execution_time
        assert again.execution_timestamp == first.execution_timestamp
        assert [name for name, it in other.items() if it.cached] == ["npi_validation"]

    asyncio.run(main())


def test_a_cached_result_is_of_the_same_data_and_rule_and_of_no_other(path, tmp_path):
    async def main():
        async with CacheManager(MEMORY) as cache:
            with DatabaseManager(DatabaseConfig(str(path))) as manager:
                running = executor(manager, cache)

                async def run(**options):
                    return await running.execute_single_query("npi_validation", **options)

                first = await run()
                assert (await run()).cached
                assert not (await run(use_cache=False)).cached
                changed = await asyncio.to_thread(
                    manager.execute_query,
                    "UPDATE healthcare_providers SET npi_number = NULL WHERE provider_id = 'clean'",
                )
                assert changed.success
                after = await run(cache_ttl=0)
                assert (after.cached, after.violation_count) == (False, first.violation_count + 1)
                # It was to be kept for no time at all.
                assert not (await run()).cached
                assert (await run()).cached
                other = executor(manager, cache, violations_max=7)
                assert not (await other.execute_single_query("npi_validation")).cached
            twin = world.build(tmp_path / "twin.db")
            with DatabaseManager(DatabaseConfig(str(twin))) as manager:
                assert not (await executor(manager, cache).execute_single_query("npi_validation")).cached

    asyncio.run(main())


def test_rules_in_sql_run_beside_each_other_and_one_that_fails_is_visible(path, tmp_path):
    folder = tmp_path / "sql"
    folder.mkdir()
    (folder / "all_checks.sql").write_text("SELECT provider_id, 'HIGH' AS severity FROM healthcare_providers")
    (folder / "wrong.sql").write_text("SELECT x FROM nowhere")

    async def main():
        async with CacheManager(MEMORY) as cache:
            with DatabaseManager(DatabaseConfig(str(path))) as manager:
                running = executor(manager, cache, sql_queries_dir=folder)
                for cached in (False, True):
                    results = await running.execute_all_queries(max_concurrency=1)
                    assert results["all"].violation_count == len(world.DEFECTS)
                    assert results["all"].cached is cached
                    assert (results["wrong"].severity, results["wrong"].result.success) == ("ERROR", False)
                    assert "nowhere" in results["wrong"].result.error_message
                catalog = await running.get_query_catalog()
                names = ["rule_name", "enabled", "severity", "description", "estimated_duration"]
                assert [list(it) for it in catalog] == [names] * 2
                assert catalog[0]["estimated_duration"] == pytest.approx(results["all"].original_execution_time)

    asyncio.run(main())


def test_a_disabled_rule_has_no_result_though_there_is_one_in_the_cache(path, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("quality_checks: {validation_rules: {npi_validation: {enabled: false}}}")

    async def main():
        async with CacheManager(MEMORY) as cache:
            with DatabaseManager(DatabaseConfig(str(path))) as manager:
                await executor(manager, cache).execute_single_query("npi_validation")
                result = await executor(manager, cache, PipelineConfig(file)).execute_single_query("npi_validation")
        assert (result.enabled, result.result.row_count, result.cached) == (False, 0, False)
        assert result.result.error_message == "Rule disabled in configuration"

    asyncio.run(main())


def test_the_event_loop_goes_on_and_many_may_ask(path):
    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.ensure_future(tick())
        with DatabaseManager(DatabaseConfig(str(path))) as manager:
            running = executor(manager)
            found = await asyncio.gather(*(running.execute_single_query("contact_validation") for _ in range(5)))
        ticking.cancel()
        assert len({it.violation_count for it in found}) == 1
        assert ticks > 10

    asyncio.run(main())


def test_a_cancelled_task_stops_what_runs_at_the_database(path, tmp_path):
    (tmp_path / "endless.sql").write_text(ENDLESS)

    async def main():
        with DatabaseManager(DatabaseConfig(str(path))) as manager:
            running = executor(manager, sql_queries_dir=tmp_path)
            task = asyncio.ensure_future(running.execute_all_queries())
            while not (manager._database and manager.database.statistics()["readers"]["in_use"]):
                await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            while manager.database.statistics()["readers"]["in_use"]:
                await asyncio.sleep(0.001)

    asyncio.run(asyncio.wait_for(main(), 60))


def test_the_result_has_the_fields_of_old():
    fields = [it.name for it in dataclasses.fields(AsyncValidationResult) if not it.kw_only]
    old = [it.name for it in dataclasses.fields(ValidationQueryResult) if not it.kw_only]
    assert fields == [*old, "shard_info"]
    assert old[-2:] == ["summary", "cached"]


def test_what_cannot_be_done_is_refused(path):
    async def main():
        with DatabaseManager(DatabaseConfig(str(path))) as manager:
            with pytest.raises(dq.UnsupportedError, match="jobs"):
                AsyncQueryExecutor(manager, None, PipelineConfig(), object())
            running = executor(manager)
            with pytest.raises(dq.NotFoundError, match="did you mean `npi_validation`"):
                await running.execute_single_query("npi_validatoin")
            await running.close()
            with pytest.raises(dq.DqError, match="closed"):
                await running.execute_all_queries()
        missing = DatabaseManager(DatabaseConfig(str(path.parent / "missing.db")))
        results = await executor(missing, CacheManager(MEMORY)).execute_all_queries()
        assert {it.severity for it in results.values()} == {"ERROR"}
        assert not (path.parent / "missing.db").exists()

    asyncio.run(main())
