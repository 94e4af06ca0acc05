"""A plugin of pytest: each check of a rule set becomes a test.

``pytest --dq rules.yaml --dq-source sqlite:providers.db``. The rules run once, when the first of their tests is due.
A check that fails, or that could not run, fails its test; one that had nothing to judge is skipped; one that only
warns passes with a warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

# Of dq itself nothing is imported before it is needed: pytest loads plugins whether they are used or not.
if TYPE_CHECKING:
    from dq import CheckReport, Report, Rules

SAMPLE_SHOWN = 5


class DqWarning(UserWarning):
    """A check has more violations than the tolerance to warn, and not more than the tolerance to fail."""


class CheckFailed(Exception):
    """A check failed or could not run."""

    def __init__(self, check: CheckReport) -> None:
        super().__init__(check.error or f"{check.violations:,} of {check.evaluated:,} rows")
        self.check = check


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup("dq", "data quality")
    group.addoption("--dq", action="append", default=[], metavar="RULES", help="run each check of a rule set as a test")
    group.addoption(
        "--dq-source",
        action="append",
        default=[],
        metavar="SOURCE",
        help="what the rules check: a path or a URL; may be given several times",
    )
    group.addoption("--dq-as-of", metavar="DAY", help='"today" for rules about dates')


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add a test for each check."""
    for path in config.getoption("--dq") or ():
        if not config.getoption("--dq-source"):
            raise pytest.UsageError("--dq needs a --dq-source")
        rules = RulesCollector.from_parent(session, name=path, nodeid=path)
        items.extend(rules.collect())


class RulesCollector(pytest.Collector):
    """The checks of one rule set."""

    _report: Report | BaseException | None = None

    def collect(self) -> Iterator[CheckItem]:
        """Make a test for each check."""
        for rule, check in self._rules().checks:
            yield CheckItem.from_parent(self, name=f"{rule}/{check}", rule=rule, check=check)

    def report(self) -> Report:
        """Return what the rules found; they run when it is first asked for."""
        import dq

        if self._report is None:
            sources = self.config.getoption("--dq-source")
            try:
                self._report = dq.validate(sources, self._rules(), as_of=self.config.getoption("--dq-as-of"))
            except dq.DqError as error:
                self._report = error
        if isinstance(self._report, BaseException):
            raise self._report
        return self._report

    def _rules(self) -> Rules:
        import dq

        try:
            return dq.Rules(self.name)
        except dq.DqError as error:
            raise pytest.UsageError(str(error)) from error


class CheckItem(pytest.Item):
    """One check as a test."""

    def __init__(self, *, rule: str, check: str, **options: Any) -> None:
        super().__init__(**options)
        self._name = (rule, check)

    def runtest(self) -> None:
        """Fail if the check did."""
        assert isinstance(self.parent, RulesCollector)
        check = self.parent.report().check(*self._name)
        if check.status in ("fail", "error"):
            raise CheckFailed(check)
        if check.status == "not_applicable":
            pytest.skip("nothing was in scope")
        if check.status == "warn":
            warnings.warn(f"{self.name}: {_told(check)}", DqWarning, stacklevel=1)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Tell what the check found, and not where this plugin is written."""
        from dq import DqError

        if isinstance(excinfo.value, CheckFailed):
            return "\n".join(_lines(excinfo.value.check))
        if isinstance(excinfo.value, DqError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, int | None, str]:
        """Return where the check is written, and its name."""
        assert self.parent is not None
        return self.parent.name, None, self.name


def _told(check: CheckReport) -> str:
    return check.observed or f"{check.violations:,} of {check.evaluated:,} rows"


def _lines(check: CheckReport) -> Iterator[str]:
    if check.error:
        yield f"{check.kind}({', '.join(check.columns)}) could not run: {check.error}"
        return
    yield f"{check.kind}({', '.join(check.columns)}) of `{check.table}`, severity {check.severity}: {_told(check)}"
    if check.message:
        yield check.message
    for row in check.sample[:SAMPLE_SHOWN]:
        yield "  " + ", ".join(f"{name} {value}" for name, value in row["key"].items())
    if len(check.sample) > SAMPLE_SHOWN or check.truncated:
        yield "  …"
