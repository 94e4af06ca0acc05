"""Configurations as YAML: read by dq's own parser, written plainly."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from dq._dq import yaml_to_json

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_/.-]*")
# What readers of older YAML take for a boolean or for nothing.
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def parse_yaml(text: str, file: str) -> Any:
    """Return what ``text`` says; ``ConfigError`` tells the line and the column of what is wrong."""
    return json.loads(yaml_to_json(text, file))


def read_yaml(path: str | os.PathLike[str]) -> Any:
    """Return what the file says."""
    return parse_yaml(Path(path).read_text(encoding="utf-8"), os.fspath(path))


def to_yaml(document: Mapping[str, Any]) -> str:
    """Write a document of mappings, lists and scalars."""
    return "\n".join(_mapping(document, 0)) + "\n"


def _mapping(document: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name, value in document.items():
        yield from _named(f"{'  ' * depth}{_scalar(name)}:", value, depth)


def _list(items: list[Any], depth: int) -> Iterator[str]:
    for value in items:
        if isinstance(value, Mapping) and value:
            lines = list(_mapping(cast("Mapping[str, Any]", value), depth + 1))
            yield f"{'  ' * depth}- {lines[0].lstrip()}"
            yield from lines[1:]
        else:
            yield from _named(f"{'  ' * depth}-", value, depth)


def _named(start: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield start
        yield from _mapping(cast("Mapping[str, Any]", value), depth + 1)
    elif isinstance(value, (list, tuple)) and value:
        yield start
        yield from _list(list(cast("list[Any]", value)), depth + 1)
    else:
        yield f"{start} {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
