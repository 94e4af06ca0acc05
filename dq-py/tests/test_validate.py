"""`dq.validate` and `dq.profile`, as a program that has installed the wheel uses them."""

import datetime
import pickle

import pytest

import dq


def test_the_hospitals_have_their_known_counts(hospitals, hospital_rules):
    report = dq.validate(hospitals, hospital_rules, as_of="2026-11-23")
    assert report.as_of == "2026-11-23"
    assert report.tables == {"data": 5326}
    assert report.check("phone", "shared").violations == 40
    assert report.check("phone", "shared").groups == 20
    assert report.check("address", "one_city_per_zip").violations == 38
    assert report.check("rated_hospitals", "range").evaluated == 3576
    assert report.status == "fail"
    assert not report.passed


def test_a_sqlite_database_is_checked(providers):
    rules = (
        "version: 1\nrules:\n  - id: npi\n    table: providers\n"
        "    checks: [{ id: shared, unique: [npi] }, { id: missing, column: npi, not_null: true }]\n"
    )
    report = dq.validate(f"sqlite:{providers}", rules, threads=2, violations=True)
    assert report.check("npi", "shared").violations == 2
    assert report.check("npi", "missing").sample == [{"key": {"id": 3}}]
    found = report.violations("npi").to_dicts()
    assert [(it["check"], it["key"], it["row"]) for it in found] == [
        ("shared", '{"id":1}', None),
        ("shared", '{"id":2}', None),
        ("missing", '{"id":3}', None),
    ]


def test_rules_are_yaml_dictionaries_or_objects(tmp_path):
    frame = {"zip": ["86503", "8650", None, "86503"]}
    check = {"id": "form", "column": "zip", "format": "us_zip"}
    document = {"version": 1, "rules": [{"id": "zip", "table": "data", "checks": [check]}]}
    text = "version: 1\nrules:\n  - id: zip\n    table: data\n    checks: [{ id: form, column: zip, format: us_zip }]\n"
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    rule = dq.Rule("zip", dq.Check("form", column="zip", format="us_zip"))
    for rules in [document, text, path, str(path), rule, [rule], dq.Rules(rule)]:
        report = dq.validate(frame, rules)
        assert [(it.rule, it.id, it.evaluated, it.violations) for it in report.checks] == [("zip", "form", 4, 1)]
        assert report.check("zip", "form").definition == dq.validate(frame, text).check("zip", "form").definition


def test_parameters_and_days_reach_the_rules():
    rules = (
        "version: 1\nparameters: { most: 10 }\nrules:\n  - id: n\n    table: data\n"
        "    checks: [{ id: least, column: n, between: { max: '${most}' } }]\n"
    )
    frame = {"n": [5, 50]}
    assert dq.validate(frame, rules).check("n", "least").violations == 1
    assert dq.validate(frame, rules, parameters={"most": "4"}).check("n", "least").violations == 2
    born = {"born": [datetime.date(2020, 1, 1), datetime.date(2030, 1, 1)]}
    rule = dq.Rule("born", dq.Check("past", expression="born <= today()"))
    assert dq.validate(born, rule, as_of="2025-01-01").check("born", "past").violations == 1
    rule = dq.Rule("born", dq.Check("early", column="born", between={"max": datetime.date(2025, 1, 1)}))
    assert dq.validate(born, rule).check("born", "early").violations == 1


def test_a_pack_comes_with_dq():
    rules = dq.Rules.pack("healthcare")
    assert len(rules.checks) > 10
    with pytest.raises(dq.UsageError, match="there is healthcare"):
        dq.Rules.pack("health")


def test_custom_checks_are_functions_on_arrow():
    frame = {"a": [1, 2, 3, None], "b": ["x", "y", None, "z"]}
    seen = []

    def lists(rows):
        seen.append((rows.columns, rows.row_count))
        return [it is None for it in rows.column("a")]

    def arrow(rows):
        import pyarrow.compute as compute

        return compute.greater(rows.to_arrow()["a"], 1)

    def polars(rows):
        return rows.to_polars()["b"] == "y"

    def pandas(rows):
        return rows.to_pandas()["b"].isna()

    functions = {"lists": lists, "arrow": arrow, "polars": polars, "pandas": pandas}
    checks = [dq.Check(name, columns=["a", "b"], custom=it) for name, it in functions.items()]
    report = dq.validate(frame, dq.Rule("own", *checks))
    assert {it.id: it.violations for it in report.checks} == {"lists": 1, "arrow": 2, "polars": 1, "pandas": 1}
    assert seen == [(["a", "b"], 4)]
    rules = (
        "version: 1\nrules:\n  - id: own\n    table: data\n    checks: [{ id: it, custom: named, columns: [a, b] }]\n"
    )
    assert dq.validate(frame, rules, custom={"named": lists}).check("own", "it").violations == 1
    with pytest.raises(dq.RulesError, match="no custom check `named`"):
        dq.validate(frame, rules)


def test_a_custom_check_that_fails_is_an_error_in_the_report():
    def raises(rows):
        raise ValueError("not today")

    def wrong_length(rows):
        return [True]

    def no_flags(rows):
        return ["yes"] * rows.row_count

    for function, message in [
        (raises, "raised ValueError: not today"),
        (wrong_length, "a mask of 1 for 2 rows"),
        (no_flags, "must give a column of booleans, and gave a `str`"),
        (lambda rows: 7, "must give a column of booleans, and gave a `int`"),
    ]:
        report = dq.validate({"a": [1, 2]}, dq.Rule("own", dq.Check("it", columns=["a"], custom=function)))
        check = report.check("own", "it")
        assert check.status == "error"
        assert message in check.error
        with pytest.raises(dq.ViolationsError, match="1 check of"):
            report.raise_for_status()


def test_progress_is_heard_and_may_stop_the_run(hospitals, hospital_rules):
    heard = []
    dq.validate(hospitals, hospital_rules, progress=lambda *it: heard.append(it))
    assert heard
    table, rows, _ = heard[0]
    assert table == "data"
    assert rows > 0

    def stop(table, rows, estimate):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        dq.validate(hospitals, hospital_rules, progress=stop)


def test_what_keeps_a_run_from_an_answer_is_an_exception(tmp_path, hospitals, hospital_rules):
    with pytest.raises(dq.NotFoundError, match="nowhere.csv") as missing:
        dq.validate(tmp_path / "nowhere.csv", hospital_rules)
    assert missing.value.code == "not_found"
    rules = tmp_path / "rules.yaml"
    rules.write_text("version: 1\nrules: 7\n")
    with pytest.raises(dq.RulesError, match="rules.yaml:2:8") as raised:
        dq.validate(hospitals, rules)
    assert isinstance(raised.value, dq.DqError)
    assert not raised.value.retryable
    rule = dq.Rule("it", dq.Check("it", column="Facility Nmae", not_null=True))
    with pytest.raises(dq.RulesError, match="did you mean `Facility Name`"):
        dq.validate(hospitals, rule)
    with pytest.raises(dq.TimeoutError):
        dq.validate(hospitals, hospital_rules, timeout=0)


@pytest.mark.parametrize("source", [7, None, [], [1], object(), b"bytes"])
def test_what_is_no_source_is_a_usage_error(source, hospital_rules):
    with pytest.raises(dq.UsageError, match="a source is a path"):
        dq.validate(source, hospital_rules)


@pytest.mark.parametrize("rules", [7, None, [], [1], [{"id": 1}], b"bytes"])
def test_what_are_no_rules_is_a_usage_error_or_a_problem(rules, hospitals):
    with pytest.raises((dq.UsageError, dq.RulesError)):
        dq.validate(hospitals, rules)


@pytest.mark.parametrize(
    "options",
    [
        {"as_of": "yesterday"},
        {"engine": "steam"},
        {"timeout": -1.0},
        {"timeout": float("nan")},
        {"threads": 0},
        {"threads": -1},
        {"sample_limit": -1},
        {"memory_bytes_max": 0},
        {"violations": -1},
        {"reading": {"csv": {"colour": "red"}}},
        {"reading": {"nothing": 1}},
    ],
)
def test_options_that_make_no_sense_are_usage_errors(options, hospitals, hospital_rules):
    with pytest.raises(dq.UsageError):
        dq.validate(hospitals, hospital_rules, **options)


@pytest.mark.parametrize("options", [{"sample_limit": "ten"}, {"threads": 1.5}, {"show_values": None}])
def test_options_of_a_wrong_type_are_type_errors(options, hospitals, hospital_rules):
    with pytest.raises(TypeError):
        dq.validate(hospitals, hospital_rules, **options)


def test_a_database_may_answer_itself_with_the_same_counts(providers):
    checks = dq.Check("shared", unique=["npi"]), dq.Check("missing", column="npi", not_null=True)
    rule = dq.Rule("npi", *checks, table="providers")
    native, asked = (dq.validate(providers, rule, engine=it) for it in ("native", "sql"))
    assert [it.violations for it in asked.checks] == [it.violations for it in native.checks] == [2, 1]
    engines = [
        {check.get("engine") for it in found.to_dict()["rules"] for check in it["checks"]} for found in (native, asked)
    ]
    assert engines == [{None}, {"sql"}]


def test_files_are_read_as_options_say(tmp_path):
    path = tmp_path / "some.csv"
    path.write_text("a;b\n1;2\n;4\n")
    rule = dq.Rule("a", dq.Check("missing", column="a", not_null=True))
    report = dq.validate(path, rule, reading={"csv": {"delimiter": ";"}})
    assert (report.check("a", "missing").evaluated, report.check("a", "missing").violations) == (2, 1)


def test_a_workbook_is_a_source(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in [("npi", "born", "note"), ("1", datetime.datetime(2020, 1, 2), 7), ("1", None, "x"), (None,)]:
        sheet.append(row)
    path = tmp_path / "book.xlsx"
    workbook.save(path)
    workbook.close()
    report = dq.validate(
        path, dq.Rule("npi", dq.Check("shared", unique=["npi"]), dq.Check("n", completeness={"min": 1}, column="npi"))
    )
    assert report.check("npi", "shared").violations == 2
    assert report.tables == {"data": 3}
    assert any("`note`" in it for it in report.notes)


def test_a_profile_tells_what_is_there_and_suggests_rules(hospitals):
    profile = dq.profile(hospitals, suggest=True)
    assert profile.tables["data"]["rows"] == 5326
    assert profile.column("Facility ID")["distinct"]["value"] == 5326
    assert profile.suggestions
    with pytest.raises(KeyError):
        profile.column("nowhere")
    report = dq.validate(hospitals, profile.rules())
    assert len(report.checks) >= len({it["id"] for it in report.to_dict()["rules"]})
    assert pickle.loads(pickle.dumps(profile)).to_dict() == profile.to_dict()
    with pytest.raises(dq.NotFoundError):
        dq.profile(hospitals, tables=["nowhere"])


def test_every_kind_of_error_has_a_class_that_survives_pickling():
    import dq._dq

    for name, code, retryable in dq._dq.error_kinds():
        error = getattr(dq, name)("why")
        assert isinstance(error, dq.DqError)
        assert (error.code, error.retryable) == (code, retryable)
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again)) == (type(error), "why")
