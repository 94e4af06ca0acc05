"""The database factory of the earlier pipeline's design over several servers of PostgreSQL, which the tests start."""

import asyncio
import dataclasses

import pytest
from postgres_world import PASSWORD, servers

import dq
from conftest import wait_until
from dq.pipeline.factory import DatabaseConfig, DatabaseFactory

ROWS = 200


@pytest.fixture(autouse=True)
def closing():
    yield
    asyncio.run(DatabaseFactory.close_all_connections())


@pytest.fixture(scope="module")
def replicated():
    with servers(2, following=True) as found:
        yield found


@pytest.fixture(scope="module")
def separate():
    with servers(3) as found:
        yield found


def config_of(server, **more):
    named = {"db_type": "postgresql", "host": "127.0.0.1", "port": server.port, "database": "postgres"}
    return DatabaseConfig(
        **named, username="postgres", password=PASSWORD, connection_pool_size=2, max_overflow=1, **more
    )


def reads(server):
    """Return how many reads of a table the server has been asked for, as it counts itself."""
    return int(server.run("SELECT coalesce(sum(seq_scan), 0) FROM pg_stat_user_tables WHERE relname = 'visited'"))


def test_reads_go_to_replicas_and_see_what_was_written(replicated):
    primary, replica = replicated
    primary.run("CREATE TABLE visited (id integer PRIMARY KEY, npi text)")
    config = config_of(primary, read_replicas=[replica.url()])

    async def main():
        async with DatabaseFactory.create_database_manager(config) as manager:
            assert manager.supports_read_replicas()
            assert not manager.supports_sharding()
            for number in range(20):
                written = await manager.execute_query("INSERT INTO visited VALUES (:id, 'x')", {"id": number})
                assert written.success, written.error_message
                found = await manager.execute_query("SELECT count(*) FROM visited", read_only=True)
                assert found.rows.scalar() == number + 1
            refused = await manager.execute_query("DELETE FROM visited", read_only=True)
            assert not refused.success
            nodes = await manager.database.nodes_async()
            assert sorted(it["role"] for it in nodes) == ["primary", "replica"]
            health = await manager.health_check()
            assert (health["overall_status"], health["primary_accessible"]) == ("HEALTHY", True)
            assert list(health["replicas_accessible"].values()) == [True]
            assert health["database_version"].startswith(primary.run("SHOW server_version").split()[0])
            assert "p%20w" not in str(health)
            report = await manager.database.validate_async(
                dq.Rule("npi", dq.Check("shared", unique=["npi"]), table="visited")
            )
            assert report.check("npi", "shared").violations == 20

    asyncio.run(main())
    # A server notes what a connection has read when that ends at the latest.
    wait_until(lambda: reads(replica))


def test_a_database_of_several_hosts_is_one(replicated):
    primary, replica = replicated
    hosts = f"127.0.0.1:{replica.port},127.0.0.1:{primary.port}"
    with dq.connect(
        f"postgres://postgres:p%20w%2F%40@{hosts}/postgres", readers=2, replicas={"primary_readers": 2}
    ) as db:
        db.execute("CREATE TABLE hosts (id integer)")
        assert db.query("SELECT count(*) FROM hosts").scalar() == 0
        assert sorted(it["role"] for it in db.nodes()) == ["primary", "replica"]
    with pytest.raises(dq.UsageError, match="lag_max"):
        dq.connect(primary.url(), replicas={"lag_max": 1})
    with pytest.raises(dq.UsageError, match="reeders"):
        dq.connect(primary.url(), reeders=1)
    with pytest.raises(dq.ConfigError, match="primary_readers"):
        dq.connect(primary.url(), read_replicas=[replica.url()], replicas={"primary_readers": 0})


def test_a_replica_that_is_gone_stops_nobody_and_is_told(replicated):
    primary, replica = replicated
    gone = replica.url().replace(f":{replica.port}/", ":1/")
    config = config_of(primary, read_replicas=[gone])

    async def main():
        async with DatabaseFactory.create_database_manager(config) as manager:
            assert (await manager.execute_query("SELECT 1")).rows.scalar() == 1
            health = await manager.health_check()
            assert (health["overall_status"], health["primary_accessible"]) == ("WARNING", True)
            assert list(health["replicas_accessible"].values()) == [False]
            assert "p%20w" not in str(health)

    asyncio.run(main())


def test_tables_are_spread_over_shards_and_counted_where_they_lie(separate):
    coordinator, *shards = separate
    coordinator.run("CREATE TABLE provider (id integer PRIMARY KEY, npi text)")
    coordinator.run(f"INSERT INTO provider SELECT i, (i % 100)::text FROM generate_series(1, {ROWS}) i")
    manager = DatabaseFactory.create_sharded_manager(config_of(coordinator), [it.url() for it in shards])
    assert manager.supports_sharding()
    assert PASSWORD not in repr(manager.config)
    assert "p%20w" not in repr(manager.config)

    async def main():
        async with manager:
            planned = await manager.distribute_table("provider", dry_run=True)
            assert planned["rows_moved"] is None
            assert any("PARTITION OF" in it["sql"] for it in planned["statements"])
            assert "p%20w" not in str(planned)
            assert PASSWORD not in str(planned)
            assert (await manager.distribute_table("provider", ["id"]))["rows_moved"] == ROWS
            assert (await manager.distribute_table("provider"))["statements"] == []
            found = await manager.execute_query("SELECT count(*) FROM provider")
            assert found.rows.scalar() == ROWS
            rule = dq.Rule("npi", dq.Check("shared", unique=["npi"]), table="provider")
            report = await manager.database.validate_async(rule)
            assert report.check("npi", "shared").violations == ROWS
            with pytest.raises(dq.NotFoundError):
                await manager.distribute_table("nowhere")

    asyncio.run(main())
    held = [int(it.run("SELECT count(*) FROM provider")) for it in shards]
    assert sum(held) == ROWS
    assert min(held) > 0


def test_a_sharding_section_means_the_same_and_what_it_cannot_have_is_refused(separate):
    coordinator, *shards = separate
    coordinator.run("CREATE TABLE facility (id integer, town text, PRIMARY KEY (town, id))")
    section = {
        "enabled": True,
        "strategy": "hash",
        "shard_key": "id",
        "shards": [{"name": f"s{number}", "connection": it.url()} for number, it in enumerate(shards)],
    }

    async def main():
        async with DatabaseFactory.create_database_manager(config_of(coordinator, sharding_config=section)) as manager:
            done = await manager.distribute_table("facility")
            assert any('BY HASH ("id")' in it["sql"] for it in done["statements"]), done

    asyncio.run(main())
    off = DatabaseFactory.create_database_manager(config_of(coordinator, sharding_config={**section, "enabled": False}))
    assert not off.supports_sharding()
    with pytest.raises(dq.UsageError, match="no `shards`"):
        asyncio.run(off.distribute_table("facility"))
    for wrong, error in [
        ({"strategy": "range"}, dq.UnsupportedError),
        ({"shards": [{"name": "a"}]}, dq.ConfigError),
        ({"shards": [{"connection": "postgres://a/b", "hash_range": [0, 9]}]}, dq.UnsupportedError),
        ({"keys": 1}, dq.ConfigError),
    ]:
        with pytest.raises(error):
            DatabaseFactory.create_database_manager(config_of(coordinator, sharding_config={**section, **wrong}))


def test_other_kinds_of_databases_have_neither(tmp_path):
    sqlite = DatabaseConfig(database=str(tmp_path / "a.db"))
    mysql = DatabaseConfig("mysql", "127.0.0.1", 1, "town")
    for config in (sqlite, mysql):
        for more in ({"read_replicas": ["postgresql://x/y"]}, {"sharding_config": {"shards": ["postgres://x/y"]}}):
            with pytest.raises(dq.ConfigError, match=next(iter(more))):
                DatabaseFactory.create_database_manager(dataclasses.replace(config, **more))
        with pytest.raises(dq.ConfigError):
            DatabaseFactory.create_sharded_manager(config, ["postgres://x/y"])
    with pytest.raises(dq.UsageError, match="no shards"):
        DatabaseFactory.create_sharded_manager(sqlite, [])
