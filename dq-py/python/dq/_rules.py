"""Rule sets: from YAML, from dictionaries, from objects of Python."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from dq._dq import ArrowTable, RuleSetHandle
from dq._table import Table
from dq.exceptions import UsageError

CustomFunction: TypeAlias = Callable[[Table], Any]
"""Rows in, a column of booleans out: true is a violation."""

RulesLike: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any] | Rules | Rule | Sequence[Rule]"
"""A path, YAML text, a dictionary of what YAML would say, a ``Rules``, or ``Rule`` objects."""


@dataclass(frozen=True)
class Check:
    """A check, written as in a rule set: ``Check("luhn", column="npi", format="npi")``.

    The first argument is the id; everything else is what the check would have in YAML, see docs/rules.md.
    With ``custom=`` a function, the function judges the rows of ``columns``: it is given a ``Table`` and
    gives a column of booleans, of which true is a violation. It is called from several threads.
    """

    id: str
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __init__(self, id: str, /, **options: Any) -> None:
        object.__setattr__(self, "id", id)
        object.__setattr__(self, "options", options)


@dataclass(frozen=True)
class Rule:
    """A rule: checks of one table, perhaps of some of its rows only.

    ``Rule("npi", Check("luhn", column="npi", format="npi"), table="providers", severity="critical")``;
    the table of a single frame or file is ``data``, which is the default. Other options are those of YAML.
    """

    id: str
    checks: tuple[Check, ...]
    table: str
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __init__(self, id: str, /, *checks: Check, table: str = "data", **options: Any) -> None:
        object.__setattr__(self, "id", id)
        object.__setattr__(self, "checks", checks)
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "options", options)


class Rules:
    """A rule set, read and checked for mistakes once.

    ``parameters`` are values for the ``${name}`` of the rule set; ``custom`` are functions for its checks
    ``custom: name``, each of which is given a ``Table`` and gives a column of booleans. Raises
    ``RulesError`` with every problem and its place.
    """

    __slots__ = ("_handle",)

    def __init__(
        self,
        rules: RulesLike,
        *,
        parameters: Mapping[str, str] | None = None,
        custom: Mapping[str, CustomFunction] | None = None,
    ) -> None:
        functions: dict[str, CustomFunction] = dict(custom or {})
        handle = _read(rules, dict(parameters or {}), functions)
        for name, function in functions.items():
            handle = handle.with_custom(name, _given_a_table(function))
        self._handle = handle

    @classmethod
    def pack(cls, name: str, *, parameters: Mapping[str, str] | None = None) -> Rules:
        """Return a rule set that comes with dq, such as ``healthcare``."""
        rules = cls.__new__(cls)
        rules._handle = RuleSetHandle.pack(name, dict(parameters or {}))
        return rules

    @property
    def text(self) -> str:
        """What was read."""
        return self._handle.text

    @property
    def checks(self) -> list[tuple[str, str]]:
        """The ids of rules and checks, in their order."""
        return [(rule, check) for rule, _, check, _, _ in self._handle.checks]

    def __repr__(self) -> str:
        return f"<dq.Rules {self._handle.file}: {len(self.checks)} checks>"


def _read(rules: RulesLike, parameters: dict[str, str], custom: dict[str, CustomFunction]) -> RuleSetHandle:
    if isinstance(rules, Rules):
        if parameters:
            raise UsageError("cannot set parameters of rules that have been read already")
        return rules._handle  # pyright: ignore[reportPrivateUsage]
    if isinstance(rules, os.PathLike):
        return RuleSetHandle.read(os.fspath(rules), parameters)
    if isinstance(rules, str):
        if "\n" in rules or rules.lstrip().startswith("{"):
            return RuleSetHandle.parse("rules", rules, parameters)
        return RuleSetHandle.read(rules, parameters)
    if isinstance(rules, Mapping):
        document: Mapping[str, Any] = rules
    elif isinstance(rules, Rule):
        document = _document([rules], custom)
    elif isinstance(rules, (list, tuple)) and rules and all(isinstance(it, Rule) for it in rules):
        document = _document(cast("Sequence[Rule]", rules), custom)
    else:
        message = (
            f"cannot read rules from a `{type(rules).__name__}`: they are a path, YAML text, "
            "a dictionary, a `Rules`, or `Rule` objects"
        )
        raise UsageError(message)
    try:
        text = json.dumps(document, indent=1, default=_plain)
    except (TypeError, ValueError) as error:
        raise UsageError(f"cannot write the rules down: {error}") from error
    return RuleSetHandle.parse("rules", text, parameters)


def _plain(value: object) -> Any:
    """Write what JSON does not know: days and points in time, sets, numpy's scalars."""
    if hasattr(value, "isoformat"):
        return cast("Any", value).isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(cast("set[Any]", value))
    if hasattr(value, "item"):
        return cast("Any", value).item()
    raise TypeError(f"a `{type(value).__name__}` has no place in a rule set")


def _document(rules: Sequence[Rule], custom: dict[str, CustomFunction]) -> dict[str, Any]:
    return {"version": 1, "rules": [_rule(it, custom) for it in rules]}


def _rule(rule: Rule, custom: dict[str, CustomFunction]) -> dict[str, Any]:
    checks = [_check(rule, it, custom) for it in rule.checks]
    return {"id": rule.id, "table": rule.table, **rule.options, "checks": checks}


def _check(rule: Rule, check: Check, custom: dict[str, CustomFunction]) -> dict[str, Any]:
    options = dict(check.options)
    function = options.get("custom")
    if callable(function):
        name = f"{rule.id}/{check.id}"
        custom[name] = cast("CustomFunction", function)
        options["custom"] = name
    return {"id": check.id, **options}


def _given_a_table(function: CustomFunction) -> Callable[[ArrowTable], Any]:
    def called(rows: ArrowTable) -> Any:
        return function(Table(rows))

    return called
