"""Circuit breakers: what keeps a failing dependency from taking its callers along."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Literal, ParamSpec, TypeVar, cast

from dq._config import Config
from dq._dq import BreakerHandle, PermitHandle

P = ParamSpec("P")
R = TypeVar("R")

CircuitState = Literal["closed", "open", "half_open", "forced_open", "disabled", "metrics_only"]
Order = Literal["force_open", "force_close", "force_half_open", "disable", "metrics_only", "reset", "trip"]


class CircuitBreaker:
    """Watches the calls to one dependency, and refuses them for a while when too many fail.

    A context manager around one call, blocking or not (``with breaker:``, ``async with breaker:``), or the
    decorator of a function or coroutine function. A call that is refused raises ``UnavailableError``, whose
    ``retry_after`` tells in how many seconds one may be tried.

    Exceptions of ``failures`` count against the dependency, unless they are of ``ignored``; other exceptions
    say nothing about it. Options are those of docs/configuration.md: ``failure_threshold``,
    ``failure_rate_threshold``, ``minimum_requests``, ``recovery_timeout_ms``, …; with a ``config``, those of
    the dependency ``name`` there. May be used from any thread.
    """

    __slots__ = ("_failures", "_handle", "_ignored", "_permits")

    def __init__(
        self,
        name: str,
        *,
        failures: type[Exception] | tuple[type[Exception], ...] = Exception,
        ignored: type[Exception] | tuple[type[Exception], ...] = (),
        config: Config | None = None,
        **options: Any,
    ) -> None:
        chosen: dict[str, Any] = {}
        if config is not None:
            handle = config._handle  # pyright: ignore[reportPrivateUsage]
            chosen = json.loads(handle.breaker(name))
        self._handle = BreakerHandle(name, json.dumps({**chosen, **options}))
        self._failures = failures
        self._ignored = ignored
        # Of each thread and each task the calls that it is in.
        self._permits: ContextVar[tuple[PermitHandle, ...]] = ContextVar(name, default=())

    @property
    def name(self) -> str:
        """The name of what it protects."""
        return self._handle.name

    @property
    def state(self) -> CircuitState:
        """The state: ``closed``, ``open``, ``half_open``, or what an order made it."""
        return cast("CircuitState", self._handle.state)

    def switch(self, order: Order) -> None:
        """Go to another state by order."""
        self._handle.switch(order)

    def reset(self) -> None:
        """Close with an empty window, whatever the state."""
        self._handle.switch("reset")

    def statistics(self) -> dict[str, Any]:
        """Return what has been counted."""
        document: dict[str, Any] = json.loads(self._handle.statistics())
        return document

    def __enter__(self) -> CircuitBreaker:
        permit = self._handle.acquire()
        self._permits.set((*self._permits.get(), permit))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        *outer, permit = self._permits.get()
        self._permits.set(tuple(outer))
        self._record(permit, kind)

    async def __aenter__(self) -> CircuitBreaker:
        return self.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.__exit__(kind)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate a function, or a coroutine function: each call of it goes through the breaker."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def called_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                async with self:
                    return await cast("Any", function)(*args, **kwargs)

            return cast("Callable[P, R]", called_async)

        @functools.wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            with self:
                return function(*args, **kwargs)

        return called

    def __repr__(self) -> str:
        return f"<dq.CircuitBreaker {self.name}: {self.state}>"

    def _record(self, permit: PermitHandle, kind: type[BaseException] | None) -> None:
        if kind is None:
            permit.success()
        elif issubclass(kind, self._failures) and not issubclass(kind, self._ignored):
            permit.failure()
        elif issubclass(kind, Exception):
            permit.ignore()
        # What is left is no answer at all: a cancelled task, Ctrl-C. The permit says so when it goes.
