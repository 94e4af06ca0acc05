"""The configuration of the earlier pipeline."""

import pipeline_world as world
import pytest

import dq
from dq.pipeline import DatabaseConfig, DatabaseManager, PipelineConfig, QueryExecutor

OLD = """
database: { path: data/database/veeva_opendata.db, echo_sql: false, connection_timeout: 30 }
quality_checks:
  enabled: true
  parallel_execution: true
  max_workers: 3
  batch_size: 10000
  thresholds: { completeness_minimum: 95, timeliness_maximum_days: 30 }
  validation_rules:
    provider_name_inconsistency: { enabled: true, confidence_threshold: 75, severity: HIGH }
    npi_validation: { enabled: true, check_format: true, check_duplicates: true, severity: CRITICAL }
    "affiliation_anomaly_(simplified_for_performance)": { max_facilities_p95: true, multi_state_flag: true }
    cross_reference_integrity: { enabled: false }
reporting:
business_rules:
  max_provider_facilities: 5
  specialty_rules: { Surgery: { typical_facilities: 1, max_patients_per_day: 10 } }
"""


@pytest.fixture
def path(tmp_path):
    return world.build(tmp_path / "world.db")


def config_of(tmp_path, text):
    file = tmp_path / "pipeline_config.yaml"
    file.write_text(text)
    return PipelineConfig(file)


def run(path, rule, **sections):
    config = PipelineConfig()
    config.update_config(sections)
    executor = QueryExecutor(DatabaseManager(DatabaseConfig(str(path))), config, None, False, as_of=world.AS_OF)
    return executor.execute_single_query(rule)


def checks(path, rule, **rule_options):
    sections = {"quality_checks": {"validation_rules": {rule: rule_options}}}
    return {name for name, count in run(path, rule, **sections).summary["checks"].items() if count}


def test_the_file_of_old_is_read(tmp_path, caplog):
    with caplog.at_level("WARNING", "dq.pipeline"):
        config = config_of(tmp_path, OLD)
    assert config.get_rule_severity(world.NPI) == "CRITICAL"
    assert config.get_rule_severity("unknown") == "MEDIUM"
    assert config.is_rule_enabled(world.NPI) is True
    assert config.is_rule_enabled(world.CROSS) is False
    assert config.is_rule_enabled("unknown") is False
    assert config.get_validation_rule_config(world.AFFILIATED).multi_state_flag is True
    assert config.get_validation_rule_config("unknown") is None
    assert config.get_specialty_rules("Surgery") == {"typical_facilities": 1, "max_patients_per_day": 10}
    assert config.get_specialty_rules("none") == {}
    assert (config.performance.max_workers, config.performance.query_timeout_seconds) == (3, 300)
    assert config.quality_thresholds.completeness_minimum == 95
    # A section that says nothing has its defaults.
    assert config.reporting.formats == ["xlsx", "html", "json"]
    assert config.get_database_path() == "data/database/veeva_opendata.db"
    # What has no effect is said.
    assert "`business_rules.specialty_rules` has no effect" in config.notes
    assert "confidence_threshold` has no effect" in caplog.text


def test_an_empty_or_a_missing_file_means_the_defaults(tmp_path, caplog):
    assert config_of(tmp_path, "").business_rules.max_provider_facilities == 5
    with caplog.at_level("WARNING", "dq.pipeline"):
        assert PipelineConfig(tmp_path / "nowhere.yaml").config_data == {}
    assert "nowhere.yaml" in caplog.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [1", "pipeline_config.yaml:"),
        ("- a", "is a mapping of sections"),
        ("business_rules: 5", "`business_rules`: expected a mapping"),
        ("business_rules: { max_provider_facilites: 5 }", "did you mean `business_rules.max_provider_facilities`"),
        (
            "business_rules: { max_provider_facilities: many }",
            "`business_rules.max_provider_facilities`: expected a whole",
        ),
        ("quality_checks: { validation_rules: { npi_validation: { check_form: true } } }", "check_format"),
        ("quality_checks: { validation_rules: { npi_validation: { check_format: 1 } } }", "expected true or false"),
        ("quality_checks: { validation_rules: { npi_validation: { severity: BAD } } }", "is no severity"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_path(tmp_path, text, told):
    with pytest.raises(dq.ConfigError) as raised:
        config_of(tmp_path, text)
    assert told in str(raised.value)


def test_unknown_sections_are_noted(tmp_path):
    config = config_of(tmp_path, "quality_check: { max_workers: 2 }")
    assert config.notes == ["`quality_check` is not known; did you mean `quality_checks`?"]
    config.update_config({"quality_checks": {"max_worker": 3}})
    assert config.notes[-1] == "`quality_checks.max_worker` is not known; did you mean `quality_checks.max_workers`?"


def test_it_is_written_and_read_again(tmp_path):
    config = config_of(tmp_path, OLD)
    config.update_config({"quality_checks": {"max_workers": 9}, "mine": {"list": ["a b", {"c": None}], "text": "no"}})
    config.save_config(tmp_path / "saved.yaml")
    saved = PipelineConfig(tmp_path / "saved.yaml")
    assert saved.performance.max_workers == 9
    assert saved.validation_rules == config.validation_rules
    assert saved.config_data["mine"] == {"list": ["a b", {"c": None}], "text": "no"}
    assert saved.to_dict() == config.to_dict()
    made = PipelineConfig.create_default_config(tmp_path / "new/default.yaml")
    assert made.performance.memory_limit_mb == 2048
    assert (tmp_path / "new/default.yaml").exists()


def test_an_update_that_makes_no_sense_changes_nothing():
    config = PipelineConfig()
    with pytest.raises(dq.ConfigError):
        config.update_config({"performance": {"max_workers": "many"}})
    assert config.performance.max_workers == 4


def test_switches_of_rules_choose_their_checks(path):
    assert checks(path, world.NPI, check_format=False) == {"missing", "shared"}
    assert "shared" not in checks(path, world.NPI, check_duplicates=False)
    assert not {it for it in checks(path, world.TIME, check_age_ranges=False) if it.startswith(("birth", "graduation"))}
    assert not {it for it in checks(path, world.TIME, check_career_timeline=False) if it.startswith("years")}
    found = checks(path, world.CROSS, check_orphaned_records=False)
    assert found == {"provider_without_affiliation", "facility_without_affiliation"}


def test_bounds_of_business_rules_are_those_of_the_rules(path):
    def count(rule, check, **bounds):
        return run(path, rule, business_rules=bounds).summary["checks"].get(check)

    assert count(world.AFFILIATED, "too_many") == 1
    assert count(world.AFFILIATED, "too_many", max_provider_facilities=11) == 0
    # `many`, and those with a second affiliation.
    assert count(world.AFFILIATED, "too_many", max_provider_facilities=1) == 4
    assert count(world.TIME, "graduation_too_early", min_graduation_age=5) == 0
    # All graduated at 26, but those that differ.
    assert count(world.TIME, "graduation_too_late", max_graduation_age=25) == len(world.DEFECTS) - 5
    assert count(world.TIME, "years_too_many", max_career_years=19) == len(world.DEFECTS) - 2
    assert count(world.TIME, "years_too_few") is None
    assert count(world.TIME, "years_too_few", min_career_years=2) == 2
    assert run(path, world.TIME, business_rules={"min_career_years": 2}).result.success


def test_the_95th_percentile_and_the_states_are_told_by_the_data(tmp_path):
    homes = [(f"p{it}", {}, world.HOME, []) for it in range(38)]
    several = [("F1", "2020-01-01", None, 1), ("F99", "2020-01-01", None, 0), ("F2", "2020-01-01", None, 0)]
    path = world.build(tmp_path / "w.db", defects=[*homes, ("two", {}, several[:2], []), ("three", {}, several, [])])
    options = {"max_facilities_p95": True, "multi_state_flag": True}
    it = run(path, world.AFFILIATED, quality_checks={"validation_rules": {world.AFFILIATED: options}})
    # Of 41 counts, GHOST among them, the 39th is 2.
    assert it.result.data["provider_id"].tolist() == ["three"]
    assert it.summary["multi_state_providers"] == 2
    assert "multi_state_providers" not in run(path, world.AFFILIATED).summary


def test_a_disabled_rule_has_no_rows_and_is_no_failure(path):
    it = run(path, world.NPI, quality_checks={"validation_rules": {world.NPI: {"enabled": False}}})
    assert (it.enabled, it.result.success, it.result.row_count) == (False, True, 0)
    assert it.result.error_message == "Rule disabled in configuration"
    it = run(path, world.NPI, quality_checks={"enabled": False})
    assert it.enabled is False


def test_other_rules_of_the_pack_run_if_they_are_named(path):
    it = run(path, "license_validation", quality_checks={"validation_rules": {"license_validation": {"enabled": True}}})
    assert (it.result.success, it.result.row_count) == (True, 0)
    with pytest.raises(dq.NotFoundError):
        run(path, "license_validation")
