"""The columns that failing rows of each rule are shown with, as the earlier pipeline had them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dq._database import TableSchema
from dq.pipeline.database_config import quoted

PROVIDERS = "healthcare_providers"
AFFILIATIONS = "provider_facility_affiliations"

_COUNTS = ("total_affiliations", "primary_affiliations", "active_affiliations")

_DESCRIPTIONS = {
    "provider_name_inconsistency/full_name_missing": "Missing full name",
    "provider_name_inconsistency/parts_missing": "Missing name components",
    "provider_name_inconsistency/first_name_differs": "First name inconsistency",
    "provider_name_inconsistency/last_name_differs": "Last name inconsistency",
    "provider_name_inconsistency/suspicious_word": "Suspicious test data detected",
    "npi_validation/missing": "Missing NPI number",
    "npi_validation/shared": "Duplicate NPI detected",
    "temporal_consistency/birth_year_impossible": "Unrealistic birth year",
    "temporal_consistency/birth_year_unlikely": "Unrealistic birth year",
    "temporal_consistency/graduation_too_early": "Graduation before reasonable age",
    "temporal_consistency/graduation_too_late": "Graduation age too old",
    "temporal_consistency/years_negative": "Negative years in practice",
    "temporal_consistency/years_impossible": "Years in practice exceeds possible time",
    "temporal_consistency/years_too_many": "Excessive years in practice",
    "temporal_consistency/license_expired": "Expired medical license",
    "temporal_consistency/license_too_far": "License expiry too far in future",
    "contact_validation/email_missing": "Missing email address",
    "contact_validation/email_malformed": "Invalid email format",
    "contact_validation/email_suspicious": "Test/dummy email detected",
    "contact_validation/email_shared": "Duplicate email address",
    "contact_validation/phone_missing": "Missing phone number",
    "contact_validation/phone_malformed": "Invalid phone number format",
}

_ENTITIES = {
    "provider_unknown": ("affiliation_missing_provider", "provider_id", None),
    "facility_unknown": ("affiliation_missing_facility", "facility_id", None),
    "provider_without_affiliation": ("provider_no_affiliations", "provider_id", "full_name"),
    "facility_without_affiliation": ("facility_no_providers", "facility_id", "facility_name"),
}

_SHOWN: dict[str, tuple[str, ...]] = {
    "provider_name_inconsistency": ("provider_id", "full_name", "first_name", "last_name"),
    "npi_validation": ("provider_id", "npi_number", "full_name"),
    "affiliation_anomaly": ("provider_id", "full_name", *_COUNTS),
    "temporal_consistency": (
        "provider_id",
        "full_name",
        "birth_year",
        "graduation_year",
        "years_in_practice",
        "license_expiry_date",
    ),
    "cross_reference_integrity": ("entity_type", "entity_id", "entity_name"),
    "contact_validation": ("provider_id", "full_name", "email", "phone_number"),
    "license_validation": ("provider_id", "full_name", "license_number", "license_state", "dea_number"),
    "taxonomy_validation": ("provider_id", "full_name", "taxonomy_code"),
    "address_validation": ("facility_id", "facility_name", "city", "state_province", "postal_code"),
    "provider_duplicates": ("provider_id", "full_name", "license_state", "specialty_primary"),
}

# Days are written year first, or as in the United States.
_DAY = (
    "CASE WHEN {0} LIKE '__/__/____' "
    "THEN substr({0}, 7) || '-' || substr({0}, 1, 2) || '-' || substr({0}, 4, 2) ELSE {0} END"
)
_ACTIVE = f"({{0}} IS NULL OR trim({{0}}) = '' OR {_DAY} >= :as_of)"
_PRIMARY = "lower(CAST({0} AS TEXT)) IN ('1', '1.0', 'true', 't', 'yes', 'y')"


@dataclass(frozen=True)
class Layout:
    """How the failing rows of one rule are shown."""

    rule: str
    shown: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """The names of all columns."""
        counted = ["affected_records"] if self.by_entity else []
        return ["rule_name", *self.shown, "issue_description", "severity", *counted, "check_id"]

    @property
    def by_entity(self) -> bool:
        """Whether what is missing is shown once, with the number of rows that miss it."""
        return "entity_type" in self.shown

    @property
    def dated(self) -> bool:
        """Whether today is asked for."""
        return "active_affiliations" in self.shown

    def before(self, tables: Mapping[str, TableSchema]) -> str:
        """Return what other tables have about providers, once for each provider."""
        parts: list[str] = []
        if self.dated:
            parts.append(f"counts AS MATERIALIZED ({_counts(tables)})")
        known = self._known(tables)
        if known:
            # SQLite takes the columns of any one row of a group.
            columns = ", ".join(map(quoted, ["provider_id", *known]))
            parts.append(f"people AS MATERIALIZED (SELECT {columns} FROM {PROVIDERS} GROUP BY provider_id)")  # noqa: S608
        return f"WITH {', '.join(parts)}\n" if parts else ""

    def select(self, check: str, table: str, tables: Mapping[str, TableSchema], number: int) -> str:
        """Return the columns of the failing rows of one check."""
        shown = _entity(check) if self.by_entity else [self._column(it, table, tables) for it in self.shown]
        description = self._description(check, number)
        counted = ["count(*) AS affected_records"] if self.by_entity else []
        return ", ".join(
            [
                ":rule AS rule_name",
                *shown,
                f"{description} AS issue_description",
                f":severity_{number} AS severity",
                *counted,
                f":check_{number} AS check_id",
            ]
        )

    def join(self, table: str, tables: Mapping[str, TableSchema]) -> str:
        """Return what failing rows of ``table`` are joined to."""
        joins: list[str] = []
        if self.dated:
            joins.append("LEFT JOIN counts AS c ON c.provider_id = t.provider_id")
        if table == AFFILIATIONS and not self.by_entity and self._known(tables):
            joins.append("LEFT JOIN people AS p ON p.provider_id = t.provider_id")
        return " ".join(joins)

    def after(self, check: str) -> str:
        """Return how failing rows are grouped."""
        if not self.by_entity:
            return ""
        return f"GROUP BY t.{quoted(_ENTITIES[check][1])}"

    def _known(self, tables: Mapping[str, TableSchema]) -> list[str]:
        """Return what providers are known by, beside their ids."""
        return [it for it in self.shown if it != "provider_id" and _has(tables, PROVIDERS, it)]

    def _column(self, name: str, table: str, tables: Mapping[str, TableSchema]) -> str:
        if name in _COUNTS:
            return f"coalesce(c.{name}, 0) AS {name}"
        if _has(tables, table, name):
            return f"t.{quoted(name)} AS {quoted(name)}"
        if table == AFFILIATIONS and _has(tables, PROVIDERS, name):
            return f"p.{quoted(name)} AS {quoted(name)}"
        return f"NULL AS {quoted(name)}"

    def _description(self, check: str, number: int) -> str:
        known = _DESCRIPTIONS.get(f"{self.rule}/{check}")
        if self.by_entity:
            known = "Orphaned record detected"
        if self.rule == "npi_validation" and check == "malformed":
            length, form = "Invalid NPI length (must be 10 digits)", "Invalid NPI format (must be numeric)"
            return f"CASE WHEN length(t.npi_number) <> 10 THEN '{length}' ELSE '{form}' END"
        return f":message_{number}" if known is None else f"'{known}'"

    def message(self, check: str) -> bool:
        """Whether rows of a check have the message of the pack."""
        return self._description(check, 0) == ":message_0"


def of(rule: str) -> Layout:
    """Return the layout of a rule of the pack."""
    return Layout(rule, _SHOWN[rule])


def _entity(check: str) -> list[str]:
    kind, identity, name = _ENTITIES[check]
    named = f"t.{quoted(name)}" if name else "NULL"
    return [f"'{kind}' AS entity_type", f"t.{quoted(identity)} AS entity_id", f"{named} AS entity_name"]


def _counts(tables: Mapping[str, TableSchema]) -> str:
    primary = (
        _PRIMARY.format("is_primary_affiliation") if _has(tables, AFFILIATIONS, "is_primary_affiliation") else "NULL"
    )
    active = _ACTIVE.format("end_date") if _has(tables, AFFILIATIONS, "end_date") else "NULL"
    return (
        f"SELECT provider_id, count(*) AS total_affiliations, sum({primary}) AS primary_affiliations, "  # noqa: S608
        f"sum({active}) AS active_affiliations FROM {AFFILIATIONS} GROUP BY provider_id"
    )


def _has(tables: Mapping[str, TableSchema], table: str, column: str) -> bool:
    return table in tables and column in tables[table].columns
