"""Circuit breakers under the names of the earlier pipeline, on dq's own."""

from __future__ import annotations

import asyncio
import enum
import inspect
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from dq._dq import BreakerHandle, PermitHandle
from dq.exceptions import ConfigError, TimeoutError, UnavailableError


class CircuitState(enum.Enum):
    """What a breaker does with calls."""

    CLOSED = "closed"
    """It lets them through."""
    OPEN = "open"
    """It refuses them."""
    HALF_OPEN = "half_open"
    """It lets a few through, to see how they fare."""


class CircuitBreakerError(UnavailableError):
    """A call was not made, or its answer not waited for."""


class CircuitOpenError(CircuitBreakerError):
    """The breaker refused the call; ``retry_after`` tells in how many seconds one may be tried."""


@dataclass
class CircuitBreakerConfig:
    """When a breaker opens, and when it closes again. Spans of time are in seconds, rates in percent."""

    failure_threshold: int = 5
    """How many failures in a row open it, once ``minimum_requests`` have been counted."""
    recovery_timeout: float = 60
    """How long it stays open before it lets calls through to see how they fare."""
    success_threshold: int = 3
    """How many of these must succeed to close it."""
    timeout: float = 30.0
    """How long a call may take; a longer one is a failure. 0: as long as it likes."""
    sliding_window_size: int = 100
    """Of how many calls the rates are."""
    minimum_requests: int = 10
    """How many calls must have been counted before it may open."""
    failure_rate_threshold: float = 50.0
    """How many percent of the calls must fail to open it."""
    slow_call_duration: float = 5.0
    """From when on a call is slow. 0: none is."""
    slow_call_rate_threshold: float = 50.0
    """How many percent of the calls must be slow to open it."""

    def _options(self) -> dict[str, Any]:
        recovery = _millis("recovery_timeout", self.recovery_timeout)
        return {
            "failure_threshold": self.failure_threshold,
            "failure_rate_threshold": self.failure_rate_threshold,
            "minimum_requests": min(self.minimum_requests, self.sliding_window_size),
            "sliding_window_size": self.sliding_window_size,
            "recovery_timeout_ms": recovery,
            "recovery_timeout_max_ms": recovery,
            "recovery_jitter_percent": 0,
            "success_threshold": self.success_threshold,
            "slow_call_duration_ms": _millis("slow_call_duration", self.slow_call_duration),
            "slow_call_rate_threshold": self.slow_call_rate_threshold,
        }


class CircuitBreaker:
    """Watches the calls to one dependency, and refuses them for a while when too many fail or are slow.

    >>> breaker = CircuitBreaker("registry")
    >>> asyncio.run(breaker.call(lambda npi: npi.startswith("1"), npi="1234567893"))
    True

    ``dq.CircuitBreaker`` is a decorator and a context manager beside that. May be used from any thread and event loop.
    """

    def __init__(self, name: str, config: CircuitBreakerConfig | None = None) -> None:
        self.name = name
        self.config = config or CircuitBreakerConfig()
        if self.config.timeout < 0:
            raise ConfigError(f"`timeout`: {self.config.timeout} is no span of time")
        self._handle = BreakerHandle(name, json.dumps(self.config._options()))  # pyright: ignore[reportPrivateUsage]

    @property
    def state(self) -> CircuitState:
        """The state; one that was forced counts as what it does."""
        state = self._handle.state
        if state == "forced_open":
            return CircuitState.OPEN
        return CircuitState(state) if state in ("open", "half_open") else CircuitState.CLOSED

    @property
    def is_closed(self) -> bool:
        """Whether it lets calls through."""
        return self.state is CircuitState.CLOSED

    @property
    def is_open(self) -> bool:
        """Whether it refuses calls."""
        return self.state is CircuitState.OPEN

    @property
    def is_half_open(self) -> bool:
        """Whether it lets a few calls through."""
        return self.state is CircuitState.HALF_OPEN

    async def call(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function, or a coroutine function, and return what it gives.

        What is no coroutine function runs on a thread, so that it does not hold the event loop up. An exception is a
        failure and is raised as it is; a call that takes longer than ``timeout`` is one, too, and raises
        ``dq.TimeoutError``. A call that is refused raises ``CircuitOpenError``. A cancelled task is no answer, and
        counts neither way.
        """
        permit = self._acquire()
        try:
            value = await self._answer(func, args, kwargs)
        except asyncio.CancelledError:
            permit.ignore()
            raise
        except Exception:
            permit.failure()
            raise
        permit.success()
        return value

    def _acquire(self) -> PermitHandle:
        try:
            return self._handle.acquire()
        except UnavailableError as refused:
            raised = CircuitOpenError(str(refused))
            raised.retry_after = refused.retry_after
            raise raised from None

    async def _answer(self, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        running = asyncio.ensure_future(_called(func, args, kwargs))
        try:
            await asyncio.wait({running}, timeout=self.config.timeout or None)
        except asyncio.CancelledError:
            running.cancel()
            raise
        if running.done():
            return running.result()
        running.cancel()
        # A coroutine ends now; a thread ends when it likes, and nobody hears of it.
        await asyncio.wait({running})
        raise TimeoutError(f"`{self.name}` has not answered within {self.config.timeout:g} seconds")

    def force_open(self) -> None:
        """Refuse every call until ``force_close`` or ``force_half_open``."""
        self._handle.switch("force_open")

    def force_close(self) -> None:
        """Let calls through, and begin to count anew."""
        self._handle.switch("reset")

    def force_half_open(self) -> None:
        """Let a few calls through, to see how they fare."""
        self._handle.switch("force_half_open")

    def get_status(self) -> dict[str, Any]:
        """Return ``name``, ``state``, ``config``, ``metrics`` and what was last seen. Durations are in seconds."""
        told = cast("dict[str, Any]", json.loads(self._handle.statistics()))
        metrics: dict[str, Any] = told["metrics"]
        metrics["average_duration"] = metrics.pop("average_duration_ms") / 1000
        return {
            "name": self.name,
            "state": self.state.value,
            "consecutive_failures": told["consecutive_failures"],
            "consecutive_successes": told["consecutive_successes"],
            "last_failure_time": told["last_failure_time"],
            "config": {
                "failure_threshold": self.config.failure_threshold,
                "recovery_timeout": self.config.recovery_timeout,
                "success_threshold": self.config.success_threshold,
                "timeout": self.config.timeout,
            },
            "metrics": metrics,
        }

    def __repr__(self) -> str:
        return f"<CircuitBreaker {self.name}: {self.state.value}>"


class CircuitBreakerManager:
    """The breakers of a program, by name. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._breakers: dict[str, CircuitBreaker] = {}
        self._default = CircuitBreakerConfig()

    def get_breaker(self, name: str, config: CircuitBreakerConfig | None = None) -> CircuitBreaker:
        """Return the breaker of this name; the first call makes it, with ``config`` or the default one."""
        with self._lock:
            breaker = self._breakers.get(name)
            if breaker is None:
                breaker = self._breakers[name] = CircuitBreaker(name, config or self._default)
            return breaker

    def remove_breaker(self, name: str) -> bool:
        """Forget a breaker; returns whether there was one. Who holds it may go on."""
        with self._lock:
            return self._breakers.pop(name, None) is not None

    def get_all_status(self) -> dict[str, dict[str, Any]]:
        """Return what ``get_status`` of each breaker says, by name."""
        return {it.name: it.get_status() for it in self._all()}

    async def reset_all(self) -> None:
        """Close every breaker, and begin to count anew."""
        for it in self._all():
            it.force_close()

    def set_default_config(self, config: CircuitBreakerConfig) -> None:
        """Set how breakers are made from now on that no other configuration is given for."""
        with self._lock:
            self._default = config

    def _all(self) -> list[CircuitBreaker]:
        with self._lock:
            return list(self._breakers.values())


circuit_breaker_manager = CircuitBreakerManager()
"""The breakers of this process."""


async def _called(func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    if inspect.iscoroutinefunction(func):
        return await func(*args, **kwargs)
    value = await asyncio.to_thread(func, *args, **kwargs)
    return await value if inspect.isawaitable(value) else value


def _millis(name: str, seconds: float) -> int:
    if seconds < 0:
        raise ConfigError(f"`{name}`: {seconds} is no span of time")
    return round(seconds * 1000)
