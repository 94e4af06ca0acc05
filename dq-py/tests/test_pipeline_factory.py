"""The database factory of the earlier pipeline's design."""

import asyncio

import pytest

import dq
from dq.pipeline.factory import DatabaseConfig, DatabaseFactory, SQLiteDatabaseManager


@pytest.fixture(autouse=True)
def closing():
    yield
    asyncio.run(DatabaseFactory.close_all_connections())


@pytest.fixture
def config(providers):
    return DatabaseConfig(database=str(providers))


def test_one_manager_for_each_database(config, tmp_path):
    manager = DatabaseFactory.create_database_manager(config)
    assert isinstance(manager, SQLiteDatabaseManager)
    assert DatabaseFactory.create_database_manager(config) is manager
    assert DatabaseFactory.from_dict({"type": "sqlite", "database": config.database}) is manager
    one = DatabaseConfig("postgresql", "db", None, "x", "ann")
    managers = [
        one,
        DatabaseConfig("postgresql", "db", 5433, "x", "ann"),
        DatabaseConfig("postgresql", "db", None, "x", "bob"),
    ]
    made = [DatabaseFactory.create_database_manager(it) for it in managers]
    assert len(set(made)) == 3
    asyncio.run(DatabaseFactory.close_all_connections())
    assert DatabaseFactory.create_database_manager(config) is not manager


def test_statements_run_and_what_is_written_stays(config):
    async def main():
        async with DatabaseFactory.create_database_manager(config) as manager:
            result = await manager.execute_query("SELECT id, npi FROM providers WHERE id = :id", {"id": 1})
            assert (result.success, result.row_count, result.columns) == (True, 1, ["id", "npi"])
            assert list(result.rows) == [(1, "1")]
            assert result.shard_info is None
            written = await manager.execute_query("INSERT INTO providers (npi) VALUES (?)", ["2"])
            assert (written.success, written.row_count) == (True, 1)
            refused = await manager.execute_query("DELETE FROM providers", read_only=True)
            assert not refused.success
            wrong = await manager.execute_query("SELECT a FROM nowhere")
            assert (wrong.success, wrong.row_count, wrong.rows) == (False, 0, None)
            assert "nowhere" in wrong.error_message
            with pytest.raises(ZeroDivisionError):
                async with manager.transaction() as tx:
                    await tx.execute_async("DELETE FROM providers")
                    raise ZeroDivisionError
        with dq.connect(config.database) as db:
            assert db.query("SELECT count(*) FROM providers").scalar() == 4

    asyncio.run(main())


def test_a_batch_has_as_many_results_as_statements(config):
    async def main():
        async with DatabaseFactory.create_database_manager(config) as manager:
            batch = ["SELECT 1", "SELECT wrong", ("SELECT :a", {"a": 3})]
            results = await manager.execute_batch(batch)
            assert [it.success for it in results] == [True, False, True]
            assert results[2].rows.scalar() == 3

    asyncio.run(main())


def test_frames_are_made_when_asked_for(config):
    pytest.importorskip("pandas")

    async def main():
        async with DatabaseFactory.create_database_manager(config) as manager:
            result = await manager.execute_query("SELECT npi FROM providers")
            assert result.data["npi"].tolist()[:2] == ["1", "1"]
            assert len((await manager.execute_query("SELECT wrong")).data) == 0

    asyncio.run(main())


def test_a_manager_tells_of_tables_and_health(config, tmp_path):
    async def main():
        async with DatabaseFactory.create_database_manager(config) as manager:
            assert await manager.get_table_info("providers") == {
                "table_name": "providers",
                "row_count": 3,
                "columns": [{"name": "id", "type": "integer"}, {"name": "npi", "type": "text"}],
                "primary_key": ["id"],
            }
            assert "error" in await manager.get_table_info("nowhere")
            health = await manager.health_check()
            assert health["overall_status"] == "HEALTHY"
            assert health["database_accessible"]
            assert health["file_exists"]
            assert health["performance_metrics"]["table_count"] == 1
            assert health["journal_mode"] in ("delete", "wal")
            pool = health["connection_pool_status"]
            assert (pool["pool_size"], pool["checked_out"], pool["overflow"]) == (10, 0, 0)
            assert pool["checked_in"] > 0
            with pytest.raises(dq.UnsupportedError):
                await manager.migrate_to_postgresql(None)
            stats = await manager.get_database_stats()
            assert (stats["total_records"], stats["tables"]) == (3, {"providers": 3})
            assert stats["total_pages"] * stats["page_size"] > 0
            assert (await manager.optimize_database())["analyze"]["status"] == "SUCCESS"
            index = {"column": "npi", "unique": False}
            assert await manager.create_indexes("providers", [index, index])
            assert not await manager.create_indexes("providers", [{"column": "npi", "unique": True, "name": "u"}])
            assert await manager.backup_database(tmp_path / "copy.db")
            assert not await manager.backup_database(tmp_path / "copy.db")
            assert manager.get_connection_string().startswith("sqlite:////")
            assert manager.get_shard_for_query("SELECT 1") == "default"
            assert not manager.supports_sharding()
            assert not manager.supports_read_replicas()

    asyncio.run(main())


def test_a_database_that_is_missing_is_an_error_and_is_not_made(tmp_path):
    path = tmp_path / "missing.db"

    async def main():
        manager = DatabaseFactory.create_database_manager(DatabaseConfig(database=str(path)))
        with pytest.raises(dq.NotFoundError):
            await manager.initialize()
        assert not (await manager.execute_query("SELECT 1")).success
        health = await manager.health_check()
        assert (health["overall_status"], health["file_exists"]) == ("ERROR", False)
        found = await DatabaseFactory.test_configuration(DatabaseConfig(database=str(path)))
        assert (found["config_valid"], found["connection_successful"]) == (True, False)
        assert "missing.db" in found["error_message"]

    asyncio.run(main())
    assert not path.exists()


def test_a_configuration_is_tried_without_closing_the_manager_in_use(config):
    async def main():
        manager = DatabaseFactory.create_database_manager(config)
        await manager.initialize()
        found = await DatabaseFactory.test_configuration(config)
        assert found["error_message"] is None
        assert [found[it] for it in ("config_valid", "connection_successful", "performance_acceptable")] == [True] * 3
        assert found["connection_time"] >= 0
        assert found["query_time"] >= 0
        assert (await manager.execute_query("SELECT 1")).success

    asyncio.run(main())


def test_the_environment_describes_a_database(monkeypatch, providers):
    monkeypatch.setenv("VEEVA_DB_NAME", str(providers))
    monkeypatch.setenv("VEEVA_DB_POOL_SIZE", "3")
    manager = DatabaseFactory.from_environment()
    assert (manager.config.database, manager.config.connection_pool_size) == (str(providers), 3)
    monkeypatch.setenv("VEEVA_DB_PORT", "many")
    with pytest.raises(dq.ConfigError, match="VEEVA_DB_PORT"):
        DatabaseFactory.from_environment()
    monkeypatch.delenv("VEEVA_DB_PORT")
    monkeypatch.setenv("VEEVA_DB_SHARDING_CONFIG", "{")
    with pytest.raises(dq.ConfigError, match="is no JSON"):
        DatabaseFactory.from_environment()


def test_what_is_not_possible_is_refused_and_no_password_is_told():
    assert DatabaseFactory.get_supported_databases() == ["sqlite", "postgresql", "mysql"]
    secret = DatabaseConfig("postgresql", "127.0.0.1", 1, "x", "ann", "p@ss/word", pool_timeout=1)
    assert "p@ss" not in repr(secret)
    assert secret.url() == "postgresql://ann:p%40ss%2Fword@127.0.0.1:1/x"
    found = asyncio.run(DatabaseFactory.test_configuration(secret))
    assert not found["connection_successful"]
    assert "p@ss" not in str(found)
    assert "p%40ss" not in str(found)
    manager = DatabaseFactory.create_database_manager(secret)
    assert manager.get_connection_string() == "postgresql://ann@127.0.0.1:1/x"
    with pytest.raises(dq.ConfigError, match="there is no `oracle`"):
        DatabaseFactory.create_database_manager(DatabaseConfig("oracle"))
    with pytest.raises(dq.ConfigError, match="no such field"):
        DatabaseFactory.from_dict({"hostname": "x"})
    with pytest.raises(dq.UnsupportedError):
        DatabaseFactory.create_migration_manager(None, None)
