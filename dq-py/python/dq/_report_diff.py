"""How two reports compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from dq._check_report import CheckReport, Status


@dataclass(frozen=True)
class CheckChange:
    """How a check of one report compares with the same check of an earlier one."""

    rule: str
    check: str
    change: Literal["added", "removed", "redefined", "worse", "better", "same"]
    """``redefined`` if the check judges otherwise now, so that its numbers do not compare."""
    before: CheckReport | None
    after: CheckReport | None

    @property
    def violations(self) -> int:
        """How many violations there are more than before; fewer if negative."""
        counts = [it.violations if it else 0 for it in (self.after, self.before)]
        return counts[0] - counts[1]


@dataclass(frozen=True)
class ReportDiff:
    """How a report compares with an earlier one: every check of either, in the order of the rules."""

    changes: Sequence[CheckChange]

    @property
    def worse(self) -> list[CheckChange]:
        """The checks with a worse status or more violations than before, and new ones that fail."""
        fails = {"warn", "fail", "error"}
        return [
            it
            for it in self.changes
            if it.change == "worse" or (it.change == "added" and it.after is not None and it.after.status in fails)
        ]

    @property
    def better(self) -> list[CheckChange]:
        """The checks with a better status or fewer violations than before."""
        return [it for it in self.changes if it.change == "better"]

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return any(it.change != "same" for it in self.changes)

    def __iter__(self) -> Iterator[CheckChange]:
        return iter(self.changes)

    def __str__(self) -> str:
        lines = [
            f"{it.change:9}  {it.rule}/{it.check}  {it.violations:+,}" for it in self.changes if it.change != "same"
        ]
        return "\n".join(lines) or "nothing differs"


def differences(old: Iterable[CheckReport], new: Iterable[CheckReport]) -> ReportDiff:
    """Compare the checks of two reports."""
    before = {(it.rule, it.id): it for it in old}
    after = {(it.rule, it.id): it for it in new}
    names = [*after, *(it for it in before if it not in after)]
    return ReportDiff([_change(name, before.get(name), after.get(name)) for name in names])


def _change(name: tuple[str, str], before: CheckReport | None, after: CheckReport | None) -> CheckChange:
    change: Literal["added", "removed", "redefined", "worse", "better", "same"]
    if before is None or after is None:
        change = "added" if before is None else "removed"
    elif before.definition != after.definition:
        change = "redefined"
    else:
        order: tuple[Status, ...] = ("not_applicable", "pass", "warn", "fail", "error")
        old = (order.index(before.status), before.violations)
        new = (order.index(after.status), after.violations)
        change = "same" if new == old else "worse" if new > old else "better"
    return CheckChange(*name, change, before, after)
