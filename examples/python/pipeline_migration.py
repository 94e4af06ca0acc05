"""A program of the earlier pipeline: only its imports have changed."""

import tempfile
from pathlib import Path

import dq

# Before: from python.config.database_config import DatabaseConfig, and so on.
from dq.pipeline import DatabaseConfig, DatabaseManager, PipelineConfig, QueryExecutor

TABLES = [
    "CREATE TABLE healthcare_providers (provider_id TEXT, npi_number TEXT, full_name TEXT, first_name TEXT,"
    " last_name TEXT, email TEXT, phone_number TEXT, license_expiry_date DATE, record_status TEXT)",
    "CREATE TABLE healthcare_facilities (facility_id TEXT, facility_name TEXT)",
    "CREATE TABLE provider_facility_affiliations (provider_id TEXT, facility_id TEXT, start_date DATE,"
    " end_date DATE, is_primary_affiliation INTEGER)",
    "INSERT INTO healthcare_providers VALUES"
    " ('P1', '1234567893', 'Ann Lee', 'Ann', 'Lee', 'ann@clinic.org', '(212) 555-0101', '2027-06-30', 'ACTIVE'),"
    " ('P2', NULL, 'Bob Low', 'Bob', 'Low', 'ANN@clinic.org', '212.555.0102', '2027-06-30', 'ACTIVE'),"
    " ('P3', '1245319599', 'Eva Test', 'Eva', 'Test', NULL, '+1 212 555 0103', '01/31/2020', 'ACTIVE')",
    "INSERT INTO healthcare_facilities VALUES ('F1', 'Clinic')",
    "INSERT INTO provider_facility_affiliations VALUES"
    " ('P1', 'F1', '2020-01-01', NULL, 1), ('P2', 'F1', '2020-01-01', '2021-01-01', 1),"
    " ('P3', 'F1', '2020-01-01', NULL, 1)",
]


def main() -> None:
    """Run every rule over a small database, and export what they find."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "providers.db")
        with dq.connect(path, create_if_missing=True) as db:
            for sql in TABLES:
                db.execute(sql)

        manager = DatabaseManager(DatabaseConfig(str(path)))
        executor = QueryExecutor(manager, PipelineConfig(), as_of="2026-11-23")
        results = executor.execute_all_queries(parallel=True)
        for name, it in results.items():
            print(f"{name}: {it.summary['total_violations']}", it.result.data["issue_description"].tolist())

        for form, exported in executor.export_query_results(results, folder, ["xlsx", "csv", "json", "html"]).items():
            print(form, Path(exported).stat().st_size > 0)
        manager.close()


if __name__ == "__main__":
    main()
