"""The checks in pandas, each as its users write it: `python pandas_frame.py FOLDER`."""

import pandas as pd
from checks import PATTERNS, PRESENT, RANGES, SETS, UNIQUE, measure


def judge(frame: pd.DataFrame) -> dict[str, int]:
    failing = {}
    for column in PRESENT:
        failing[f"present/{column}"] = frame[column].isna() | (frame[column].str.strip() == "")
    for column, form in PATTERNS.items():
        failing[f"form/{column}"] = frame[column].notna() & ~frame[column].str.match(form).fillna(False).astype(bool)
    for column, values in SETS.items():
        failing[f"set/{column}"] = frame[column].notna() & ~frame[column].isin(values)
    for column, (low, high) in RANGES.items():
        failing[f"range/{column}"] = frame[column].notna() & ~frame[column].between(low, high)
    for column in UNIQUE:
        there = frame[column].notna() & (frame[column].str.strip() != "")
        failing[f"unique/{column}"] = there & frame[column].duplicated(keep=False)
    return {check: int(rows.sum()) for check, rows in failing.items()}


measure(pd.read_parquet, judge)
