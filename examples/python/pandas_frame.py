"""Checks a frame of pandas with rules written in Python, and takes the failing rows out of it."""

import pandas

import dq


def main() -> None:
    """Check some providers."""
    providers = pandas.DataFrame(
        {
            "npi": ["1234567893", "1234567890", "1234567893", None],
            "city": ["Basel", "Bern", "Basel", " Zug"],
            "patients": [120, 80, -1, 30],
        }
    )

    def negative(rows: dq.Table) -> list[bool]:
        """Judge rows in Python: true is a violation."""
        return [value is not None and value < 0 for value in rows.column("patients")]

    rules = [
        dq.Rule(
            "npi",
            dq.Check("missing", column="npi", not_blank=True),
            dq.Check("luhn", column="npi", format="npi"),
            dq.Check("shared", unique=["npi"]),
            severity="critical",
        ),
        dq.Rule(
            "practice",
            dq.Check("trimmed", column="city", trimmed=True, severity="low"),
            dq.Check("negative", columns=["patients"], custom=negative),
        ),
    ]
    report = dq.validate(providers, rules)
    print(report)
    print(report.failing(providers, "npi", "luhn"))
    print(report.passing(providers))


if __name__ == "__main__":
    main()
