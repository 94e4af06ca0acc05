"""The checks in Pandera over a frame of Polars: `python pandera_frame.py FOLDER`.

Every failing row is asked for (`lazy=True`), as dq counts every one.
"""

import pandera.polars as pa
import polars as pl
from checks import PATTERNS, PRESENT, RANGES, SETS, UNIQUE, measure
from pandera.api.polars.types import PolarsData


def present(data: PolarsData) -> pl.LazyFrame:
    column = pl.col(data.key)
    return data.lazyframe.select(column.is_not_null() & (column.str.strip_chars() != ""))


def unique(data: PolarsData) -> pl.LazyFrame:
    column = pl.col(data.key)
    return data.lazyframe.select(~column.is_duplicated() | column.is_null() | (column.str.strip_chars() == ""))


def checks(column: str) -> list[pa.Check]:
    found = []
    if column in PRESENT:
        found.append(pa.Check(present, name=f"present/{column}", ignore_na=False))
    if column in PATTERNS:
        found.append(pa.Check.str_matches(PATTERNS[column], name=f"form/{column}"))
    if column in SETS:
        found.append(pa.Check.isin(SETS[column], name=f"set/{column}"))
    if column in RANGES:
        found.append(pa.Check.in_range(*RANGES[column], name=f"range/{column}"))
    if column in UNIQUE:
        found.append(pa.Check(unique, name=f"unique/{column}"))
    return found


def judge(frame: pl.DataFrame) -> dict[str, int]:
    names = [column for column in frame.columns if checks(column)]
    schema = pa.DataFrameSchema({it: pa.Column(checks=checks(it), nullable=True) for it in names})
    counts = {check.name: 0 for it in names for check in checks(it)}
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        for error in errors.schema_errors:
            counts[error.check.name] = error.check_output.filter(~pl.col("check_output")).height
    return counts


measure(pl.read_parquet, judge)
