"""The checks in DataFusion: `python datafusion_peer.py FOLDER` prints each check with its violations."""

import sys

import datafusion

from queries import queries

folder = sys.argv[1]
context = datafusion.SessionContext()
for name, file in [
    ("providers", "healthcare_providers"),
    ("facilities", "healthcare_facilities"),
    ("affiliations", "provider_facility_affiliations"),
]:
    context.register_parquet(name, f"{folder}/{file}.parquet")


def matches(column, pattern):
    return f"{column} ~ '^{pattern.replace(chr(39), chr(39) * 2)}$'"


for query in queries(matches, "TRY_CAST", "/"):
    for batch in context.sql(query).collect():
        for check, column in zip(batch.schema.names, batch.columns):
            print(check, int(column[0].as_py()))
