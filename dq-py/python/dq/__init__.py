"""Checks data against rules: exact counts, one pass, the same answer on every source."""

import json
import os
from collections.abc import Mapping
from typing import Any

from dq import exceptions
from dq._dq import __version__, run
from dq.exceptions import *  # noqa: F403

__all__ = ["__version__", "validate", *exceptions.__all__]


def validate(
    source: str | os.PathLike[str],
    rules: str | os.PathLike[str],
    *,
    parameters: Mapping[str, str] | None = None,
    as_of: str | None = None,
    sample_limit: int = 10,
    show_values: bool = False,
    threads: int | None = None,
) -> dict[str, Any]:
    """Check the rows of ``source`` against the rule set in the file ``rules``.

    ``source`` is what the ``dq`` program takes: ``sqlite:PATH``, or the path of a SQLite database or
    CSV file. ``parameters`` are values for the ``${name}`` of the rule set; ``as_of`` is "today" as
    ``YYYY-MM-DD``, by default the current day in UTC; ``sample_limit`` bounds the keys of failing rows
    that each check shows; ``show_values`` shows the checked values beside the keys; ``threads`` is how
    many threads may work at once, by default one for each processor.

    Returns the JSON report. Raises an exception below ``DqError`` if there is no answer.
    """
    report = run(
        os.fspath(source),
        os.fspath(rules),
        dict(parameters or {}),
        as_of,
        sample_limit,
        show_values,
        threads or os.cpu_count() or 1,
    )
    result: dict[str, Any] = json.loads(report)
    return result
