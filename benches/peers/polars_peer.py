"""The checks in Polars: `python polars_peer.py FOLDER` prints each check with its violations.

One lazy plan for all checks, collected at once, so that tables are scanned as seldom as Polars can.
"""

import datetime
import sys

import polars as pl
from polars import col

from queries import STATES

folder = sys.argv[1]
providers = pl.scan_parquet(f"{folder}/healthcare_providers.parquet")
facilities = pl.scan_parquet(f"{folder}/healthcare_facilities.parquet")
affiliations = pl.scan_parquet(f"{folder}/provider_facility_affiliations.parquet")


def blank(column):
    return col(column).is_null() | (col(column).str.strip_chars() == "")


def unlike(column, pattern):
    return ~col(column).str.contains(f"^{pattern}$")


def outside(column, low, high):
    return ~col(column).is_between(low, high)


n = col("npi_number").cast(pl.Int64, strict=False)
luhn = pl.lit(24)
for place in range(10):
    digit = n // 10**place % 10
    luhn = luhn + (digit * 2 - 9 * (digit > 4).cast(pl.Int64) if place % 2 else digit)

provider_rows = {
    "missing/npi": blank("npi_number"),
    "missing/full_name": blank("full_name"),
    "missing/last_name": blank("last_name"),
    "missing/email": blank("email"),
    "missing/license": blank("license_number"),
    "missing/specialty": blank("specialty_primary"),
    "form/id": unlike("provider_id", "PRV-[0-9]{8}"),
    "form/npi": col("npi_number").is_not_null()
    & (
        n.is_null()
        | (col("npi_number").str.len_bytes() != 10)
        | ~n.is_between(1_000_000_000, 2_999_999_999)
        | (luhn % 10 != 0)
    ),
    "form/last_name": unlike("last_name", "[A-Z][A-Za-z' -]*"),
    "form/email": unlike("email", r"[a-z0-9._+-]+@[a-z0-9.-]+\.[a-z]{2,}"),
    "form/phone": unlike("phone_number", r"\([0-9]{3}\) [0-9]{3}-[0-9]{4}"),
    "form/license": unlike("license_number", "[A-Z]{2}[0-9]{6}"),
    "form/update": unlike("updated_at", "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"),
    "values/gender": ~col("gender").is_in(["M", "F"]),
    "values/status": ~col("record_status").is_in(["ACTIVE", "INACTIVE", "RETIRED"]),
    "values/state": ~col("license_state").is_in(STATES),
    "values/years": outside("years_in_practice", 0, 60),
    "values/birth_year": outside("birth_year", 1930, 2005),
    "values/confidence": outside("source_confidence", 0, 1),
    "career/graduation": col("graduation_year") < col("birth_year") + 20,
    "career/years": col("years_in_practice") > 2026 - col("graduation_year"),
    "career/license": (col("record_status") == "ACTIVE")
    & (col("license_expiry_date") < datetime.date(2026, 1, 1)),
}


def fused(table, conditions):
    return table.select(**{check: condition.sum() for check, condition in conditions.items()})


def shared(check, column, condition):
    groups = providers.filter(condition).group_by(column).len()
    return groups.filter(col("len") > 1).select(**{check: col("len").sum()})


def without(check, table, others, column):
    return table.join(others, on=column, how="anti").select(**{check: pl.len()})


one_primary = (
    affiliations.filter(col("is_primary_affiliation") == 1)
    .group_by("provider_id")
    .len()
    .filter(col("len") == 1)
)
plans = [
    fused(providers, provider_rows),
    fused(affiliations, {"affiliations/dates": col("end_date") < col("start_date")}),
    fused(
        facilities,
        {
            "facilities/postal_code": unlike("postal_code", "[0-9]{5}"),
            "facilities/beds": outside("bed_count", 1, 3000),
        },
    ),
    providers.select(**{"providers/rows": (pl.len() < 100_000).cast(pl.Int64)}),
    shared("providers/npi_shared", "npi_number", col("npi_number").is_not_null()),
    shared("providers/email_shared", "email", ~blank("email")),
    without("providers/no_affiliation", providers, affiliations, "provider_id"),
    without("providers/one_primary", providers, one_primary, "provider_id"),
    without("affiliations/provider", affiliations, providers, "provider_id"),
    without("affiliations/facility", affiliations, facilities, "facility_id"),
]
for frame in pl.collect_all(plans, engine=sys.argv[2] if len(sys.argv) > 2 else "streaming"):
    for check in frame.columns:
        print(check, frame[check][0])
