"""The 32 checks of rules.yaml as SQL that DuckDB and DataFusion share.

The checks of single rows are one pass over each table; each check by key is a query of its own.
`matches` gives the expression that a text matches a pattern as a whole, in the words of the engine.
"""

STATES = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC "
    "ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC"
).split()

# The Luhn sum of 80840 and the ten digits of n: 24 for the prefix, and every second digit doubled, of
# which the digits are added.
LUHN = " + ".join(
    ["24"]
    + [f"n / {10**place} % 10" for place in range(0, 10, 2)]
    + [
        f"n / {10**place} % 10 * 2 - CASE WHEN n / {10**place} % 10 > 4 THEN 9 ELSE 0 END"
        for place in range(1, 10, 2)
    ]
)


def blank(column):
    return f"{column} IS NULL OR trim({column}) = ''"


def provider_rows(matches, divide):
    """Checks of rows: the condition under which a provider violates each."""
    states = ", ".join(f"'{it}'" for it in STATES)
    luhn = LUHN if divide == "/" else LUHN.replace(" / ", f" {divide} ")
    return {
        "missing/npi": blank("npi_number"),
        "missing/full_name": blank("full_name"),
        "missing/last_name": blank("last_name"),
        "missing/email": blank("email"),
        "missing/license": blank("license_number"),
        "missing/specialty": blank("specialty_primary"),
        "form/id": f"NOT {matches('provider_id', 'PRV-[0-9]{8}')}",
        "form/npi": "npi_number IS NOT NULL AND (n IS NULL OR length(npi_number) <> 10 "
        f"OR n NOT BETWEEN 1000000000 AND 2999999999 OR ({luhn}) % 10 <> 0)",
        "form/last_name": "NOT " + matches("last_name", "[A-Z][A-Za-z' -]*"),
        "form/email": f"NOT {matches('email', '[a-z0-9._+-]+@[a-z0-9.-]+[.][a-z]{2,}')}",
        "form/phone": f"NOT {matches('phone_number', '[(][0-9]{3}[)] [0-9]{3}-[0-9]{4}')}",
        "form/license": f"NOT {matches('license_number', '[A-Z]{2}[0-9]{6}')}",
        "form/update": "NOT "
        + matches("updated_at", "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"),
        "values/gender": "gender NOT IN ('M', 'F')",
        "values/status": "record_status NOT IN ('ACTIVE', 'INACTIVE', 'RETIRED')",
        "values/state": f"license_state NOT IN ({states})",
        "values/years": "years_in_practice NOT BETWEEN 0 AND 60",
        "values/birth_year": "birth_year NOT BETWEEN 1930 AND 2005",
        "values/confidence": "source_confidence NOT BETWEEN 0 AND 1",
        "career/graduation": "graduation_year < birth_year + 20",
        "career/years": "years_in_practice > 2026 - graduation_year",
        "career/license": "record_status = 'ACTIVE' AND license_expiry_date < DATE '2026-01-01'",
    }


def fused(conditions, source):
    columns = ", ".join(
        f"count(*) FILTER (WHERE {condition}) AS \"{check}\"" for check, condition in conditions.items()
    )
    return f"SELECT {columns} FROM {source}"


def queries(matches, try_cast, divide):
    """The queries: each gives one row, whose columns are named like the checks."""
    providers = f"(SELECT *, {try_cast}(npi_number AS BIGINT) AS n FROM providers) AS p"
    yield fused(provider_rows(matches, divide), providers)
    yield fused({"affiliations/dates": "end_date < start_date"}, "affiliations")
    yield fused(
        {
            "facilities/postal_code": f"NOT {matches('postal_code', '[0-9]{5}')}",
            "facilities/beds": "bed_count NOT BETWEEN 1 AND 3000",
        },
        "facilities",
    )
    yield 'SELECT CASE WHEN count(*) < 100000 THEN 1 ELSE 0 END AS "providers/rows" FROM providers'
    for check, column, where in [
        ("npi_shared", "npi_number", "npi_number IS NOT NULL"),
        ("email_shared", "email", "trim(email) <> ''"),
    ]:
        yield (
            f'SELECT coalesce(sum(c), 0) AS "providers/{check}" FROM (SELECT count(*) AS c FROM providers '
            f"WHERE {where} GROUP BY {column} HAVING count(*) > 1)"
        )
    yield (
        'SELECT count(*) AS "providers/no_affiliation" FROM providers p '
        "WHERE NOT EXISTS (SELECT 1 FROM affiliations a WHERE a.provider_id = p.provider_id)"
    )
    yield (
        'SELECT count(*) AS "providers/one_primary" FROM providers p WHERE NOT EXISTS (SELECT 1 FROM ('
        "SELECT provider_id FROM affiliations WHERE is_primary_affiliation = 1 "
        "GROUP BY provider_id HAVING count(*) = 1) a WHERE a.provider_id = p.provider_id)"
    )
    for check, column, parents in [
        ("provider", "provider_id", "providers"),
        ("facility", "facility_id", "facilities"),
    ]:
        yield (
            f'SELECT count(*) AS "affiliations/{check}" FROM affiliations a '
            f"WHERE NOT EXISTS (SELECT 1 FROM {parents} p WHERE p.{column} = a.{column})"
        )
