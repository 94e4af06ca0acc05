"""Checks tables of a PostgreSQL database: ``python postgresql.py postgres://user@host/database``."""

import sys

import dq


def main(url: str) -> None:
    """Check every table that has a primary key for rows without one of its values."""
    with dq.connect(url, readers=4) as db:
        rules = [
            dq.Rule(name, *(dq.Check(f"{it}_missing", column=it, not_null=True) for it in table.columns), table=name)
            for name, table in db.tables().items()
        ]
        report = db.validate(rules, progress=True)
        for check in report.checks:
            print(f"{check.table}.{check.columns[0]}: {check.violations} of {check.evaluated} are missing")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python postgresql.py postgres://user@host/database")
    main(sys.argv[1])
