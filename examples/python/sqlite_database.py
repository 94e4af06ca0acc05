"""Makes a SQLite database, changes it in transactions, and checks it before each commit counts."""

import tempfile
from pathlib import Path

import dq


def main() -> None:
    """Load some affiliations, and find those that refer to nobody."""
    with tempfile.TemporaryDirectory() as folder, dq.connect(Path(folder, "a.db"), create_if_missing=True) as db:
        db.execute("CREATE TABLE provider (id INTEGER PRIMARY KEY, npi TEXT)")
        db.execute("CREATE TABLE affiliation (id INTEGER PRIMARY KEY, provider_id INTEGER)")
        with db.transaction() as tx:
            for npi in ["1234567893", "1245319599"]:
                tx.execute("INSERT INTO provider (npi) VALUES (?)", [npi])
            tx.execute("INSERT INTO affiliation (provider_id) VALUES (1), (2), (9)")

        known = dq.Check("known", references={"columns": ["provider_id"], "table": "provider", "key": ["id"]})
        report = db.validate(dq.Rule("provider", known, table="affiliation"), violations=True)
        print(report.status, report.violations().column("key"))

        for npi, count in db.query(
            "SELECT npi, count(*) FROM affiliation JOIN provider ON provider.id = provider_id GROUP BY npi"
        ):
            print(npi, count)


if __name__ == "__main__":
    main()
