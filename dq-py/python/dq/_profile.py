"""What is in a source."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from dq._rules import Rules


class Profile:
    """What is in the tables of a source, as docs/profile.schema.json describes it."""

    __slots__ = ("_document", "_json", "_rules")

    def __init__(self, text: str, rules: str) -> None:
        self._json = text
        self._rules = rules
        self._document: dict[str, Any] = json.loads(text)

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """What is in each table: ``rows``, ``columns``, ``keys``, ``dependencies``."""
        return {it["table"]: it for it in self._document["tables"]}

    def column(self, name: str, table: str | None = None) -> dict[str, Any]:
        """Return what is in a column; ``KeyError`` if there is none."""
        for known, content in self.tables.items():
            for column in content["columns"]:
                if column["name"] == name and table in (None, known):
                    found: dict[str, Any] = column
                    return found
        raise KeyError(name)

    @property
    def references(self) -> list[dict[str, Any]]:
        """Which columns seem to refer to which."""
        return list(self._document["references"])

    @property
    def suggestions(self) -> list[dict[str, Any]]:
        """The rules that the data suggest, if these were asked for."""
        return list(self._document["suggestions"] or ())

    @property
    def rules_text(self) -> str:
        """The suggestions as a rule set in YAML, each with its reason and what it flags today."""
        return self._rules

    def rules(self) -> Rules:
        """Return the suggestions as rules, to validate with."""
        return Rules(self._rules)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON profile."""
        document: dict[str, Any] = json.loads(self._json)
        return document

    def __repr__(self) -> str:
        tables = ", ".join(f"{name} ({it['rows']:,})" for name, it in self.tables.items())
        return f"<dq.Profile of {tables}>"

    def __reduce__(self) -> tuple[Callable[..., Profile], tuple[str, str]]:
        return Profile, (self._json, self._rules)
