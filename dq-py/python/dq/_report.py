"""What a run found."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from dq._check_report import SEVERITIES, CheckReport, Severity, Status, checks_of, rank
from dq._dq import (
    ArrowTable,
    render_report,
    render_report_text,
    report_format_of,
    save_report,
    save_workbook,
    violation_mask,
    violations_of,
)
from dq._frames import DATA, is_pandas
from dq._report_diff import ReportDiff, differences
from dq._require import require
from dq._table import Table
from dq.exceptions import UsageError, ViolationsError

ReportFormat = Literal["text", "json", "junit", "html", "markdown", "sarif", "csv", "github", "xlsx"]


class Report:
    """What a run found: the outcome of every check of every rule.

    Counts are exact. Reports can be compared, pickled, and rendered in every form.
    """

    __slots__ = ("_checks", "_document", "_json", "_violations")

    def __init__(self, text: str, violations: tuple[ArrowTable, bool] | None = None) -> None:
        """Read a JSON report, such as one that ``dq validate`` has written."""
        self._json = text
        self._violations = violations
        try:
            self._document: dict[str, Any] = json.loads(text)
            self._checks = list(checks_of(self._document))
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError("cannot read a report: it is none of dq") from error

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Report:
        """Read the JSON report in a file."""
        return cls(Path(path).read_text(encoding="utf-8"))

    @property
    def status(self) -> Status:
        """The worst status of any check."""
        status: Status = self._document["status"]
        return status

    @property
    def passed(self) -> bool:
        """Whether nothing failed and every check could run; warnings are passes."""
        return self.status not in ("fail", "error")

    @property
    def checks(self) -> list[CheckReport]:
        """Every check, in the order of the rule set."""
        return list(self._checks)

    def check(self, rule: str, check: str) -> CheckReport:
        """Return the check with this id; ``KeyError`` if the report has none."""
        for it in self._checks:
            if (it.rule, it.id) == (rule, check):
                return it
        raise KeyError(f"{rule}/{check}")

    @property
    def failed(self) -> list[CheckReport]:
        """The checks that failed or could not run, severest first, then most violations first."""
        bad = [it for it in self._checks if it.status in ("fail", "error")]
        return sorted(bad, key=lambda it: (-SEVERITIES.index(it.severity), -it.violations))

    @property
    def source(self) -> str:
        """The name of the source, without credentials."""
        return str(self._document["source"])

    @property
    def as_of(self) -> str:
        """Today, for rules about dates: ``YYYY-MM-DD``."""
        return str(self._document["as_of"])

    @property
    def notes(self) -> list[str]:
        """What to know about how the rows were read."""
        return list(self._document["notes"])

    @property
    def tables(self) -> dict[str, int]:
        """How many rows each table had that was read."""
        return {it["table"]: it["rows"] for it in self._document["tables"]}

    @property
    def seconds(self) -> float:
        """How long the run took."""
        return float(self._document["seconds"])

    @property
    def quality(self) -> dict[str, Any]:
        """How good the data are, by the checks of this run: the score and its parts."""
        quality: dict[str, Any] = self._document["quality"]
        return quality

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON report, as docs/report.schema.json describes it."""
        document: dict[str, Any] = json.loads(self._json)
        return document

    def render(self, form: ReportFormat = "text") -> str:
        """Return the report in a form: text, json, junit, html, markdown, sarif, csv, github.

        The form ``xlsx`` is no text: ``save`` writes it.
        """
        return render_report(self._json, form)

    def save(self, path: str | os.PathLike[str], form: ReportFormat | None = None) -> None:
        """Write the report to a file, in the form that its name asks for unless ``form`` says which.

        The workbook in a file ``.xlsx`` has the sheets ``Summary``, ``All_Violations`` and one for each rule that is
        violated: with every failing row if these were kept, otherwise with those that the report shows; it says which.
        The file appears whole or not at all; ``WriteError`` if it cannot be written.
        """
        chosen = form or report_format_of(os.fspath(path))
        if chosen == "xlsx":
            save_workbook(self._json, self._violations and self._violations[0], path)
            return
        save_report(self._json, chosen, path)

    def raise_for_status(self, fail_on: Severity = "low") -> Report:
        """Raise ``ViolationsError`` if a check of at least this severity failed, or any could not run.

        Returns the report itself otherwise.
        """
        least = rank(fail_on)
        bad = [it for it in self.failed if it.status == "error" or SEVERITIES.index(it.severity) >= least]
        if not bad:
            return self
        told = [
            f"{it.rule}/{it.id}: {it.error}"
            if it.error
            else f"{it.rule}/{it.id}: {it.violations:,} of {it.evaluated:,}"
            for it in bad
        ]
        count = "1 check" if len(bad) == 1 else f"{len(bad)} checks"
        raise ViolationsError(f"{count} of `{self.source}` failed: " + "; ".join(told), self)

    def violations(self, rule: str | None = None, check: str | None = None, *, table: str | None = None) -> Table:
        """Return every failing row that was kept, one for each check that it fails.

        The columns: ``table``, ``rule``, ``check``, ``severity``; ``row``, the position in the frame from 0;
        ``key``, the key as JSON, where the table has one; ``values`` as JSON if these were asked for. Rows are kept for
        frames, and elsewhere if ``violations=True`` was asked for.
        """
        return Table(violations_of(self._kept(), (table, rule, check)))

    @property
    def violations_truncated(self) -> bool:
        """Whether there are more violations than were kept."""
        return self._violations is not None and self._violations[1]

    def mask(
        self,
        rule: str | None = None,
        check: str | None = None,
        *,
        table: str = DATA,
        like: Any = None,
    ) -> Any:
        """Return for each row of a frame whether it violates a check: of a rule, of all rules.

        As a ``Table`` with the one column ``violates``; with ``like=`` the frame that was checked, as what that
        library filters by: a ``pandas.Series`` with its index, a ``polars.Series``, a ``pyarrow`` array.
        """
        if self.violations_truncated:
            raise UsageError("cannot tell all failing rows: more than `violations` were found")
        rows = self.tables.get(table)
        if rows is None:
            raise UsageError(f"the report has no table `{table}`: it has {', '.join(self.tables)}")
        mask = Table(violation_mask(self._kept(), rows, (table, rule, check)))
        return mask if like is None else _like(mask, like)

    def failing(
        self,
        frame: Any,
        rule: str | None = None,
        check: str | None = None,
        *,
        table: str = DATA,
    ) -> Any:
        """Return the rows of ``frame``, which was checked, that violate a check; of the same library."""
        mask = self.mask(rule, check, table=table, like=frame)
        return frame[mask] if is_pandas(frame) else frame.filter(mask)

    def passing(self, frame: Any, *, table: str = DATA) -> Any:
        """Return the rows of ``frame``, which was checked, that violate nothing."""
        mask = self.mask(table=table, like=frame)
        if is_pandas(frame):
            return frame[~mask]
        if _library(frame) == "pyarrow":
            return frame.filter(require("pyarrow.compute", extra="arrow").invert(mask))
        return frame.filter(~mask)

    def diff(self, old: Report) -> ReportDiff:
        """Compare with an earlier report, check by check."""
        return differences(old.checks, self.checks)

    def _kept(self) -> ArrowTable:
        if self._violations is None:
            raise UsageError("the failing rows were not kept: validate with `violations=True`")
        return self._violations[0]

    def _repr_html_(self) -> str:
        page = html.escape(self.render("html"), quote=True)
        style = "width: 100%; height: 40em; border: 0"
        return f'<iframe srcdoc="{page}" style="{style}" sandbox="allow-scripts"></iframe>'

    def __str__(self) -> str:
        return render_report_text(self._json, 100, False)

    def __repr__(self) -> str:
        failed = len(self.failed)
        return f"<dq.Report {self.status}: {len(self._checks)} checks, {failed} failed>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Report) and self._document == other._document

    def __hash__(self) -> int:
        return hash((self.source, self.as_of, self.seconds, len(self._checks)))

    def __reduce__(
        self,
    ) -> tuple[Callable[..., Report], tuple[str, tuple[ArrowTable, bool] | None]]:
        return Report, (self._json, self._violations)


def _library(frame: object) -> str:
    return type(frame).__module__.partition(".")[0]


def _like(mask: Table, frame: Any) -> Any:
    """Turn a mask into what the library of ``frame`` filters by."""
    if len(frame) != len(mask):
        told = f"{len(frame):,} rows, and the one that was checked had {len(mask):,}"
        raise UsageError(f"this is not the frame that was checked: it has {told}")
    if is_pandas(frame):
        pandas = require("pandas", extra="pandas")
        return pandas.Series(mask.column("violates"), index=frame.index, dtype=bool)
    if _library(frame) == "polars":
        return mask.to_polars().to_series(0)
    return mask.to_arrow().column(0)
