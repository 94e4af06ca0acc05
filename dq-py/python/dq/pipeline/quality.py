"""How good the rows of a frame are, in six dimensions from 0 to 100, each judged by dq's checks."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from dq._frames import is_pandas
from dq._report import Report
from dq._rules import Check, Rule
from dq._table import Table
from dq._validate import validate
from dq.exceptions import UsageError
from dq.pipeline.result import column_of, columns_of, moment, now

WEIGHTS = {
    "completeness": 0.25,
    "consistency": 0.20,
    "accuracy": 0.25,
    "timeliness": 0.10,
    "uniqueness": 0.15,
    "validity": 0.05,
}

THRESHOLDS = {"excellent": 95.0, "good": 85.0, "fair": 75.0, "poor": 65.0}

KEY_COLUMNS = ("provider_id", "npi_number", "email")

GRADUATION_AGE = 22

_ADVICE = {
    "completeness": "Fill in missing values of the columns that matter most",
    "consistency": "Write values of one kind in one form",
    "accuracy": "Correct values that have no valid form",
    "timeliness": "Renew records that have not been updated for long",
    "uniqueness": "Merge records that have the same keys",
    "validity": "Correct records whose values contradict each other",
}


@dataclass
class QualityMetrics:
    """Scores from 0 to 100."""

    completeness: float
    consistency: float
    accuracy: float
    timeliness: float
    uniqueness: float
    validity: float
    overall_score: float

    def to_dict(self) -> dict[str, float]:
        """Return the scores by name."""
        return asdict(self)

    def get_grade(self) -> str:
        """Return A from 95, B from 85, C from 75, D from 65, else F."""
        grades = zip("ABCD", THRESHOLDS.values(), strict=True)
        return next((grade for grade, least in grades if self.overall_score >= least), "F")


class DataQualityCalculator:
    """Scores frames. ``weights`` and ``thresholds`` replace single ones of the usual."""

    def __init__(
        self, weights: Mapping[str, float] | None = None, thresholds: Mapping[str, float] | None = None
    ) -> None:
        self.weights = {**WEIGHTS, **(weights or {})}
        self.thresholds = {**THRESHOLDS, **(thresholds or {})}

    def calculate_completeness(self, df: Any, required_columns: Sequence[str] | None = None) -> float:
        """Return how many of the cells of the columns, by default of all, are there."""
        columns = columns_of(df) if required_columns is None else list(required_columns)
        if not len(df) or not columns:
            return 0.0
        present = [it for it in columns if it in columns_of(df)]
        checks = [Check(f"c{place}", column=it, not_null=True) for place, it in enumerate(present)]
        # A column that is not there has no value in any row.
        missing = _violations(df, present, checks) + len(df) * (len(columns) - len(present))
        return 100.0 * (1 - missing / (len(df) * len(columns)))

    def calculate_consistency(self, df: Any, rules: Mapping[str, Any] | None = None) -> float:
        """Return how many values have the form of their kind; 100 without rules.

        ``phone_format``, ``name_format`` and ``date_format`` name a column, or several, and perhaps a pattern for each
        (``{column: pattern}``); ``categorical_consistency`` maps columns to their values.
        """
        checks: list[tuple[str, dict[str, Any]]] = []
        for kind, told in (rules or {}).items():
            if kind in _FORMS:
                checks += [(column, _form(kind, pattern)) for column, pattern in _patterns(told)]
            elif kind == "categorical_consistency":
                checks += [(column, {"one_of": list(values)}) for column, values in dict(told).items()]
            else:
                raise _unknown("consistency", kind, (*_FORMS, "categorical_consistency"))
        return _share(df, checks)

    def calculate_accuracy(self, df: Any, rules: Mapping[str, Any] | None = None) -> float:
        """Return how many values have a valid form; each cell counts once, in any order.

        By default e-mail addresses, NPIs of ten digits, years of birth and states. ``rules`` maps further columns to a
        pattern, or to the options of a check; None leaves a column out.
        """
        oldest, youngest = 1920, now().year - 18
        checks: dict[str, Any] = {
            "email": {"format": "email"},
            "npi_number": {"matches": r"^[0-9]{10}$"},
            "birth_year": {"between": {"min": oldest, "max": youngest}},
            "license_state": {"matches": "^[A-Z]{2}$"},
            **(rules or {}),
        }
        told = {column: {"matches": it} if isinstance(it, str) else it for column, it in checks.items()}
        return _share(df, [(column, dict(it)) for column, it in told.items() if it is not None])

    def calculate_timeliness(self, df: Any, column: str = "last_updated", max_age_days: int = 90) -> float:
        """Return how many rows were updated in the last days; 100 if there is no such column."""
        if column not in columns_of(df) or not len(df):
            return 100.0
        days = [_day(it) for it in column_of(df, column)]
        check = Check("fresh", expression=f"coalesce(try_date(day) >= CURRENT_DATE - {int(max_age_days)}, false)")
        found = _validated({"day": days}, [check]).checks[0]
        return 100.0 * (1 - found.violations / len(df))

    def calculate_uniqueness(self, df: Any, key_columns: Sequence[str] = KEY_COLUMNS) -> float:
        """Return how many different values the key columns have, of as many as there are rows: the mean of them."""
        present = [it for it in key_columns if it in columns_of(df)]
        if not present or not len(df):
            return 100.0
        checks = [Check(it, column=it, distinct_count={"min": 0}) for it in present]
        told = _validated(_only(df, present), checks).to_dict()["rules"][0]["checks"]
        counts = [float(it["measured"]["value"]) for it in told]
        return 100.0 * sum(counts) / (len(counts) * len(df))

    def calculate_validity(self, df: Any, rules: Mapping[str, Any] | None = None) -> float:
        """Return how many rows agree with rules about their values; 100 without rules.

        ``required_combinations`` are lists of columns that are there together or not at all; ``value_ranges`` maps
        columns to their least and greatest value; ``cross_field_rules`` are expressions as in a rule set, or true
        for "nobody graduates before the age of 22".
        """
        checks: list[Check] = []
        for kind, told in (rules or {}).items():
            number = len(checks)
            if kind == "required_combinations":
                texts = [_together(list(it)) for it in told]
            elif kind == "value_ranges":
                texts = [
                    f"{_name(it)} BETWEEN {float(low)} AND {float(high)}" for it, (low, high) in dict(told).items()
                ]
            elif kind == "cross_field_rules":
                graduated = f"graduation_year >= birth_year + {GRADUATION_AGE}"
                texts = [graduated] if told is True else list(told or ())
            else:
                raise _unknown("validity", kind, ("required_combinations", "value_ranges", "cross_field_rules"))
            checks += [Check(f"c{number + place}", expression=text) for place, text in enumerate(texts)]
        if not checks or not len(df):
            return 100.0
        found = _validated(_source(df), checks)
        return 100.0 * (1 - sum(it.violations for it in found.checks) / (len(df) * len(checks)))

    def calculate_overall_quality(self, df: Any, **kw: Any) -> QualityMetrics:
        """Return all scores, and their mean by ``weights``.

        Options: ``required_columns``, ``consistency_rules``, ``accuracy_rules``, ``timeliness_column``,
        ``max_age_days``, ``key_columns``, ``validity_rules``.
        """
        unknown = [it for it in kw if it not in _OPTIONS]
        if unknown:
            raise TypeError(f"calculate_overall_quality() has no option `{unknown[0]}`: {', '.join(_OPTIONS)}")
        scores = {
            "completeness": self.calculate_completeness(df, kw.get("required_columns")),
            "consistency": self.calculate_consistency(df, kw.get("consistency_rules")),
            "accuracy": self.calculate_accuracy(df, kw.get("accuracy_rules")),
            "timeliness": self.calculate_timeliness(
                df, kw.get("timeliness_column", "last_updated"), kw.get("max_age_days", 90)
            ),
            "uniqueness": self.calculate_uniqueness(df, kw.get("key_columns", KEY_COLUMNS)),
            "validity": self.calculate_validity(df, kw.get("validity_rules")),
        }
        total = sum(self.weights[it] for it in scores)
        overall = sum(score * self.weights[it] for it, score in scores.items()) / total if total else 0.0
        return QualityMetrics(**scores, overall_score=overall)

    def generate_quality_report(self, metrics: QualityMetrics) -> dict[str, Any]:
        """Return the scores with a grade for each, and what to do about the low ones."""
        scores = metrics.to_dict()
        overall = scores.pop("overall_score")
        good = self.thresholds["good"]
        return {
            "summary": {
                "overall_score": overall,
                "grade": metrics.get_grade(),
                "assessment_date": moment(now()),
                "meets_threshold": overall >= good,
            },
            "dimensions": scores,
            "recommendations": [_ADVICE[it] for it, score in scores.items() if score < good],
            "weights_used": dict(self.weights),
            "thresholds_used": dict(self.thresholds),
        }


_OPTIONS = (
    "required_columns",
    "consistency_rules",
    "accuracy_rules",
    "timeliness_column",
    "max_age_days",
    "key_columns",
    "validity_rules",
)

_FORMS: dict[str, dict[str, Any]] = {
    "phone_format": {"format": "phone"},
    "name_format": {"matches": r"^[\p{L}\p{M}][\p{L}\p{M}' .,-]*$"},
    "date_format": {"format": "iso_date"},
}


def _form(kind: str, pattern: Any) -> dict[str, Any]:
    return _FORMS[kind] if pattern is None else {"matches": str(pattern)}


def _patterns(told: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(told, Mapping):
        return list(cast("Mapping[str, Any]", told).items())
    return [(it, None) for it in ([told] if isinstance(told, str) else told)]


def _share(df: Any, checks: Sequence[tuple[str, dict[str, Any]]]) -> float:
    """Return how many of the values that checks look at satisfy them; a missing value has no form."""
    present = [(column, it) for column, it in checks if column in columns_of(df)]
    if not present or not len(df):
        return 100.0
    named: list[Check] = []
    for place, (column, it) in enumerate(present):
        there = f"{_name(column)} IS NOT NULL"
        named.append(Check(f"c{place}", column=column, where=there, **it))
    found = _validated(_only(df, {column for column, _ in present}), named).checks
    judged = sum(it.evaluated for it in found)
    return 100.0 * (1 - sum(it.violations for it in found) / judged) if judged else 100.0


def _violations(df: Any, columns: Iterable[str], checks: Sequence[Check]) -> int:
    return sum(it.violations for it in _validated(_only(df, columns), checks).checks) if checks else 0


def _validated(source: Any, checks: Sequence[Check]) -> Report:
    report = validate(source, Rule("quality", *checks), violations=False, sample_limit=0)
    wrong = [it.error for it in report.checks if it.error]
    if wrong:
        raise UsageError(f"cannot score the frame: {wrong[0]}")
    return report


def _only(df: Any, columns: Iterable[str]) -> Any:
    """Return these columns of the frame."""
    names = list(dict.fromkeys(columns))
    return df[names] if is_pandas(df) else {it: column_of(df, it) for it in names}


def _source(df: Any) -> Any:
    return df if is_pandas(df) or isinstance(df, Table) else dict(df)


def _day(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()[:10]
    return str(value).strip()[:10]


def _together(columns: list[str]) -> str:
    missing = " AND ".join(f"{_name(it)} IS NULL" for it in columns)
    there = " AND ".join(f"{_name(it)} IS NOT NULL" for it in columns)
    return f"({missing}) OR ({there})"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _unknown(what: str, kind: str, known: Sequence[str]) -> UsageError:
    return UsageError(f"there is no rule `{kind}` of {what}: {', '.join(known)}")
