"""`dq.Cache`."""

import asyncio
import threading

import pytest

import dq


def test_plain_values_come_back_as_they_were():
    cache = dq.Cache()
    value = {"a": [1, -2.5, None, True], "b": ("x", b"\xff"), "c": {}, "ü": 2**63 - 1}
    assert cache.set("key", value)
    again = cache.get("key")
    assert again == value
    assert isinstance(again["b"], tuple)
    assert cache.get("another", "default") == "default"
    assert cache.get(("key",), 7) == value
    assert cache.get(("ke", "y"), 7) == 7
    cache.set("nothing", None)
    assert cache.get("nothing", "default") is None


@pytest.mark.parametrize("value", [object(), {1: 2}, {1, 2}, 2**63, [[object()]], lambda: 1])
def test_what_is_no_plain_value_is_refused(value):
    with pytest.raises(dq.UsageError, match="cannot cache"):
        dq.Cache().set("key", value)


def test_what_refers_to_itself_is_refused():
    value: list[object] = []
    value.append(value)
    with pytest.raises(dq.UsageError, match="64 levels"):
        dq.Cache().set("key", value)


def test_names_and_options_are_checked():
    with pytest.raises(dq.UsageError, match="namespace"):
        dq.Cache("No Such")
    with pytest.raises(dq.UsageError, match="unknown field `tll_ms`"):
        dq.Cache(tll_ms=3)
    with pytest.raises(dq.UsageError, match="a key is a text"):
        dq.Cache().get(7)


def test_a_value_is_computed_once_for_all_who_ask():
    cache, calls, waiting = dq.Cache(), [], threading.Barrier(8)

    def compute():
        calls.append(1)
        return {"n": 7}

    def ask():
        waiting.wait()
        assert cache.get_or_compute("key", compute) == {"n": 7}

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert cache.statistics()["hits"] + cache.statistics()["misses"] >= 8


def test_a_coroutine_computes_in_the_loop_of_its_caller():
    cache, calls = dq.Cache(), []

    async def compute():
        calls.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return "value"

    async def main():
        found = await asyncio.gather(*(cache.get_or_compute_async("key", compute) for _ in range(20)))
        assert found == ["value"] * 20
        assert calls == [asyncio.get_running_loop()]
        assert await cache.get_or_compute_async("key", compute) == "value"
        assert await cache.get_async("key") == "value"
        assert await cache.get_async("another", 1) == 1
        assert await cache.set_async("key", "other")
        assert await cache.get_async("key") == "other"
        assert await cache.delete_async("key")
        assert await cache.get_async("key") is None

    asyncio.run(main())


def test_the_exception_of_a_computation_reaches_its_caller():
    cache = dq.Cache()

    def compute():
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        cache.get_or_compute("key", compute)
    with pytest.raises(dq.UsageError, match="cannot cache"):
        cache.get_or_compute("other", object)

    async def compute_async():
        raise KeyError("gone")

    async def main():
        with pytest.raises(KeyError, match="gone"):
            await cache.get_or_compute_async("key", compute_async)

    asyncio.run(main())


def test_tags_and_namespaces_are_forgotten_together():
    cache, other = dq.Cache("one"), dq.Cache("two")
    cache.set("a", 1, tags=["providers"])
    cache.set("b", 2, ttl=60)
    other.set("a", 3)
    assert cache.invalidate_tag("providers")
    assert (cache.get("a"), cache.get("b")) == (None, 2)
    assert cache.clear()
    assert (cache.get("b"), other.get("a")) == (None, 3)
    cache.set("never", 1, ttl=0)
    assert cache.get("never") is None
    cache.close()
    assert cache.get("a") is None


def test_values_can_be_forgotten_while_they_are_computed():
    cache, started, go_on = dq.Cache(), threading.Event(), threading.Event()

    def compute():
        started.set()
        go_on.wait(10)
        return "old"

    asking = threading.Thread(target=cache.get_or_compute, args=("key", compute))
    asking.start()
    assert started.wait(10)
    cache.delete("key")
    go_on.set()
    asking.join()
    assert cache.get("key") is None
