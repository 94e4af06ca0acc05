"""The cache manager of the earlier pipeline's design."""

import asyncio
import shutil
import socket
import subprocess

import pytest

import dq
from conftest import wait_until
from dq.pipeline.cache import CacheConfig, CacheKey, CacheLevel, CacheManager

MEMORY = CacheConfig(redis_enabled=False)


@pytest.fixture
def redis(tmp_path):
    """Start a Redis for one test; gives the port."""
    server = shutil.which("redis-server")
    assert server, "`make setup` installs redis-server"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:

            def answers():
                assert process.poll() is None, "redis-server has ended"
                with socket.socket() as asked:
                    return asked.connect_ex(("127.0.0.1", port)) == 0

            wait_until(answers)
            yield port
        finally:
            process.kill()


def run(main, config=MEMORY):
    async def running():
        async with CacheManager(config) as cache:
            return await main(cache)

    return asyncio.run(running())


def test_values_are_kept_by_namespace_and_key():
    async def main(cache):
        assert await cache.get("rules", "npi") is None
        for value in [{"a": [1, 2.5, None, True]}, "text", b"bytes", (1, ("x",)), 0, False]:
            assert await cache.set("rules", "npi", value)
            assert await cache.get("rules", "npi") == value
        assert await cache.get("other", "npi") is None
        assert await cache.get("rules", "npi", version=2) is None
        assert await cache.delete("rules", "npi")
        assert await cache.get("rules", "npi") is None

    run(main)
    assert CacheKey("rules", "npi").to_string() == "rules:npi:v1"


def test_a_cached_none_can_be_told_from_nothing():
    async def main(cache):
        await cache.set("a", "none", None)
        assert await cache.get("a", "none", default="nothing") is None
        assert await cache.get("a", "other", default="nothing") == "nothing"

    run(main)


def test_a_namespace_is_forgotten_at_once_whatever_it_is_called():
    async def main(cache):
        for name in ["Validation Results/ü", "b"]:
            for key in ["1", "2"]:
                await cache.set(name, key, key)
        await cache.set("b", "2", "again")
        assert await cache.invalidate_namespace("Validation Results/ü") == 2
        assert await cache.get("Validation Results/ü", "1") is None
        assert await cache.get("b", "2") == "again"
        assert await cache.invalidate_namespace("nothing") == 0

    run(main)


def test_a_ttl_of_nothing_keeps_nothing():
    async def main(cache):
        await cache.set("a", "b", 1)
        assert not await cache.set("a", "b", 2, ttl=0)
        assert await cache.get("a", "b") is None
        assert await cache.set("a", "b", 3, ttl=0.02)
        for _ in range(500):
            if await cache.get("a", "b") is None:
                return
            await asyncio.sleep(0.01)
        pytest.fail("a value outlives its time")

    run(main)


def test_values_that_are_not_plain_are_refused():
    async def main(cache):
        with pytest.raises(dq.UsageError, match="cannot cache"):
            await cache.set("a", "b", object())

    run(main)


def test_the_cache_is_filled_ahead():
    async def rules():
        return {"npi": 1, "email": 2}

    async def broken():
        raise OSError("down")

    async def main(cache):
        for parallel in (True, False):
            assert await cache.warm_cache({"rules": rules, "broken": broken}, parallel) == {
                "rules": True,
                "broken": False,
            }
        assert await cache.get("rules", "email") == 2

    run(main)


def test_the_statistics_have_the_shape_of_old():
    async def main(cache):
        await cache.set("a", "b", 1)
        await cache.get("a", "b")
        await cache.get("a", "c")
        return cache.get_cache_stats(), await cache.cleanup()

    stats, cleaned = run(main)
    assert stats == {
        "hit_rate_percent": 50.0,
        "total_requests": 2,
        "total_hits": 1,
        "detailed_stats": {
            "hits": {"memory": 1, "redis": 0},
            "misses": {"memory": 1, "redis": 0},
            "sets": {"memory": 1, "redis": 0},
            "evictions": {"memory": 0, "redis": 0},
        },
        "memory_cache_size": 1,
        "redis_connected": False,
    }
    assert cleaned == {"memory_cleaned": 0, "redis_cleaned": 0, "redis_info": {"connected": False}}


def test_a_redis_that_is_gone_keeps_nobody_from_working(caplog):
    async def main(cache):
        assert await cache.set("a", "b", 1)
        assert await cache.get("a", "b") == 1
        assert not cache.get_cache_stats()["redis_connected"]

    run(main, CacheConfig(redis_host="127.0.0.1", redis_port=1))
    assert "Redis at 127.0.0.1:1 does not answer" in caplog.text


def test_processes_share_what_redis_has(redis):
    config = CacheConfig(redis_host="127.0.0.1", redis_port=redis)

    async def main(one):
        async with CacheManager(config) as two:
            # On a busy machine a connection may come after its time, and is tried again.
            while not all(it.get_cache_stats()["redis_connected"] for it in (one, two)):
                await asyncio.gather(one.get("b", "none"), two.get("b", "none"), asyncio.sleep(0.01))
            assert await one.set("a", "shared", {"n": 1})
            # Redis may be left out again meanwhile, if it is late once.
            while await two.get("a", "shared") is None:
                assert await one.set("a", "shared", {"n": 1})
            assert await two.get("a", "shared") == {"n": 1}
            assert await one.set("a", "mine", 1, level=CacheLevel.MEMORY)
            assert await two.get("a", "mine") is None
            assert await one.get("a", "mine") == 1
            assert await one.get("a", "mine", CacheLevel.REDIS) is None
            assert await one.get("a", "mine", CacheLevel.MEMORY) == 1
            # What is newer wins, wherever it is.
            assert await one.set("a", "mine", 2, level=CacheLevel.REDIS)
            assert await one.get("a", "mine") == 2
            while await two.get("a", "mine", CacheLevel.REDIS) != 2:
                assert await one.set("a", "mine", 2, level=CacheLevel.REDIS)
            assert await two.invalidate_namespace("a") == 0
            for _ in range(500):
                if await one.get("a", "shared") is None:
                    break
                await asyncio.sleep(0.01)
            assert await one.get("a", "shared") is None
            await one.cleanup()

    run(main, config)


def test_a_closed_cache_knows_nothing():
    async def main():
        cache = CacheManager(MEMORY)
        await cache.set("a", "b", 1)
        await cache.close()
        assert await cache.get("a", "b") is None
        assert not await cache.set("a", "b", 1)
        await cache.close()

    asyncio.run(main())


def test_what_makes_no_sense_is_refused():
    with pytest.raises(dq.ConfigError, match="serialization_format"):
        CacheManager(CacheConfig(serialization_format="xml"))
    with pytest.raises(dq.ConfigError, match="memory_size"):
        CacheManager(CacheConfig(memory_size=0))
    assert "secret" not in repr(CacheConfig(redis_password="secret"))
