"""How the pipeline is set up: the YAML file of the earlier one, checked."""

from __future__ import annotations

import copy
import dataclasses
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from dq.exceptions import ConfigError
from dq.pipeline._sections import IDLE, KNOWN, SECTIONS, section_of, unknown
from dq.pipeline._yaml import read_yaml, to_yaml
from dq.pipeline.rule_names import canonical

_log = logging.getLogger("dq.pipeline")

DEFAULT_PATH = Path("python/config/pipeline_config.yaml")
"""Where a configuration is looked for if none is named: below the current folder."""

T = TypeVar("T")


@dataclass
class QualityThresholds:
    """From which scores, of 100, data are good enough."""

    completeness_minimum: float = 95.0
    consistency_minimum: float = 90.0
    accuracy_minimum: float = 95.0
    timeliness_maximum_days: int = 30
    uniqueness_minimum: float = 99.0


@dataclass
class ValidationRuleConfig:
    """What the configuration says about one rule."""

    enabled: bool = True
    severity: str = "MEDIUM"
    confidence_threshold: float | None = None
    check_format: bool | None = None
    """False leaves out the checks of the form of an NPI."""
    check_duplicates: bool | None = None
    """False leaves out the check for shared NPIs."""
    max_facilities_p95: bool | None = None
    """True counts more affiliations than 95 of 100 providers have as too many, instead of a fixed number."""
    multi_state_flag: bool | None = None
    """True tells in the summary how many providers work in several states."""
    check_age_ranges: bool | None = None
    """False leaves out the checks of birth and graduation."""
    check_career_timeline: bool | None = None
    """False leaves out the checks of the years in practice."""
    check_orphaned_records: bool | None = None
    """False leaves out the checks for affiliations of nobody."""


@dataclass
class BusinessRules:
    """Bounds of rules. What is set here, or in the file, replaces that of the healthcare pack."""

    max_provider_facilities: int = 5
    max_monthly_activities: int = 50
    min_career_years: int = 1
    max_career_years: int = 60
    min_graduation_age: int = 22
    max_graduation_age: int = 40
    specialty_rules: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass
class PerformanceConfig:
    """How much a run may take."""

    query_timeout_seconds: int = 300
    memory_limit_mb: int = 2048
    enable_query_profiling: bool = False
    """Logs what each rule took, at the level INFO."""
    cache_query_results: bool = True
    cache_ttl_seconds: int = 3600
    max_workers: int = 4
    batch_size: int = 10000


@dataclass
class ReportingConfig:
    """Where reports go."""

    output_directory: str = "reports"
    formats: list[str] = field(default_factory=lambda: ["xlsx", "html", "json"])
    include_charts: bool = True
    templates: dict[str, Any] = field(default_factory=dict[str, Any])


class PipelineConfig:
    """The configuration: defaults, and over them what the YAML file says.

    A missing file means the defaults, and a warning. What is no YAML, an unknown key of a section that is known,
    or a value of another type is ``ConfigError`` with the path of the key. What has no effect is in ``notes``.
    """

    def __init__(self, config_path: str | os.PathLike[str] | None = None) -> None:
        """Read the file, by default ``python/config/pipeline_config.yaml`` below the current folder, if it is there."""
        named = config_path is not None
        self.config_path = Path(config_path) if config_path is not None else DEFAULT_PATH
        self.config_data: dict[str, Any] = {}
        self.notes: list[str] = []
        """What the configuration says to no effect."""
        if self.config_path.is_file():
            self.config_data = _document(self.config_path)
        elif named:
            _log.warning("cannot find the configuration `%s`: the defaults are used", self.config_path)
        self._read()

    def _read(self) -> None:
        data = self.config_data
        checks = section_of(data, "quality_checks")
        self.notes = [*unknown(data, KNOWN, ""), *unknown(checks, SECTIONS["quality_checks"], "quality_checks.")]
        self.notes += [f"`{it}` has no effect" for it in IDLE if _is_set(data, it)]
        self.quality_thresholds = _of(QualityThresholds, section_of(checks, "thresholds"), "quality_checks.thresholds")
        path = "quality_checks.validation_rules"
        rules = section_of(checks, "validation_rules", path)
        self.validation_rules: dict[str, ValidationRuleConfig] = {
            canonical(name): _rule(section_of(rules, name, f"{path}.{name}"), f"{path}.{name}") for name in rules
        }
        self.business_rules = _of(BusinessRules, section_of(data, "business_rules"), "business_rules")
        performance = dict(section_of(data, "performance"))
        performance.update({it: checks[it] for it in ("max_workers", "batch_size") if checks.get(it) is not None})
        self.performance = _of(PerformanceConfig, performance, "performance")
        self.reporting = _of(ReportingConfig, section_of(data, "reporting"), "reporting")
        for note in self.notes:
            _log.warning("%s: %s", self.config_path, note)

    def get_validation_rule_config(self, rule_name: str) -> ValidationRuleConfig | None:
        """Return what is configured for a rule."""
        return self.validation_rules.get(canonical(rule_name))

    def is_rule_enabled(self, rule_name: str) -> bool:
        """Whether the configuration enables a rule; one that it does not name is not enabled by it."""
        found = self.get_validation_rule_config(rule_name)
        return found is not None and found.enabled and self.checks_enabled

    def get_rule_severity(self, rule_name: str) -> str:
        """Return the severity that the configuration gives a rule, ``MEDIUM`` by default."""
        found = self.get_validation_rule_config(rule_name)
        return found.severity if found else "MEDIUM"

    def get_specialty_rules(self, specialty: str) -> dict[str, Any]:
        """Return what is configured for a specialty."""
        found = self.business_rules.specialty_rules.get(specialty)
        return dict(found) if isinstance(found, Mapping) else {}

    def get_database_path(self) -> str:
        """Return the path of the database."""
        path = section_of(self.config_data, "database").get("path")
        return str(path or "data/database/veeva_opendata.db")

    def get_logging_config(self) -> dict[str, Any]:
        """Return the section about logging."""
        return dict(section_of(self.config_data, "logging"))

    @property
    def checks_enabled(self) -> bool:
        """Whether any rule runs: ``quality_checks.enabled``."""
        return section_of(self.config_data, "quality_checks").get("enabled") is not False

    @property
    def runs_parallel(self) -> bool:
        """Whether rules may run at once: ``quality_checks.parallel_execution``."""
        return section_of(self.config_data, "quality_checks").get("parallel_execution") is not False

    @property
    def bounds(self) -> dict[str, Any]:
        """The business rules that were set: in the file, or to other values than the defaults."""
        written = {it for it, value in section_of(self.config_data, "business_rules").items() if value is not None}
        given = dataclasses.asdict(self.business_rules)
        usual = dataclasses.asdict(BusinessRules())
        return {name: value for name, value in given.items() if name in written or value != usual[name]}

    def update_config(self, updates: Mapping[str, Any]) -> None:
        """Merge ``updates`` into the configuration, section by section."""
        before = self.config_data
        self.config_data = _merged(before, updates)
        try:
            self._read()
        except ConfigError:
            self.config_data = before
            self._read()
            raise

    def save_config(self, path: str | os.PathLike[str] | None = None) -> None:
        """Write the configuration, defaults included, as YAML."""
        target = Path(path) if path is not None else self.config_path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(to_yaml(self.to_dict()), encoding="utf-8")

    def to_dict(self) -> dict[str, Any]:
        """Return the whole configuration as one document."""
        performance = dataclasses.asdict(self.performance)
        checks = {it: performance.pop(it) for it in ("max_workers", "batch_size")}
        rules = {name: _present(dataclasses.asdict(it)) for name, it in self.validation_rules.items()}
        thresholds = dataclasses.asdict(self.quality_thresholds)
        sections = {
            "database": {"path": self.get_database_path()},
            "quality_checks": {
                "enabled": self.checks_enabled,
                "parallel_execution": self.runs_parallel,
                **checks,
                "thresholds": thresholds,
                "validation_rules": rules,
            },
            "reporting": dataclasses.asdict(self.reporting),
            "performance": performance,
            "business_rules": self.bounds,
        }
        return _merged(self.config_data, sections)

    @classmethod
    def create_default_config(cls, path: str | os.PathLike[str]) -> PipelineConfig:
        """Write a file with every default, and read it."""
        config = cls.__new__(cls)
        config.config_path = Path(path)
        config.config_data = {}
        config._read()
        config.save_config()
        return cls(path)


def _document(path: Path) -> dict[str, Any]:
    document = read_yaml(path)
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(f"cannot read `{path}`: a configuration is a mapping of sections")
    return cast("dict[str, Any]", document)


def _of(kind: type[T], section: Mapping[str, Any], path: str) -> T:
    """Make a section; keys that are set to nothing have their defaults."""
    usual = kind()
    names = [it.name for it in dataclasses.fields(cast("Any", kind))]
    problems = unknown(section, names, f"{path}.")
    if problems:
        raise ConfigError("; ".join(problems))
    given = {name: value for name, value in section.items() if value is not None}
    for name, value in given.items():
        _check(f"{path}.{name}", value, getattr(usual, name))
    return kind(**given)


def _rule(section: Mapping[str, Any], path: str) -> ValidationRuleConfig:
    rule = _of(ValidationRuleConfig, section, path)
    rule.severity = rule.severity.upper()
    if rule.severity not in ("INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"):
        raise ConfigError(f"`{path}.severity`: `{rule.severity}` is no severity: INFO, LOW, MEDIUM, HIGH, CRITICAL")
    return rule


def _check(path: str, value: Any, usual: Any) -> None:
    """Hold a value to the type of its default; those of rules that have none are switches, or a number."""
    if path.endswith(".confidence_threshold"):
        usual = 0.0
    elif usual is None:
        usual = True
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    expected: tuple[bool, str]
    if isinstance(usual, bool):
        expected = (isinstance(value, bool), "true or false")
    elif isinstance(usual, int):
        expected = (number and isinstance(value, int) and value >= 0, "a whole number from 0")
    elif isinstance(usual, float):
        expected = (number, "a number")
    elif isinstance(usual, str):
        expected = (isinstance(value, str), "a text")
    else:
        expected = (isinstance(value, type(usual)), "a list" if isinstance(usual, list) else "a mapping")
    if not expected[0]:
        raise ConfigError(f"`{path}`: expected {expected[1]}, found {value!r}")


def _present(section: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in section.items() if value is not None}


def _is_set(data: Mapping[str, Any], path: str) -> bool:
    value: Any = data
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return False
        value = cast("Mapping[str, Any]", value).get(name)
    return value is not None and value != {}


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = copy.deepcopy(dict(old))
    for name, value in new.items():
        before = merged.get(name)
        if isinstance(before, dict) and isinstance(value, Mapping):
            merged[name] = _merged(cast("dict[str, Any]", before), cast("Mapping[str, Any]", value))
        else:
            merged[name] = copy.deepcopy(value)
    return merged
