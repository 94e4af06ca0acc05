"""The scores of the earlier pipeline."""

import os
from pathlib import Path

import pandas
import pytest

import dq
from dq.pipeline import DataQualityCalculator, QualityMetrics
from dq.pipeline.result import now

TODAY = now().date()


@pytest.fixture
def frame():
    return pandas.DataFrame(
        {
            "provider_id": ["a", "b", "c", "c"],
            "npi_number": ["1234567893", "12", None, "1234567893"],
            "email": ["a@b.org", "bad", "c@d.org", None],
            "birth_year": [1970, 1900, 1980, 1990],
            "graduation_year": [1995, 1925, 1990, None],
            "gender": ["Male", "m", None, "Female"],
            "last_updated": [f"{TODAY} 10:00:00", "2001-01-01", None, str(TODAY)],
        }
    )


calculator = DataQualityCalculator()


def test_completeness_counts_cells(frame):
    assert calculator.calculate_completeness(frame) == pytest.approx(100 * (1 - 5 / 28))
    assert calculator.calculate_completeness(frame, ["npi_number"]) == 75
    assert calculator.calculate_completeness(frame, ["npi_number", "missing"]) == 37.5
    assert calculator.calculate_completeness(frame.iloc[:0]) == 0


def test_consistency_counts_values_of_rules(frame):
    assert calculator.calculate_consistency(frame) == 100
    rules = {"categorical_consistency": {"gender": ["Male", "Female"]}}
    assert calculator.calculate_consistency(frame, rules) == pytest.approx(100 * 2 / 3)
    rules["name_format"] = "provider_id"
    assert calculator.calculate_consistency(frame, rules) == pytest.approx(100 * 6 / 7)
    assert calculator.calculate_consistency(frame, {"phone_format": {"provider_id": "^[ab]$"}}) == 50
    with pytest.raises(dq.UsageError, match="`fone_format`"):
        calculator.calculate_consistency(frame, {"fone_format": "x"})


def test_accuracy_does_not_depend_on_the_order_of_rules(frame):
    # Of 10 values that are judged, an e-mail address, an NPI and a year are wrong.
    assert calculator.calculate_accuracy(frame) == 70
    rules = {"gender": "^(Male|Female)$", "provider_id": {"one_of": ["a", "b"]}}
    assert calculator.calculate_accuracy(frame, rules) == pytest.approx(100 * (1 - 6 / 17))
    assert calculator.calculate_accuracy(frame, dict(reversed(rules.items()))) == pytest.approx(100 * (1 - 6 / 17))
    assert calculator.calculate_accuracy(frame, {"birth_year": None}) == pytest.approx(100 * 4 / 6)


def test_timeliness_counts_rows_that_were_updated_lately(frame):
    assert calculator.calculate_timeliness(frame) == 50
    assert calculator.calculate_timeliness(frame, max_age_days=36_500) == 75
    assert calculator.calculate_timeliness(frame, "missing") == 100
    frame["last_updated"] = pandas.to_datetime(["2001-01-01", str(TODAY), None, str(TODAY)])
    assert calculator.calculate_timeliness(frame) == 50


def test_uniqueness_is_the_mean_of_the_keys(frame):
    assert calculator.calculate_uniqueness(frame, ["provider_id"]) == 75
    # Three of four, two of four, three of four.
    assert calculator.calculate_uniqueness(frame) == pytest.approx((75 + 50 + 75) / 3)
    assert calculator.calculate_uniqueness(frame, ["missing"]) == 100


def test_validity_counts_rows_of_rules(frame):
    assert calculator.calculate_validity(frame) == 100
    assert calculator.calculate_validity(frame, {"value_ranges": {"birth_year": (1920, 2000)}}) == 75
    assert calculator.calculate_validity(frame, {"cross_field_rules": True}) == 75
    assert calculator.calculate_validity(frame, {"required_combinations": [["npi_number", "email"]]}) == 50
    rules = {"cross_field_rules": ["birth_year < graduation_year"], "value_ranges": {"birth_year": (1920, 2000)}}
    assert calculator.calculate_validity(frame, rules) == 87.5
    with pytest.raises(dq.UsageError, match="`ranges`"):
        calculator.calculate_validity(frame, {"ranges": {}})


def test_the_overall_score_is_weighted(frame):
    metrics = calculator.calculate_overall_quality(frame)
    parts = [metrics.completeness, metrics.consistency, metrics.accuracy, metrics.timeliness]
    expected = [0.25, 0.20, 0.25, 0.10]
    total = sum(score * weight for score, weight in zip(parts, expected, strict=True))
    assert metrics.overall_score == pytest.approx(total + 0.15 * metrics.uniqueness + 0.05 * metrics.validity)
    unique = {it: 0.0 for it in calculator.weights if it != "uniqueness"}
    metrics = DataQualityCalculator(unique).calculate_overall_quality(frame, key_columns=["provider_id"])
    assert metrics.overall_score == 75
    with pytest.raises(TypeError, match="key_column"):
        calculator.calculate_overall_quality(frame, key_column=["provider_id"])


@pytest.mark.parametrize(("score", "grade"), [(95, "A"), (94.9, "B"), (85, "B"), (75, "C"), (65, "D"), (64.9, "F")])
def test_grades(score, grade):
    assert QualityMetrics(1, 1, 1, 1, 1, 1, score).get_grade() == grade


def test_a_report_has_advice_for_what_is_low():
    report = calculator.generate_quality_report(QualityMetrics(99, 100, 100, 100, 60, 100, 93))
    assert set(report) == {"summary", "dimensions", "recommendations", "weights_used", "thresholds_used"}
    assert (report["summary"]["grade"], report["summary"]["meets_threshold"]) == ("B", True)
    assert report["recommendations"] == ["Merge records that have the same keys"]
    assert report["weights_used"]["completeness"] == 0.25


def test_the_scores_of_the_reference_data():
    folder = os.environ.get("DQ_ORIGIN_DATA")
    if folder is None:
        pytest.skip("DQ_ORIGIN_DATA names no folder with the reference data")
    for table, completeness, uniqueness in (
        ("healthcare_providers", 92.92, 69.73),
        ("healthcare_facilities", 96.01, 100),
        ("provider_facility_affiliations", 92.70, 66.64),
    ):
        frame = pandas.read_parquet(Path(folder, f"{table}.parquet"))
        metrics = calculator.calculate_overall_quality(frame, max_age_days=36_500)
        assert metrics.completeness == pytest.approx(completeness, abs=0.005)
        assert metrics.uniqueness == pytest.approx(uniqueness, abs=0.005)
        assert (metrics.consistency, metrics.accuracy, metrics.timeliness, metrics.validity) == (100, 100, 100, 100)
