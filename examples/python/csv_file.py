"""Checks a CSV file by a rule set, prints what was found, and ends as a pipeline wants it."""

from pathlib import Path

import dq

EXAMPLES = Path(__file__).parents[1]


def main() -> None:
    """Check the hospitals."""
    report = dq.validate(EXAMPLES / "data/hospitals.csv", EXAMPLES / "rules/hospitals.yaml", as_of="2026-11-23")
    for check in report.failed:
        print(f"{check.rule}/{check.id}: {check.violations} of {check.evaluated}, such as {check.sample[0]['key']}")
    # A pipeline stops at what is severe enough.
    report.raise_for_status("high")


if __name__ == "__main__":
    main()
