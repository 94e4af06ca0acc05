"""One configuration, read from a file, the environment, and what the program sets."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from dq._dq import ConfigHandle

_MISSING: Any = object()


class Config:
    """The configuration that docs/configuration.md describes.

    Four layers, each of which wins over those before it: the defaults, a YAML file, environment variables
    (unless ``environment`` is false), and ``values`` by path, such as ``{"cache.redis.port": 6380}``. Everything
    that is wrong is one ``ConfigError``, with a line for each problem. Secrets are never shown.
    """

    __slots__ = ("_handle",)

    def __init__(
        self,
        file: str | os.PathLike[str] | None = None,
        *,
        environment: bool = True,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        explicit = [(path, _text(value)) for path, value in (values or {}).items()]
        self._handle = ConfigHandle(file, environment, explicit)

    def get(self, path: str, default: Any = _MISSING) -> Any:
        """Return the value at a path, such as ``database.primary.connection_pool_size``.

        ``KeyError`` if there is none, unless there is a ``default``.
        """
        settings = self.to_dict()["settings"]
        if path in settings:
            return settings[path]["value"]
        if default is _MISSING:
            raise KeyError(path)
        return default

    def to_dict(self) -> dict[str, Any]:
        """Return ``settings``: of every value its path, its origin, and whether it is used; without secrets."""
        document: dict[str, Any] = json.loads(self._handle.to_json())
        return document

    def to_yaml(self) -> str:
        """Return the configuration as YAML, with the origin of each value in a comment, without secrets."""
        return self._handle.to_yaml()

    @property
    def unknown_variables(self) -> list[str]:
        """Environment variables whose names begin with ``DQ_`` and that mean nothing."""
        return self._handle.unknown_variables

    def __repr__(self) -> str:
        return "<dq.Config>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)
