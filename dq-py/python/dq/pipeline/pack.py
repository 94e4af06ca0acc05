"""The rules of the healthcare pack, as a configuration of the pipeline wants them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, cast

from dq._rules import Rules
from dq.pipeline._yaml import parse_yaml, to_yaml
from dq.pipeline.config import PipelineConfig, ValidationRuleConfig

NAME = "healthcare"

DEFAULT_RULES = (
    "provider_name_inconsistency",
    "npi_validation",
    "affiliation_anomaly",
    "temporal_consistency",
    "cross_reference_integrity",
    "contact_validation",
)
"""The rules that run without being named."""

_PARAMETERS = {
    "max_provider_facilities": "affiliations_max",
    "max_career_years": "career_years_max",
    "min_graduation_age": "graduation_age_min",
    "max_graduation_age": "graduation_age_max",
}

# The checks that a switch of a rule leaves out where it is false.
_SWITCHES: dict[str, dict[str, tuple[str, ...]]] = {
    "npi_validation": {
        "check_format": ("malformed", "first_digit", "check_digit"),
        "check_duplicates": ("shared",),
    },
    "temporal_consistency": {
        "check_age_ranges": (
            "birth_year_impossible",
            "birth_year_unlikely",
            "graduation_too_early",
            "graduation_too_late",
        ),
        "check_career_timeline": ("years_negative", "years_impossible", "years_too_many", "years_too_few"),
    },
    "cross_reference_integrity": {"check_orphaned_records": ("provider_unknown", "facility_unknown")},
}


@functools.cache
def _pack() -> dict[str, Any]:
    document = parse_yaml(Rules.pack(NAME).text, NAME)
    return cast("dict[str, Any]", document)


def rule_of(name: str) -> dict[str, Any]:
    """Return a rule of the pack, as YAML would say it; ``KeyError`` if it has none of that name."""
    for rule in _pack()["rules"]:
        if rule["id"] == name:
            return cast("dict[str, Any]", rule)
    raise KeyError(name)


def names() -> list[str]:
    """Return the ids of all rules of the pack."""
    return [rule["id"] for rule in _pack()["rules"]]


def definition_of(name: str) -> str:
    """Return a rule of the pack as YAML text."""
    return to_yaml(rule_of(name))


def configured(name: str, config: PipelineConfig) -> dict[str, Any]:
    """Return a rule of the pack with the checks that the configuration wants."""
    rule = dict(rule_of(name))
    checks = list(rule["checks"])
    least = config.bounds.get("min_career_years")
    if name == "temporal_consistency" and least is not None:
        checks.append(
            {
                "id": "years_too_few",
                "expression": f"years_in_practice >= {int(least)}",
                "severity": "low",
                "message": "There are fewer years in practice than a career has.",
            }
        )
    left_out = _left_out(name, config.get_validation_rule_config(name))
    rule["checks"] = [it for it in checks if it["id"] not in left_out]
    return rule


def document_of(rules: Sequence[dict[str, Any]], config: PipelineConfig, **parameters: Any) -> dict[str, Any]:
    """Return a rule set of these rules, with the bounds of the configuration and these ``parameters``."""
    values = dict(_pack()["parameters"])
    bounds = config.bounds
    values.update({to: bounds[name] for name, to in _PARAMETERS.items() if name in bounds})
    values.update(parameters)
    text = to_yaml({"rules": list(rules)})
    return {
        "version": 1,
        "parameters": {name: value for name, value in values.items() if f"${{{name}}}" in text},
        "rules": list(rules),
    }


def _left_out(name: str, config: ValidationRuleConfig | None) -> set[str]:
    left_out: set[str] = set()
    for switch, checks in _SWITCHES.get(name, {}).items():
        if config is not None and getattr(config, switch) is False:
            left_out.update(checks)
    return left_out
