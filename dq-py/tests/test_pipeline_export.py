"""Results of the earlier pipeline as files."""

import csv
import html
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import openpyxl
import pandas
import pipeline_world as world
import pytest

import dq
from dq.pipeline import (
    DatabaseConfig,
    DatabaseManager,
    PipelineConfig,
    QueryExecutor,
    QueryResult,
    ValidationQueryResult,
)
from dq.pipeline.result import now


@pytest.fixture
def run(tmp_path):
    path = world.build(tmp_path / "world.db")
    return QueryExecutor(DatabaseManager(DatabaseConfig(str(path))), PipelineConfig(), None, False, as_of=world.AS_OF)


def export(run, tmp_path, results, *formats):
    paths = run.export_query_results(results, tmp_path / "out", list(formats))
    assert list(paths) == list(formats)
    assert all(
        re.fullmatch(rf"validation_results_\d{{8}}_\d{{6}}\.{it}", Path(path).name) for it, path in paths.items()
    )
    return [Path(it) for it in paths.values()]


def test_a_workbook_has_a_summary_all_violations_and_a_sheet_for_each_rule(run, tmp_path):
    results = run.execute_all_queries()
    (path,) = export(run, tmp_path, results, "xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Summary", "All_Violations", *results]
    summary = list(book["Summary"].values)
    assert summary[0] == (
        "rule_name",
        "enabled",
        "severity",
        "success",
        "violation_count",
        "execution_time_seconds",
        "execution_timestamp",
        "error_message",
    )
    assert {row[0]: row[4] for row in summary[1:]} == {name: it.result.row_count for name, it in results.items()}
    violations = list(book["All_Violations"].values)
    assert len(violations) == 1 + sum(it.result.row_count for it in results.values())
    names = violations[0]
    first = dict(zip(names, violations[1], strict=True))
    assert (first["validation_rule"], first["severity"], first["rule_severity"]) == (world.NAME, "CRITICAL", "MEDIUM")
    sheet = list(book[world.NPI].values)
    assert list(sheet[0]) == results[world.NPI].result.columns
    assert [row[1] for row in sheet[1:]] == results[world.NPI].result.data["provider_id"].tolist()
    # An NPI is text, and keeps its digits.
    assert book[world.NPI]["C4"].data_type == "s"


def test_long_and_strange_names_of_rules_have_sheets(run, tmp_path):
    names = ["a" * 40, "a" * 40 + "b", "what/is[this]?"]
    run.validation_queries = dict.fromkeys(names, "SELECT '=1+1' AS provider_id")
    (path,) = export(run, tmp_path, run.execute_all_queries(), "xlsx")
    book = openpyxl.load_workbook(path)
    assert len(book.sheetnames) == 5
    assert all(len(it) <= 31 for it in book.sheetnames)
    assert book[book.sheetnames[2]]["A2"].value == "=1+1"
    assert book[book.sheetnames[2]]["A2"].data_type == "s"


def test_csv_has_one_header_over_all_rules_and_the_severities_of_rows(run, tmp_path):
    results = run.execute_all_queries()
    (path,) = export(run, tmp_path, results, "csv")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(it.result.row_count for it in results.values())
    missing = [row for row in rows if row["issue_description"] == "Missing NPI number"]
    assert [(row["severity"], row["rule_severity"]) for row in missing] == [("CRITICAL", "MEDIUM")] * 2
    assert {row["entity_id"] for row in rows if row["validation_rule"] == world.CROSS} == {
        "GHOST",
        "GONE",
        "F99",
        "nowhere",
    }


def test_a_rule_that_failed_is_in_every_file(run, tmp_path):
    run.validation_queries = {"good": "SELECT 1 AS provider_id WHERE 0", "bad": "SELECT * FROM nowhere"}
    results = run.execute_all_queries()
    workbook, sheet, document, page = export(run, tmp_path, results, "xlsx", "csv", "json", "html")
    assert "No violations found" not in sheet.read_text()
    with sheet.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["validation_rule"], row["severity"]) == ("bad", "ERROR")
    assert "no such table" in row["error_message"]
    told = json.loads(document.read_text())
    assert (told["summary"]["successful_queries"], told["summary"]["failed_queries"]) == (1, 1)
    assert "no such table" in told["results"]["bad"]["error_message"]
    assert "no such table" in html.unescape(page.read_text())
    book = openpyxl.load_workbook(workbook)
    assert [row[3] for row in book["Summary"].values] == ["success", True, False]
    assert "no such table" in [row[7] for row in book["Summary"].values][2]


def test_no_violations_are_told_in_words(run, tmp_path):
    run.validation_queries = {"good": "SELECT 1 AS provider_id WHERE 0"}
    sheet, document = export(run, tmp_path, run.execute_all_queries(), "csv", "json")
    assert sheet.read_text().split() == ["message", "No", "violations", "found"]
    assert json.loads(document.read_text())["summary"]["total_violations"] == 0


def test_json_has_no_values_that_json_does_not_know(run, tmp_path):
    run.validation_queries["numbers"] = "SELECT NULL AS a, 1.5 AS b, 9e999 AS c, -9e999 AS d, 'é' AS provider_id"
    (path,) = export(run, tmp_path, {"numbers": run.execute_single_query("numbers")}, "json")

    def refuse(constant):
        raise AssertionError(constant)

    told = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert told["results"]["numbers"]["violations"] == [{"a": None, "b": 1.5, "c": None, "d": None, "provider_id": "é"}]


def test_json_tells_both_severities_and_the_cache(run, tmp_path):
    results = run.execute_all_queries()
    (path,) = export(run, tmp_path, results, "json")
    told = json.loads(path.read_text())
    assert set(told) == {"execution_timestamp", "summary", "results"}
    total = sum(it.result.row_count for it in results.values())
    assert told["summary"]["severity_distribution"] == {"MEDIUM": total}
    by_row = told["summary"]["row_severity_distribution"]
    assert sum(by_row.values()) == total
    assert list(by_row) == ["CRITICAL", "HIGH", "MEDIUM", "LOW"]
    assert set(told["summary"]["cache_performance"]) == {"hit_rate", "total_hits", "memory_entries", "disk_entries"}
    npi = told["results"][world.NPI]
    assert (npi["violation_count"], len(npi["violations"]), npi["success"], npi["cached"]) == (8, 8, True, False)


def test_frames_that_a_caller_made_are_exported_too(run, tmp_path):
    frame = pandas.DataFrame({"provider_id": ["a", None], "n": [1, float("nan")], "severity": ["INFO", "HIGH"]})
    result = QueryResult(frame, 0.1, 2, list(frame.columns), "by hand")
    results = {"mine": ValidationQueryResult("mine", "by hand", result, "LOW", True, now())}
    workbook, sheet, document, page = export(run, tmp_path, results, "xlsx", "csv", "json", "html")
    assert json.loads(document.read_text())["results"]["mine"]["violations"] == [
        {"provider_id": "a", "n": 1.0, "severity": "INFO"},
        {"provider_id": None, "n": None, "severity": "HIGH"},
    ]
    assert len(sheet.read_text().splitlines()) == 3
    assert openpyxl.load_workbook(workbook)["mine"].max_row == 3
    assert "<td>HIGH" in page.read_text()


def test_the_page_escapes_what_it_shows(run, tmp_path):
    run.validation_queries = {"<b>": "SELECT '<script>alert(1)</script>' AS provider_id"}
    (path,) = export(run, tmp_path, run.execute_all_queries(), "html")
    text = path.read_text()
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "&lt;b&gt;" in text


def test_other_formats_and_folders_that_cannot_be_written_are_errors(run, tmp_path):
    results = {world.NPI: run.execute_single_query(world.NPI)}
    with pytest.raises(dq.UsageError, match="`pdf`"):
        run.export_query_results(results, tmp_path, ["csv", "pdf"])
    (tmp_path / "file").write_text("")
    with pytest.raises(dq.WriteError, match="file"):
        run.export_query_results(results, tmp_path / "file", ["csv"])
    assert not list(tmp_path.glob("*.csv"))


def test_the_private_names_that_callers_used_are_there(run):
    results = run.execute_all_queries()
    frame = run._create_summary_dataframe(results)
    assert frame["violation_count"].sum() == run._create_summary_dict(results)["total_violations"]
    summary = run._generate_query_summary(results[world.CONTACT].result.data, world.CONTACT)
    assert summary["total_violations"] == results[world.CONTACT].result.row_count
    queries = run._extract_ai_enhanced_queries("-- Query 1: One Two\nSELECT 1;\n-- Query 2: b\nSELECT 2", "x.sql")
    assert queries == {"one_two": "SELECT 1", "b": "SELECT 2"}


def test_the_workbook_is_a_zip_that_others_open(run, tmp_path):
    (path,) = export(run, tmp_path, run.execute_all_queries(), "xlsx")
    assert subprocess.run(["python3", "-m", "zipfile", "-t", path], check=True, capture_output=True).returncode == 0


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="all files have names here")
@pytest.mark.parametrize("form", ["csv", "json", "html"])
def test_not_even_a_process_that_is_killed_leaves_a_part_of_a_file(form, python, tmp_path):
    program = """
import datetime, os, signal, sys
import dq
from dq.pipeline import DatabaseConfig, DatabaseManager, PipelineConfig, QueryExecutor, QueryResult, ValidationQueryResult

class Deadly:
    def __str__(self):
        os.kill(os.getpid(), signal.SIGKILL)

wrong = QueryResult(dq.Table({}), 0.0, 0, [], "", False, Deadly())
results = {"a": ValidationQueryResult("a", "", wrong, "ERROR", True, datetime.datetime.now(datetime.timezone.utc))}
QueryExecutor(DatabaseManager(DatabaseConfig("a.db")), PipelineConfig()).export_query_results(results, "out", sys.argv[1:])
"""
    ended = python(program, form, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert list((tmp_path / "out").iterdir()) == []
