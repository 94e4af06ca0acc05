"""The checks in DuckDB: `python duckdb_peer.py FOLDER` prints each check with its violations."""

import sys

import duckdb

from queries import queries

folder = sys.argv[1]
connection = duckdb.connect()
for name, file in [
    ("providers", "healthcare_providers"),
    ("facilities", "healthcare_facilities"),
    ("affiliations", "provider_facility_affiliations"),
]:
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{folder}/{file}.parquet')")


def matches(column, pattern):
    return f"regexp_full_match({column}, '{pattern.replace(chr(39), chr(39) * 2)}')"


for query in queries(matches, "TRY_CAST", "//"):
    result = connection.execute(query)
    for check, count in zip((it[0] for it in result.description), result.fetchone()):
        print(check, int(count))
