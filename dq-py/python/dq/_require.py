"""Libraries that are not required until something needs them."""

from __future__ import annotations

import importlib
from typing import Any

from dq.exceptions import ExtraMissingError


def require(name: str, *, extra: str) -> Any:
    """Import the library ``name``; the error says which extra of dq brings it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        message = f"this needs `{name}`, which is not installed: pip install 'dq[{extra}]'"
        raise ExtraMissingError(message) from error
