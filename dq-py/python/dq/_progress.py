"""How far a run is, for whoever waits for it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeAlias

ProgressFunction: TypeAlias = Callable[[str, int, "int | None"], object]
"""Hears the table that is being read, how many rows have been, and about how many there are.

Called from several threads, at most twenty times a second. Its exception stops the run.
"""

Progress: TypeAlias = "ProgressFunction | bool | None"
"""A function that hears of progress; ``True`` for a line on standard error."""


class Line:
    """A line on standard error, in terminals and in notebooks; nothing where that is a file."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty() or "ipykernel" in sys.modules
        self._width = 0

    def __call__(self, table: str, rows: int, estimate: int | None) -> None:
        """Tell how far the run is."""
        if not self._is_shown:
            return
        told = f"{table}: {rows:,} rows"
        if estimate:
            done = min(rows / estimate, 1.0)
            told = f"{table}: {'█' * round(30 * done):░<30} {done:4.0%} of {estimate:,} rows"
        self._write(told)

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            self._write("")
            sys.stderr.write("\r")

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r{text:<{self._width}}")
        sys.stderr.flush()
        self._width = len(text)
