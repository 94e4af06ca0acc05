"""Frames of other libraries: judged as they are, where they are."""

import asyncio
import datetime
import sys

import pytest

import dq

duckdb = pytest.importorskip("duckdb")
pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
pyarrow = pytest.importorskip("pyarrow")

RULES = [
    dq.Rule("a", dq.Check("shared", unique=["a"])),
    dq.Rule("b", dq.Check("missing", column="b", not_null=True)),
]
COLUMNS = {"a": [1, 1, 2], "b": ["x", None, "y"]}


@pytest.mark.parametrize("library", [pandas.DataFrame, polars.DataFrame, pyarrow.table])
def test_violations_are_joined_back_to_the_frame(library):
    frame = library(COLUMNS)
    report = dq.validate(frame, RULES)
    assert [it.violations for it in report.checks] == [2, 1]
    for found, rows in [
        (report.failing(frame), 2),
        (report.failing(frame, "b"), 1),
        (report.passing(frame), 1),
    ]:
        assert type(found) is type(frame)
        assert len(found) == rows
    with pytest.raises(dq.UsageError, match="not the frame"):
        report.failing(library({"a": [1], "b": ["x"]}))


def test_the_index_of_pandas_is_kept():
    frame = pandas.DataFrame(COLUMNS, index=["i", "j", "k"])
    report = dq.validate(frame, RULES)
    assert list(report.failing(frame, "b").index) == ["j"]
    assert list(report.mask("a", like=frame).index) == ["i", "j", "k"]


def test_every_library_gives_the_same_counts(hospitals, hospital_rules):
    expected = [it.violations for it in dq.validate(hospitals, hospital_rules).checks]
    frames = [
        pandas.read_csv(hospitals, dtype=str, keep_default_na=False, na_values=[""]),
        polars.read_csv(hospitals, infer_schema=False),
        duckdb.sql(f"SELECT * FROM read_csv('{hospitals}', all_varchar=true)"),
    ]
    frames.append(frames[1].to_arrow())
    for frame in frames:
        report = dq.validate(frame, hospital_rules)
        assert [it.violations for it in report.checks] == expected, type(frame)


def addresses(frame):
    """Where the numbers of the column `n` are when a custom check is given them."""
    found = []

    def look(rows):
        array = rows.to_arrow().column("n").chunk(0)
        found.append(array.buffers()[1].address + array.offset * 8)
        return [False] * rows.row_count

    dq.validate(frame, dq.Rule("n", dq.Check("look", columns=["n"], custom=look)), threads=1)
    return found


def test_numbers_of_pyarrow_and_polars_are_not_copied():
    table = pyarrow.table({"n": list(range(100_000))})
    outside = table.column("n").chunk(0).buffers()[1].address
    assert addresses(table) == [outside + 8 * row for row in range(0, 100_000, 8_192)]
    frame = polars.DataFrame({"n": list(range(1000))})
    assert addresses(frame) == [frame["n"].to_arrow().buffers()[1].address]
    numbers = pandas.DataFrame({"n": list(range(1000))})
    assert addresses(numbers) == [numbers["n"].to_numpy().ctypes.data]


def test_a_query_of_duckdb_runs_while_it_is_read():
    """Its threads need Python meanwhile, for the frame that it reads and the function that it calls."""
    numbers = pandas.DataFrame({"n": range(300_000), "t": [f"row {it}" for it in range(300_000)]})
    connection = duckdb.connect(config={"threads": 4})
    connection.create_function("half", lambda it: it // 2, ["BIGINT"], "BIGINT")
    connection.register("numbers", numbers)
    relation = connection.sql("SELECT half(n) AS n, t FROM numbers")
    report = dq.validate(relation, dq.Rule("n", dq.Check("shared", unique=["n"])))
    assert report.check("n", "shared").violations == 300_000
    connection.close()


def test_text_is_not_copied():
    text = "a text that is too long for a view"
    table = pyarrow.table({"t": pyarrow.array([text, None, text], pyarrow.large_string())})
    outside, found = table.column("t").chunk(0).buffers()[2].address, []

    def look(rows):
        found.append(rows.to_arrow().column("t").chunk(0).buffers()[2].address)
        return [it is None for it in rows.column("t")]

    report = dq.validate(table, dq.Rule("t", dq.Check("look", columns=["t"], custom=look)))
    assert report.check("t", "look").violations == 1
    assert found == [outside]


def test_results_are_handed_out_without_a_copy(tmp_path):
    with dq.connect(tmp_path / "a.db", create_if_missing=True) as database:
        result = database.query("SELECT 7 AS n UNION ALL SELECT 8")
    one, other = pyarrow.table(result), pyarrow.table(result.table())
    address = [it.column("n").chunk(0).buffers()[1].address for it in (one, other)]
    assert address[0] == address[1]
    assert polars.DataFrame(result)["n"].to_arrow().buffers()[1].address == address[0]
    assert duckdb.sql("SELECT sum(n) FROM one").fetchall() == [(15,)]


def test_a_column_of_mixed_types_becomes_text_and_says_so():
    for frame in [pandas.DataFrame({"m": [1, "x", None, 2.5]}), {"m": [1, "x", None, 2.5]}]:
        report = dq.validate(frame, dq.Rule("m", dq.Check("one", column="m", one_of=["1", "x"])))
        assert report.check("m", "one").violations == 1
        assert report.notes == ["the column `m` of `data` has values of several types: read as text"]


def test_types_of_pandas_are_read():
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5)
    frame = pandas.DataFrame(
        {
            "category": pandas.Categorical(["x", None]),
            "moment": [moment, pandas.NaT],
            "nullable": pandas.array([1, None], dtype="Int64"),
            "flag": [True, False],
            "number": [1.5, float("nan")],
            "day": [datetime.date(2026, 1, 2), None],
            7: ["a name", "that is no text"],
        }
    )
    columns = ["category", "moment", "nullable", "number", "day"]
    checks = [dq.Check(f"c_{it}", column=it, not_null=True) for it in [*columns, "7"]]
    report = dq.validate(frame, dq.Rule("it", *checks))
    assert [it.violations for it in report.checks] == [1, 1, 1, 1, 1, 0]
    report = dq.validate(frame, dq.Rule("it", dq.Check("moment", expression="moment >= DATE '2026-01-02'")))
    assert report.check("it", "moment").violations == 0
    assert (
        dq.validate(frame["flag"], dq.Rule("it", dq.Check("it", column="flag", one_of=[True])))
        .check("it", "it")
        .violations
        == 1
    )


def test_several_frames_are_tables_that_refer_to_each_other():
    frames = {"children": polars.DataFrame({"parent": [1, 2, 9]}), "parents": pandas.DataFrame({"id": [1, 2]})}
    check = dq.Check("known", references={"columns": ["parent"], "table": "parents", "key": ["id"]})
    report = dq.validate(frames, dq.Rule("parent", check, table="children"))
    assert report.check("parent", "known").violations == 1
    assert report.failing(frames["children"], table="children")["parent"].to_list() == [9]


def test_lists_and_empty_frames_are_frames():
    rule = dq.Rule("a", dq.Check("missing", column="a", not_null=True))
    assert dq.validate({"a": []}, rule).status == "not_applicable"
    assert dq.validate(polars.DataFrame({"a": []}, schema={"a": polars.Int64}), rule).status == "not_applicable"
    assert (
        dq.validate(pyarrow.table({"a": pyarrow.array([], pyarrow.string())}), rule).check("a", "missing").evaluated
        == 0
    )
    assert dq.validate(dq.Table({"a": [1, None]}), rule).check("a", "missing").violations == 1
    assert dq.validate(pyarrow.record_batch({"a": [1, None]}), rule).check("a", "missing").violations == 1
    with pytest.raises(dq.UsageError, match="has 1 rows, and others have 2"):
        dq.validate({"a": [1, 2], "b": [1]}, rule)


def test_a_column_that_cannot_be_read_is_named():
    frame = pyarrow.table({"tags": [[1], [2]], "a": [1, 2]})
    assert dq.validate(frame, dq.Rule("a", dq.Check("it", column="a", not_null=True))).passed
    with pytest.raises(dq.UnsupportedError, match="the column `tags` of `data`"):
        dq.validate(frame, dq.Rule("a", dq.Check("it", column="tags", not_null=True)))
    with pytest.raises(dq.RulesError, match="no column `nowhere`|`nowhere`"):
        dq.validate(frame, dq.Rule("a", dq.Check("it", column="nowhere", not_null=True)))


def test_a_capsule_that_fails_says_why():
    class Broken:
        def __arrow_c_stream__(self, requested_schema=None):
            raise ValueError("gone")

    with pytest.raises(dq.SourceError, match="gone") as raised:
        dq.validate(Broken(), RULES)
    assert isinstance(raised.value.__cause__, ValueError)


@pytest.mark.parametrize(("library", "extra"), [("pandas", "pandas"), ("pyarrow", "arrow"), ("polars", "polars")])
def test_a_library_that_is_not_there_is_named_with_its_extra(library, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    table = dq.Table({"a": [1]})
    convert = {"pandas": table.to_pandas, "pyarrow": table.to_arrow, "polars": table.to_polars}[library]
    with pytest.raises(dq.ExtraMissingError, match=rf"pip install 'dq\[{extra}\]'"):
        convert()


def test_pandas_without_pyarrow_names_the_extra(monkeypatch):
    frame = pandas.DataFrame(COLUMNS)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"pip install 'dq\[pandas\]'"):
        dq.validate(frame, RULES)


KEYED = {"id": ["b", "a", "c"], "n": [1, 1, 2], "part": [7, 8, 9]}


def test_a_frame_may_name_its_key():
    rule = dq.Rule("n", dq.Check("shared", unique=["n"]))
    report = dq.validate(KEYED, rule, key="id")
    assert [it["key"] for it in report.check("n", "shared").sample] == [{"id": "a"}, {"id": "b"}]
    found = report.violations()
    assert found.column("key") == ['{"id":"b"}', '{"id":"a"}']
    # Rows are found again all the same.
    assert found.column("row") == [0, 1]
    assert report.mask().column("violates") == [True, True, False]
    report = dq.validate(KEYED, rule, key=["part", "id"])
    assert report.check("n", "shared").sample[0]["key"] == {"part": 7, "id": "b"}
    assert asyncio.run(dq.validate_async(KEYED, rule, key="id")).check("n", "shared").sample[0]["key"] == {"id": "a"}


def test_rows_of_a_long_frame_with_a_key_are_found_again():
    failing = [5, 30_000, 99_999]
    frame = {"id": list(range(100_000)), "v": [None if it in failing else 1 for it in range(100_000)]}
    report = dq.validate(frame, dq.Rule("v", dq.Check("present", column="v", not_null=True)), key="id")
    assert report.violations().column("row") == failing
    assert [it for it, fails in enumerate(report.mask().column("violates")) if fails] == failing


def test_several_frames_name_the_keys_of_those_that_have_one():
    rules = [dq.Rule(it, dq.Check("shared", unique=["n"]), table=it) for it in ("one", "two")]
    report = dq.validate({"one": KEYED, "two": KEYED}, rules, key={"two": "id"})
    assert [it.sample[0]["key"] for it in report.checks] == [{"row": 1}, {"id": "a"}]


def test_a_key_that_makes_no_sense_is_refused(hospitals):
    rule = dq.Rule("n", dq.Check("shared", unique=["n"]))
    for source, key, told in [
        (KEYED, "nowhere", "its key `nowhere` is not one of its columns"),
        ({"one": KEYED, "two": KEYED}, "id", "`key` must say of which table: there are one, two"),
        (KEYED, {"other": "id"}, "`key` names the table `other`: there are data"),
        (hospitals, "id", "`key` is for frames"),
    ]:
        with pytest.raises(dq.UsageError, match=told):
            dq.validate(source, rule, key=key)


def test_objects_of_pandas_that_no_rule_reads_are_left_alone():
    frame = pandas.DataFrame({"id": [1, 2, 2], "mixed": pandas.Series([1, "a", {"b"}], dtype=object)})
    assert dq.validate(frame, dq.Rule("id", dq.Check("shared", unique=["id"]))).notes == []
    told = dq.validate(frame, dq.Rule("mixed", dq.Check("present", column="mixed", not_null=True))).notes
    assert told == ["the column `mixed` of `data` has values of several types: read as text"]
    by_key = dq.validate(frame, dq.Rule("id", dq.Check("shared", unique=["id"])), key="mixed")
    assert by_key.violations().column("key") == ['{"mixed":"a"}', '{"mixed":"{\'b\'}"}']
    with pytest.raises(dq.RulesError, match="mixt"):
        dq.validate(frame, dq.Rule("id", dq.Check("present", column="mixt", not_null=True)))
