"""The checks in dq, over a frame of pandas or Polars: `python dq_frame.py FOLDER pandas|polars [THREADS]`."""

import sys

import dq
from checks import PATTERNS, PRESENT, RANGES, SETS, UNIQUE, measure


def rule() -> dq.Rule:
    checks = [dq.Check(f"present/{it}", column=it, not_blank=True) for it in PRESENT]
    checks += [dq.Check(f"form/{it}", column=it, matches=form) for it, form in PATTERNS.items()]
    checks += [dq.Check(f"set/{it}", column=it, one_of=values) for it, values in SETS.items()]
    for column, (low, high) in RANGES.items():
        checks.append(dq.Check(f"range/{column}", column=column, between={"min": low, "max": high}))
    checks += [dq.Check(f"unique/{it}", unique=[it], ignore="blank") for it in UNIQUE]
    return dq.Rule("providers", *checks)


def judge(frame: object) -> dict[str, int]:
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else None
    report = dq.validate(frame, rule(), threads=threads)
    return {it.id.removeprefix("providers/"): it.violations for it in report.checks}


def load(path: str) -> object:
    if sys.argv[2] == "pandas":
        import pandas

        return pandas.read_parquet(path)
    import polars

    return polars.read_parquet(path)


if __name__ == "__main__":
    measure(load, judge)
