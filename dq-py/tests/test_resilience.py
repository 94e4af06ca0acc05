"""`dq.CircuitBreaker`."""

import asyncio
import threading

import pytest

import dq


def breaker(**options):
    return dq.CircuitBreaker("database", minimum_requests=2, failure_threshold=2, failure_rate_threshold=100, **options)


def fail(it):
    with pytest.raises(OSError, match="down"), it:
        raise OSError("down")


def test_failures_open_it_and_calls_are_refused():
    it = breaker(recovery_timeout_ms=10_000)
    assert it.state == "closed"
    with it:
        pass
    fail(it)
    fail(it)
    assert it.state == "open"
    with pytest.raises(dq.UnavailableError, match="circuit breaker `database` is open") as refused, it:
        pytest.fail("was let through")
    assert 5 < refused.value.retry_after < 13
    assert refused.value.retryable
    counted = it.statistics()["metrics"]
    assert (counted["total_successes"], counted["total_failures"], counted["total_rejected"]) == (1, 2, 1)
    it.reset()
    assert it.state == "closed"


def test_a_decorated_function_goes_through_it():
    it = breaker(ignored=KeyError)

    @it
    def call(error=None):
        """Call what may fail."""
        if error:
            raise error
        return 7

    @it
    async def call_async(error=None):
        if error:
            raise error
        return 7

    assert (call(), call.__name__, call.__doc__) == (7, "call", "Call what may fail.")
    assert asyncio.run(call_async()) == 7
    for _ in range(3):
        with pytest.raises(KeyError):
            call(KeyError())
    assert it.state == "closed"
    for _ in range(2):
        with pytest.raises(OSError, match="down"):
            asyncio.run(call_async(OSError("down")))
    assert it.state == "open"
    with pytest.raises(dq.UnavailableError):
        call()


def test_only_what_was_named_is_a_failure():
    it = breaker(failures=ConnectionError)
    for _ in range(5):
        with pytest.raises(ValueError, match="mine"), it:
            raise ValueError("mine")
    assert it.state == "closed"
    assert it.statistics()["metrics"]["total_ignored"] == 5


def test_a_cancelled_task_is_no_outcome():
    it = breaker(dropped_call_min_ms=60_000)

    async def main():
        async def call():
            async with it:
                await asyncio.sleep(60)

        tasks = [asyncio.create_task(call()) for _ in range(3)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(main())
    counted = it.statistics()["metrics"]
    assert (counted["total_dropped"], counted["total_failures"]) == (3, 0)


def test_calls_may_be_nested_and_concurrent():
    it = breaker()

    def work():
        for _ in range(50):
            with it, it:
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert it.statistics()["metrics"]["total_successes"] == 400


def test_orders_and_options_are_checked():
    it = breaker()
    it.switch("force_open")
    assert it.state == "forced_open"
    it.switch("disable")
    assert it.state == "disabled"
    with pytest.raises(dq.UsageError, match="no order `explode`"):
        it.switch("explode")
    with pytest.raises(dq.ConfigError, match="minimum_requests"):
        dq.CircuitBreaker("it", minimum_requests=0)
    with pytest.raises(dq.UsageError, match="unknown field"):
        dq.CircuitBreaker("it", threshold=1)


def test_a_configuration_sets_it_up(tmp_path):
    path = tmp_path / "dq.yaml"
    path.write_text("microservices:\n  circuit_breakers:\n    database: { failure_threshold: 9 }\n")
    config = dq.Config(path, environment=False)
    it = dq.CircuitBreaker("database", config=config, minimum_requests=3)
    assert it.statistics()["config"]["failure_threshold"] == 9
    assert it.statistics()["config"]["minimum_requests"] == 3
