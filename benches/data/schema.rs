//! The three tables: how SQLite creates them, and the names of their columns in order.

pub(crate) const SCHEMA: &str = "
CREATE TABLE healthcare_providers (
    provider_id VARCHAR(50) PRIMARY KEY, npi_number VARCHAR(10), full_name VARCHAR(200) NOT NULL,
    first_name VARCHAR(100), last_name VARCHAR(100) NOT NULL, degree VARCHAR(50),
    specialty_primary VARCHAR(100), email VARCHAR(100), phone_number VARCHAR(20),
    license_number VARCHAR(50), license_state VARCHAR(2), license_expiry_date DATE,
    years_in_practice INTEGER, gender VARCHAR(10), birth_year INTEGER, graduation_year INTEGER,
    data_source VARCHAR(50) NOT NULL DEFAULT 'UNKNOWN', source_confidence DECIMAL(3,2) DEFAULT 0.50,
    record_status VARCHAR(20) DEFAULT 'ACTIVE', updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE healthcare_facilities (
    facility_id VARCHAR(50) PRIMARY KEY, facility_name VARCHAR(300) NOT NULL, facility_type VARCHAR(50),
    address_line1 VARCHAR(200), city VARCHAR(100), state_province VARCHAR(100), postal_code VARCHAR(20),
    phone VARCHAR(50), bed_count INTEGER, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE provider_facility_affiliations (
    affiliation_id INTEGER PRIMARY KEY, provider_id VARCHAR(50) NOT NULL, facility_id VARCHAR(50) NOT NULL,
    start_date DATE NOT NULL, end_date DATE, position_title VARCHAR(100),
    is_primary_affiliation BOOLEAN DEFAULT FALSE, employment_type VARCHAR(50)
);";

pub(crate) const INDEXES: &str = "
CREATE INDEX affiliations_by_provider ON provider_facility_affiliations (provider_id);
CREATE INDEX affiliations_by_facility ON provider_facility_affiliations (facility_id);
CREATE INDEX providers_by_update ON healthcare_providers (updated_at);
ANALYZE;";

pub(crate) const PROVIDER_COLUMNS: [&str; 20] = [
    "provider_id",
    "npi_number",
    "full_name",
    "first_name",
    "last_name",
    "degree",
    "specialty_primary",
    "email",
    "phone_number",
    "license_number",
    "license_state",
    "license_expiry_date",
    "years_in_practice",
    "gender",
    "birth_year",
    "graduation_year",
    "data_source",
    "source_confidence",
    "record_status",
    "updated_at",
];

pub(crate) const FACILITY_COLUMNS: [&str; 10] = [
    "facility_id",
    "facility_name",
    "facility_type",
    "address_line1",
    "city",
    "state_province",
    "postal_code",
    "phone",
    "bed_count",
    "updated_at",
];

pub(crate) const AFFILIATION_COLUMNS: [&str; 8] = [
    "affiliation_id",
    "provider_id",
    "facility_id",
    "start_date",
    "end_date",
    "position_title",
    "is_primary_affiliation",
    "employment_type",
];
