"""Reports: rendered, compared, pickled, and joined with the frame that was checked."""

import json
import pickle
import xml.etree.ElementTree as ElementTree

import pytest

import dq

RULES = [
    dq.Rule("a", dq.Check("shared", unique=["a"]), severity="high"),
    dq.Rule("b", dq.Check("missing", column="b", not_null=True), severity="low"),
]


@pytest.fixture
def report(hospitals, hospital_rules):
    return dq.validate(hospitals, hospital_rules)


def test_every_form_is_rendered_and_saved(report, tmp_path):
    import dq._dq

    for form in dq._dq.report_formats():
        assert report.render(form)
    assert json.loads(report.render("json")) == report.to_dict()
    assert ElementTree.fromstring(report.render("junit")).tag == "testsuites"
    assert report.render("html").startswith("<!DOCTYPE html>")
    assert "phone" in str(report)
    for name in ["report.json", "report.xml", "report.html", "report.md", "report.csv", "report.sarif"]:
        report.save(tmp_path / name)
    assert dq.Report.read(tmp_path / "report.json") == report
    assert (tmp_path / "report.csv").read_text().startswith("rule")
    with pytest.raises(dq.UsageError, match="cannot tell the format"):
        report.save(tmp_path / "report.doc")
    with pytest.raises(dq.UsageError, match="is no format"):
        report.render("pdf")


def test_a_notebook_shows_the_page(report):
    shown = report._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "<script" not in shown


def test_what_is_no_report_is_refused():
    for text in ["", "{}", "[]", '{"format": 1}', "null"]:
        with pytest.raises(dq.UsageError, match="none of dq"):
            dq.Report(text)


def test_a_report_survives_pickling_with_its_violations():
    report = dq.validate({"a": [1, 1, 2], "b": ["x", None, "y"]}, RULES)
    again = pickle.loads(pickle.dumps(report))
    assert again == report
    assert hash(again) == hash(report)
    assert list(again.violations()) == list(report.violations())


def test_a_failed_report_raises_what_failed():
    report = dq.validate({"a": [1, 1, 2], "b": ["x", None, "y"]}, RULES)
    with pytest.raises(dq.ViolationsError, match=r"2 checks .*a/shared: 2 of 3; b/missing: 1 of 3") as raised:
        report.raise_for_status()
    assert raised.value.report is report
    again = pickle.loads(pickle.dumps(raised.value))
    assert again.report == report
    with pytest.raises(dq.ViolationsError, match="1 check "):
        report.raise_for_status("high")
    assert report.raise_for_status("critical") is report
    with pytest.raises(dq.UsageError, match="is no severity"):
        report.raise_for_status("grave")
    assert dq.validate({"a": [1], "b": ["x"]}, RULES).raise_for_status().passed


def test_reports_are_compared_check_by_check():
    old = dq.validate({"a": [1, 1, 2], "b": ["x", "x", "y"]}, RULES)
    new = dq.validate(
        {"a": [1, 3, 2], "b": [None, None, "y"]}, [*RULES, dq.Rule("c", dq.Check("one", column="a", one_of=[1]))]
    )
    diff = new.diff(old)
    assert [(it.rule, it.check, it.change, it.violations) for it in diff] == [
        ("a", "shared", "better", -2),
        ("b", "missing", "worse", 2),
        ("c", "one", "added", 2),
    ]
    assert [it.rule for it in diff.worse] == ["b", "c"]
    assert [it.rule for it in diff.better] == ["a"]
    assert diff
    assert not old.diff(old)
    assert [it.change for it in old.diff(new)] == ["worse", "better", "removed"]
    other = dq.validate({"a": [1], "b": ["x"]}, dq.Rule("a", dq.Check("shared", unique=["a", "b"])))
    assert other.diff(old).changes[0].change == "redefined"
    assert "b/missing  +2" in str(diff)


def test_violations_are_a_stream_of_arrow_and_a_mask():
    pyarrow = pytest.importorskip("pyarrow")
    report = dq.validate({"a": [1, 1, 2], "b": ["x", None, "y"]}, RULES, show_values=True)
    table = pyarrow.table(report.violations())
    assert table.column_names == ["table", "rule", "check", "severity", "key", "values", "row"]
    assert table.column("row").to_pylist() == [0, 1, 1]
    assert table.column("values").to_pylist() == ['{"a":1}', '{"a":1}', '{"b":null}']
    assert report.violations("b").column("row") == [1]
    assert report.violations("a", "shared").column("row") == [0, 1]
    assert report.violations("nowhere").row_count == 0
    assert report.mask().column("violates") == [True, True, False]
    assert report.mask("b").column("violates") == [False, True, False]
    with pytest.raises(dq.UsageError, match="it has data"):
        report.mask(table="nowhere")


def test_violations_are_kept_only_as_far_as_asked(providers):
    rule = dq.Rule("npi", dq.Check("shared", unique=["npi"]), table="providers")
    report = dq.validate(providers, rule)
    with pytest.raises(dq.UsageError, match="violations=True"):
        report.violations()
    report = dq.validate({"providers": {"npi": ["1"] * 5}}, rule, violations=3)
    assert report.violations().row_count == 3
    assert report.violations_truncated
    assert report.check("npi", "shared").violations == 5
    with pytest.raises(dq.UsageError, match="more than"):
        report.mask(table="providers")
    report = dq.validate({"providers": {"npi": ["1"] * 5}}, rule, violations=False)
    with pytest.raises(dq.UsageError, match="violations=True"):
        report.mask(table="providers")
