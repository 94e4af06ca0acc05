"""The checks in Pointblank over a frame of Polars: `python pointblank_frame.py FOLDER`."""

import pointblank as pb
import polars as pl
from checks import PATTERNS, PRESENT, RANGES, SETS, UNIQUE, measure


def judge(frame: pl.DataFrame) -> dict[str, int]:
    validation, names = pb.Validate(frame), []
    for column in PRESENT:
        is_there = pl.col(column).is_not_null() & (pl.col(column).str.strip_chars() != "")
        validation = validation.col_vals_expr(expr=is_there)
        names.append(f"present/{column}")
    for column, form in PATTERNS.items():
        validation = validation.col_vals_regex(columns=column, pattern=form, na_pass=True)
        names.append(f"form/{column}")
    for column, values in SETS.items():
        validation = validation.col_vals_in_set(columns=column, set=[*values, None])
        names.append(f"set/{column}")
    for column, (low, high) in RANGES.items():
        validation = validation.col_vals_between(columns=column, left=low, right=high, na_pass=True)
        names.append(f"range/{column}")
    for column in UNIQUE:
        validation = validation.rows_distinct(columns_subset=column, pre=there(column))
        names.append(f"unique/{column}")
    validation = validation.interrogate(collect_extracts=False)
    failed = validation.n_failed()
    return {name: failed[step] for step, name in enumerate(names, start=1)}


def there(column: str):
    return lambda frame: frame.filter(pl.col(column).str.strip_chars() != "")


measure(pl.read_parquet, judge)
