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
        if form != "xlsx":
            assert report.render(form)
    with pytest.raises(dq.UsageError, match="is no text"):
        report.render("xlsx")
    assert json.loads(report.render("json")) == report.to_dict()
    assert ElementTree.fromstring(report.render("junit")).tag == "testsuites"
    assert report.render("html").startswith("<!DOCTYPE html>")
    assert "phone" in str(report)
    for name in ["report.json", "report.xml", "report.html", "report.md", "report.csv", "report.sarif"]:
        report.save(tmp_path / name)
    assert dq.Report.read(tmp_path / "report.json") == report
    assert (tmp_path / "report.csv").read_text().startswith("rule")
    (tmp_path / "folder").mkdir()
    with pytest.raises(dq.WriteError, match="folder"):
        report.save(tmp_path / "folder", "json")
    assert not [it for it in tmp_path.iterdir() if it.name.startswith(".")]
    with pytest.raises(dq.UsageError, match="cannot tell the format"):
        report.save(tmp_path / "report.doc")
    with pytest.raises(dq.UsageError, match="is no format"):
        report.render("pdf")


def sheets(path):
    """Read a workbook as lists of rows, by sheet."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(path)
    try:
        return {it.title: [list(row) for row in it.iter_rows(values_only=True)] for it in book}
    finally:
        book.close()


def test_a_workbook_has_every_failing_row_of_a_frame(tmp_path):
    frame = {"a": ["=1", "=1", "2"], "b": ["x", None, "y"]}
    report = dq.validate(frame, RULES, show_values=True, sample_limit=1)
    report.save(tmp_path / "report.xlsx")
    found = sheets(tmp_path / "report.xlsx")
    assert list(found) == ["Summary", "All_Violations", "a", "b"]
    assert found["All_Violations"] == [
        ["table", "rule", "check", "severity", "key", "values"],
        ["data", "a", "shared", "high", '{"row":1}', '{"a":"=1"}'],
        ["data", "a", "shared", "high", '{"row":2}', '{"a":"=1"}'],
        ["data", "b", "missing", "low", '{"row":2}', '{"b":null}'],
    ]
    assert found["a"] == [["check", "severity", "row", "a"], ["shared", "high", 1, "=1"], ["shared", "high", 2, "=1"]]
    assert found["b"][1] == ["missing", "low", 2, None]
    names = found["Summary"][0]
    first = dict(zip(names, found["Summary"][1], strict=True))
    assert (first["rule"], first["violations"], first["rows_shown"], first["sheet"]) == ("a", 2, 2, "a")
    assert not [it for it in found["Summary"] if it[0] == "incomplete"]
    # No cell is a formula, neither now nor after somebody has edited it.
    openpyxl = pytest.importorskip("openpyxl")
    cell = openpyxl.load_workbook(tmp_path / "report.xlsx")["a"]["D2"]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)


def test_the_name_of_a_column_is_no_formula_in_a_workbook(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    names = ["=1+1", "+a", "-b", "@SUM(A1)", "plain"]
    rules = dq.Rule("none", *(dq.Check(f"c{number}", column=it, not_null=True) for number, it in enumerate(names)))
    report = dq.validate({it: [None] for it in names}, rules, show_values=True)
    report.save(tmp_path / "report.xlsx")
    header = openpyxl.load_workbook(tmp_path / "report.xlsx")["none"][1]
    assert [it.value for it in header] == ["check", "severity", "row", *names]
    assert {it.data_type for it in header} == {"s"}
    # What looks like a formula is marked, so that it is none after somebody has edited it.
    assert [it.quotePrefix for it in header] == [False, False, False, True, True, True, True, False]
    assert all(it.font.b for it in header)


def test_a_workbook_without_kept_rows_shows_the_samples_and_says_so(providers, tmp_path):
    rule = dq.Rule("npi", dq.Check("shared", unique=["npi"]), table="providers")
    dq.validate(providers, rule, sample_limit=1).save(tmp_path / "report.xlsx")
    found = sheets(tmp_path / "report.xlsx")
    assert found["npi"] == [["check", "severity", "id"], ["shared", "medium", 1]]
    assert [it[1] for it in found["Summary"] if it[0] == "incomplete"] == [
        "this workbook shows 1 of 2 failing rows: see the column rows_shown"
    ]
    dq.validate(providers, rule, sample_limit=1, violations=True).save(tmp_path / "report.xlsx")
    assert sheets(tmp_path / "report.xlsx")["npi"][1:] == [["shared", "medium", 1], ["shared", "medium", 2]]


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
