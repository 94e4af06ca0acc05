"""A small database with the tables of the earlier pipeline, each of whose defects was made by hand."""

import sqlite3

AS_OF = "2026-11-23"

PROVIDER = {
    "provider_id": "TEXT",
    "npi_number": "TEXT",
    "full_name": "TEXT",
    "first_name": "TEXT",
    "last_name": "TEXT",
    "specialty_primary": "TEXT",
    "email": "TEXT",
    "phone_number": "TEXT",
    "license_number": "TEXT",
    "license_state": "TEXT",
    "license_expiry_date": "DATE",
    "years_in_practice": "INTEGER",
    "birth_year": "INTEGER",
    "graduation_year": "INTEGER",
    "last_updated": "TIMESTAMP",
    "record_status": "TEXT",
}

FACILITY = {"facility_id": "TEXT", "facility_name": "TEXT", "state_province": "TEXT", "bed_count": "REAL"}

AFFILIATION = {
    "provider_id": "TEXT",
    "facility_id": "TEXT",
    "start_date": "DATE",
    "end_date": "DATE",
    "is_primary_affiliation": "INTEGER",
}

NAME, NPI, AFFILIATED = "provider_name_inconsistency", "npi_validation", "affiliation_anomaly"
TIME, CROSS, CONTACT = "temporal_consistency", "cross_reference_integrity", "contact_validation"

HOME = [("F1", "2020-01-01", None, 1)]
NOBODY = [f"{AFFILIATED}/no_primary", f"{AFFILIATED}/none_active"]

# What is wrong with a provider: its id, the columns that differ, its affiliations, the checks that must find it.
DEFECTS = [
    ("clean", {}, HOME, []),
    ("name_none", {"full_name": None}, HOME, [f"{NAME}/full_name_missing"]),
    ("name_blank", {"full_name": "  "}, HOME, [f"{NAME}/full_name_missing"]),
    ("name_parts", {"first_name": None, "last_name": None}, HOME, [f"{NAME}/parts_missing"]),
    ("name_first", {"first_name": "Eve"}, HOME, [f"{NAME}/first_name_differs"]),
    ("name_last", {"last_name": "Low"}, HOME, [f"{NAME}/last_name_differs"]),
    ("name_test", {"full_name": "Test Lee", "first_name": "Test"}, HOME, [f"{NAME}/suspicious_word"]),
    ("name_testa", {"full_name": "Ann Testa", "last_name": "Testa"}, HOME, []),
    ("name_accents", {"full_name": "JOSÉ DÍAZ", "first_name": "José", "last_name": "Díaz"}, HOME, []),
    ("name_wildcard", {"full_name": "Bob Lee", "first_name": "B_b"}, HOME, [f"{NAME}/first_name_differs"]),
    ("name_inside", {"full_name": "Joanna Leeds"}, HOME, [f"{NAME}/first_name_differs", f"{NAME}/last_name_differs"]),
    ("npi_none", {"npi_number": None}, HOME, [f"{NPI}/missing"]),
    ("npi_blank", {"npi_number": " "}, HOME, [f"{NPI}/missing"]),
    ("npi_short", {"npi_number": "123456789"}, HOME, [f"{NPI}/malformed"]),
    ("npi_letters", {"npi_number": "12345abcde"}, HOME, [f"{NPI}/malformed"]),
    ("npi_first", {"npi_number": "3123456782"}, HOME, [f"{NPI}/first_digit"]),
    ("npi_check", {"npi_number": "1234567890"}, HOME, [f"{NPI}/check_digit"]),
    ("npi_twin_a", {"npi_number": "1234567893"}, HOME, [f"{NPI}/shared"]),
    ("npi_twin_b", {"npi_number": "1234567893"}, HOME, [f"{NPI}/shared"]),
    ("npi_merged", {"npi_number": "1234567893", "record_status": "MERGED"}, HOME, []),
    (
        "both_none",
        {"email": None, "phone_number": None},
        HOME,
        [f"{CONTACT}/email_missing", f"{CONTACT}/phone_missing"],
    ),
    ("email_blank", {"email": ""}, HOME, [f"{CONTACT}/email_missing"]),
    ("email_bad", {"email": "@."}, HOME, [f"{CONTACT}/email_malformed"]),
    ("email_test", {"email": "test@clinic.org"}, HOME, [f"{CONTACT}/email_suspicious"]),
    ("email_contest", {"email": "ann@contest.com"}, HOME, []),
    ("email_twin_a", {"email": "Same@clinic.org"}, HOME, [f"{CONTACT}/email_shared"]),
    ("email_twin_b", {"email": "same@CLINIC.org"}, HOME, [f"{CONTACT}/email_shared"]),
    ("phone_spaces", {"phone_number": "+1 212.555.0123 ext. 12"}, HOME, []),
    ("phone_letters", {"phone_number": "abcdefghij"}, HOME, [f"{CONTACT}/phone_malformed"]),
    ("licence_unborn", {"license_expiry_date": "2026-11-22", "birth_year": None}, HOME, [f"{TIME}/license_expired"]),
    ("licence_today", {"license_expiry_date": AS_OF}, HOME, []),
    ("licence_american", {"license_expiry_date": "01/31/2000"}, HOME, [f"{TIME}/license_expired"]),
    ("licence_unreadable", {"license_expiry_date": "soon"}, HOME, [f"{TIME}/license_date_unreadable"]),
    ("licence_far", {"license_expiry_date": "2040-01-01"}, HOME, [f"{TIME}/license_too_far"]),
    ("born_1910", {"birth_year": 1910, "graduation_year": 1935}, HOME, [f"{TIME}/birth_year_unlikely"]),
    ("born_1850", {"birth_year": 1850, "graduation_year": 1875}, HOME, [f"{TIME}/birth_year_impossible"]),
    ("graduated_at_10", {"graduation_year": 1980}, HOME, [f"{TIME}/graduation_too_early"]),
    ("graduated_at_55", {"graduation_year": 2025, "years_in_practice": 1}, HOME, [f"{TIME}/graduation_too_late"]),
    ("years_negative", {"years_in_practice": -1}, HOME, [f"{TIME}/years_negative"]),
    ("years_40", {"years_in_practice": 40}, HOME, [f"{TIME}/years_impossible"]),
    (
        "years_70",
        {"years_in_practice": 70, "graduation_year": None},
        HOME,
        [f"{TIME}/years_impossible", f"{TIME}/years_too_many"],
    ),
    ("ended", {}, [("F1", "2020-01-01", "2026-11-22", 1)], [f"{AFFILIATED}/none_active"]),
    ("ends_later", {}, [("F1", "2020-01-01", "2026-12-24", 1)], []),
    ("ends_today", {}, [("F1", "2020-01-01", AS_OF, 1)], []),
    ("nowhere", {}, [], [*NOBODY, f"{CROSS}/provider_without_affiliation"]),
    ("nowhere_inactive", {"record_status": "INACTIVE"}, [], NOBODY),
    ("primaries", {}, [*HOME, ("F2", "2020-01-01", None, 1)], [f"{AFFILIATED}/several_primaries"]),
    ("no_primary", {}, [("F1", "2020-01-01", None, 0)], [f"{AFFILIATED}/no_primary"]),
    ("primary_text", {}, [("F1", "2020-01-01", None, "true")], []),
    (
        "many",
        {},
        [*HOME, *((f"F{it}", "2020-01-01", None, 0) for it in range(2, 12))],
        [f"{AFFILIATED}/too_many"],
    ),
    ("reversed", {}, [*HOME, ("F2", "2021-01-01", "2020-01-01", 0)], [f"{TIME}/affiliation_reversed"]),
    ("lost_place", {}, [*HOME, ("GONE", "2020-01-01", None, 0)], [f"{CROSS}/facility_unknown"]),
]

# Affiliations of providers that are not there.
GHOSTS = [("GHOST", "F1", "2020-01-01", None, 0), ("GHOST", "F2", "2020-01-01", None, 0)]

FACILITIES = [(f"F{it}", f"Clinic {it}", "NY", 10.0) for it in range(1, 12)] + [("F99", "Empty Clinic", "NJ", None)]


def expected():
    """Return for each check the providers that it must find, in their order."""
    found = {}
    for provider, _, _, checks in DEFECTS:
        for check in checks:
            found.setdefault(check, []).append(provider)
    return {check: sorted(ids) for check, ids in found.items()}


def luhn(number):
    """Return the check digit that belongs behind a number, by the algorithm of Luhn."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def npi(number):
    """Return a valid NPI, another one for each number."""
    stem = f"1{number:08}"
    return stem + luhn("80840" + stem)


def provider(place, name, **changed):
    row = {
        "provider_id": name,
        "npi_number": npi(place),
        "full_name": "Ann Lee",
        "first_name": "Ann",
        "last_name": "Lee",
        "specialty_primary": "Surgery",
        "email": f"a{place}@clinic.org",
        "phone_number": f"(212) 555-{place:04}",
        "license_number": f"L{place}",
        "license_state": "NY",
        "license_expiry_date": "2027-06-30",
        "years_in_practice": 20,
        "birth_year": 1970,
        "graduation_year": 1996,
        "last_updated": "2026-11-01 10:00:00.000000",
        "record_status": "ACTIVE",
    }
    assert row.keys() >= changed.keys()
    return {**row, **changed}


def build(path, *, keys=False, defects=DEFECTS, ghosts=GHOSTS, facilities=FACILITIES):
    """Make the database; with ``keys`` its tables have primary keys, else none, as the live one had."""
    connection = sqlite3.connect(path)
    for table, columns, key in (
        ("healthcare_providers", PROVIDER, "provider_id"),
        ("healthcare_facilities", FACILITY, "facility_id"),
        ("provider_facility_affiliations", AFFILIATION, None),
    ):
        declared = [
            f"{name} {kind}" + (" PRIMARY KEY" if keys and name == key else "") for name, kind in columns.items()
        ]
        if keys and key is None:
            declared.insert(0, "affiliation_id INTEGER PRIMARY KEY")
        connection.execute(f"CREATE TABLE {table} ({', '.join(declared)})")
    for place, (name, changed, affiliations, _) in enumerate(defects):
        row = provider(place, name, **changed)
        connection.execute(f"INSERT INTO healthcare_providers VALUES ({', '.join('?' * len(row))})", list(row.values()))
        for affiliation in affiliations:
            affiliate(connection, (name, *affiliation))
    for affiliation in ghosts:
        affiliate(connection, affiliation)
    connection.executemany("INSERT INTO healthcare_facilities VALUES (?, ?, ?, ?)", facilities)
    connection.commit()
    connection.close()
    return path


def affiliate(connection, affiliation):
    columns = ", ".join(AFFILIATION)
    connection.execute(f"INSERT INTO provider_facility_affiliations ({columns}) VALUES (?, ?, ?, ?, ?)", affiliation)


def change(path, *statements):
    """Change the database from outside of dq, in a connection that is closed again."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
