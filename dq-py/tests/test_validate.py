"""`dq.validate`, as a program that has installed the wheel uses it."""

import pickle
import sqlite3
from pathlib import Path

import dq
import dq._dq
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def checks_of(report):
    return {
        (rule["id"], check["id"]): check for rule in report["rules"] for check in rule["checks"]
    }


def test_the_hospitals_have_their_known_counts():
    report = dq.validate(
        EXAMPLES / "data/hospitals.csv", EXAMPLES / "rules/hospitals.yaml", as_of="2026-11-23"
    )
    checks = checks_of(report)
    assert report["as_of"] == "2026-11-23"
    assert checks["phone", "shared"]["violations"] == 40
    assert checks["phone", "shared"]["groups"] == 20
    assert checks["address", "one_city_per_zip"]["violations"] == 38


def test_a_sqlite_database_is_checked(tmp_path):
    database = tmp_path / "some providers.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE providers (id INTEGER PRIMARY KEY, npi TEXT)")
        connection.executemany("INSERT INTO providers (npi) VALUES (?)", [("1",), ("1",), (None,)])
    connection.close()
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "version: 1\nrules:\n  - id: npi\n    table: providers\n"
        "    checks: [{ id: shared, unique: [npi] }, { id: missing, column: npi, not_null: true }]\n"
    )
    checks = checks_of(dq.validate(f"sqlite:{database}", rules, threads=2))
    assert checks["npi", "shared"]["violations"] == 2
    assert checks["npi", "missing"]["sample"] == [{"key": {"id": 3}}]


def test_what_keeps_a_run_from_an_answer_is_an_exception(tmp_path):
    with pytest.raises(dq.NotFoundError, match="nowhere.csv"):
        dq.validate(tmp_path / "nowhere.csv", EXAMPLES / "rules/hospitals.yaml")
    rules = tmp_path / "rules.yaml"
    rules.write_text("version: 1\nrules: 7\n")
    with pytest.raises(dq.RulesError, match="rules.yaml:2:8") as raised:
        dq.validate(EXAMPLES / "data/hospitals.csv", rules)
    assert isinstance(raised.value, dq.DqError)
    assert not raised.value.retryable


def test_every_kind_of_error_has_a_class_that_survives_pickling():
    for name in dq._dq.error_classes():
        error = getattr(dq, name)("why")
        assert isinstance(error, dq.DqError)
        assert str(pickle.loads(pickle.dumps(error))) == "why"
