"""Circuit breakers under the names of the earlier pipeline."""

import asyncio
import threading

import pytest

import dq
from dq.pipeline.breaker import (
    CircuitBreaker,
    CircuitBreakerConfig,
    CircuitBreakerError,
    CircuitBreakerManager,
    CircuitOpenError,
    CircuitState,
    circuit_breaker_manager,
)

SMALL = CircuitBreakerConfig(failure_threshold=2, minimum_requests=2, success_threshold=1)


def fail():
    raise OSError("down")


async def fail_times(breaker, times):
    for _ in range(times):
        with pytest.raises(OSError, match="down"):
            await breaker.call(fail)


def test_failures_open_it_and_calls_are_refused():
    async def main():
        it = CircuitBreaker("registry", SMALL)
        assert (it.state, it.is_closed) == (CircuitState.CLOSED, True)
        await fail_times(it, 2)
        assert (it.state, it.is_open) == (CircuitState.OPEN, True)
        with pytest.raises(CircuitOpenError, match="registry") as refused:
            await it.call(pytest.fail, "was let through")
        assert 50 < refused.value.retry_after <= 60
        assert isinstance(refused.value, CircuitBreakerError)
        assert isinstance(refused.value, dq.UnavailableError)
        assert (refused.value.code, refused.value.retryable) == ("unavailable", True)

    asyncio.run(main())


def test_functions_and_coroutine_functions_take_all_arguments():
    async def slowly(a, *, b):
        await asyncio.sleep(0)
        return a, b, threading.current_thread() is threading.main_thread()

    def at_once(a, *, b):
        return a, b, threading.current_thread() is threading.main_thread()

    async def main():
        it = CircuitBreaker("registry")
        assert await it.call(slowly, 1, b=2) == (1, 2, True)
        assert await it.call(at_once, 1, b=2) == (1, 2, False)
        assert await it.call(lambda: slowly(3, b=4)) == (3, 4, True)

    asyncio.run(main())


def test_a_failure_after_a_recovery_does_not_open_it_again():
    async def main():
        it = CircuitBreaker("registry", SMALL)
        await fail_times(it, 2)
        it.force_half_open()
        assert it.is_half_open
        await it.call(lambda: None)
        assert it.is_closed
        await fail_times(it, 1)
        assert it.is_closed

    asyncio.run(main())


def test_slow_calls_alone_open_it():
    async def main():
        config = CircuitBreakerConfig(minimum_requests=2, slow_call_duration=0.001)
        it = CircuitBreaker("registry", config)
        for _ in range(2):
            await it.call(asyncio.sleep, 0.005)
        assert it.is_open
        assert it.get_status()["metrics"]["total_slow_calls"] == 2

    asyncio.run(main())


def test_a_call_that_takes_too_long_is_a_failure_and_is_stopped():
    stopped = []

    async def forever():
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(True)

    async def main():
        it = CircuitBreaker("registry", CircuitBreakerConfig(timeout=0.01))
        with pytest.raises(dq.TimeoutError, match=r"`registry` has not answered within 0\.01 seconds"):
            await it.call(forever)
        assert it.get_status()["metrics"]["total_failures"] == 1

    asyncio.run(main())
    assert stopped == [True]


def test_a_cancelled_call_counts_neither_way_and_is_stopped():
    async def main():
        it = CircuitBreaker("registry", SMALL)
        begun = asyncio.Event()

        async def forever():
            begun.set()
            await asyncio.Event().wait()

        for _ in range(3):
            task = asyncio.ensure_future(it.call(forever))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert it.is_closed
        assert it.get_status()["metrics"]["total_failures"] == 0

    asyncio.run(main())


def test_a_hung_probe_holds_up_nobody_else():
    async def main():
        it = CircuitBreaker(
            "registry", CircuitBreakerConfig(minimum_requests=2, failure_threshold=2, success_threshold=2)
        )
        await fail_times(it, 2)
        it.force_half_open()
        hung = asyncio.ensure_future(it.call(asyncio.Event().wait))
        await asyncio.sleep(0)
        for _ in range(2):
            await asyncio.wait_for(it.call(lambda: None), 10)
        assert it.is_closed
        hung.cancel()

    asyncio.run(main())


def test_a_breaker_can_be_ordered_about():
    it = CircuitBreaker("registry")
    it.force_open()
    assert it.is_open
    with pytest.raises(CircuitOpenError):
        asyncio.run(it.call(lambda: None))
    it.force_close()
    assert it.is_closed
    assert asyncio.run(it.call(lambda: 7)) == 7


def test_the_status_has_the_shape_of_old():
    it = CircuitBreaker("registry", SMALL)
    asyncio.run(fail_times(it, 1))
    status = it.get_status()
    assert list(status) == [
        "name",
        "state",
        "consecutive_failures",
        "consecutive_successes",
        "last_failure_time",
        "config",
        "metrics",
    ]
    assert (status["name"], status["state"], status["consecutive_failures"]) == ("registry", "closed", 1)
    assert status["last_failure_time"].endswith("Z")
    assert status["config"] == {"failure_threshold": 2, "recovery_timeout": 60, "success_threshold": 1, "timeout": 30.0}
    metrics = status["metrics"]
    names = ("total_calls", "total_failures", "total_successes", "total_slow_calls", "current_window_size")
    assert [metrics[it] for it in names] == [1, 1, 0, 0, 1]
    assert (metrics["failure_rate"], metrics["slow_call_rate"]) == (100, 0)
    assert 0 <= metrics["average_duration"] < 5


def test_a_manager_makes_each_breaker_once():
    manager = CircuitBreakerManager()
    manager.set_default_config(SMALL)
    made = []
    threads = [threading.Thread(target=lambda: made.append(manager.get_breaker("a"))) for _ in range(8)]
    for it in threads:
        it.start()
    for it in threads:
        it.join()
    first = made[0]
    assert all(it is first for it in made)
    assert first.config is SMALL
    other = manager.get_breaker("b", CircuitBreakerConfig(failure_threshold=9))
    assert other.config.failure_threshold == 9
    first.force_open()
    assert {name: it["state"] for name, it in manager.get_all_status().items()} == {"a": "open", "b": "closed"}
    asyncio.run(manager.reset_all())
    assert first.is_closed
    assert manager.remove_breaker("a")
    assert not manager.remove_breaker("a")
    assert manager.get_breaker("a") is not first
    assert isinstance(circuit_breaker_manager, CircuitBreakerManager)


def test_what_makes_no_sense_is_refused():
    for options in [
        {"timeout": -1},
        {"recovery_timeout": -1},
        {"failure_rate_threshold": 101},
        {"success_threshold": 0},
    ]:
        with pytest.raises(dq.ConfigError):
            CircuitBreaker("registry", CircuitBreakerConfig(**options))
