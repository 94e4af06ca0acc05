"""The ids of rules."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

from dq.exceptions import NotFoundError

_REMARK = re.compile(r"[\s_]*\([^()]*\)\s*$")


def canonical(name: str) -> str:
    """Return the id that a rule has: a remark in parentheses at the end of its name is none of it.

    >>> canonical("Affiliation Anomaly (Simplified for Performance)")
    'affiliation_anomaly'
    >>> canonical("affiliation_anomaly_(simplified_for_performance)")
    'affiliation_anomaly'
    """
    plain = _REMARK.sub("", name) or name
    return re.sub(r"[\s-]", "_", plain.strip().lower())


def find(name: str, known: Collection[str]) -> str:
    """Return the id among ``known`` that ``name`` means; ``NotFoundError`` tells the nearest if there is none."""
    for candidate in (name, canonical(name)):
        if candidate in known:
            return candidate
    near = difflib.get_close_matches(canonical(name), known, 1)
    hint = f"; did you mean `{near[0]}`?" if near else f": there are {', '.join(known) or 'none'}"
    raise NotFoundError(f"there is no rule `{name}`{hint}")
