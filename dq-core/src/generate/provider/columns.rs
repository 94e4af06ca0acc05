//! The columns of `healthcare_providers`.

use crate::generate::provider::Provider;
use crate::generate::table::Column;

/// Columns that defects leave empty are not declared `NOT NULL`, and what defects share is not
/// declared `UNIQUE`: the database would refuse the rows.
#[rustfmt::skip]
pub(in crate::generate) const COLUMNS: &[Column<Provider>] = &[
    Column::text("provider_id", "VARCHAR(50) PRIMARY KEY", |it| Some(&it.provider_id)),
    Column::text("npi_number", "VARCHAR(10)", |it| it.npi.as_deref()),
    Column::text("full_name", "VARCHAR(200)", |it| it.full_name.as_deref()),
    Column::text("first_name", "VARCHAR(100)", |it| it.first_name),
    Column::text("last_name", "VARCHAR(100)", |it| it.last_name),
    Column::text("middle_initial", "VARCHAR(10)", |it| Some(it.middle_initial)),
    Column::text("name_suffix", "VARCHAR(20)", |_| None),
    Column::text("degree", "VARCHAR(50)", |it| Some(it.degree)),
    Column::text("specialty_primary", "VARCHAR(100)", |it| Some(it.specialty.name)),
    Column::text("specialty_secondary", "VARCHAR(100)", |it| it.secondary),
    Column::text("sub_specialty", "VARCHAR(100)", |it| it.sub_specialty),
    Column::text("email", "VARCHAR(100)", |it| it.email.as_deref()),
    Column::text("phone_number", "VARCHAR(20)", |it| it.phone.as_deref()),
    Column::text("license_number", "VARCHAR(50)", |it| Some(&it.license_number)),
    Column::text("license_state", "VARCHAR(2)", |it| Some(it.license_state)),
    Column::text("license_expiry_date", "DATE", |it| Some(&it.license_expiry)),
    Column::text("dea_number", "VARCHAR(20)", |it| it.dea.as_deref()),
    Column::text("board_certification", "VARCHAR(200)", |it| it.board.as_deref()),
    Column::integer("years_in_practice", "INTEGER", |it| Some(it.years.into())),
    Column::text("gender", "VARCHAR(10)", |it| Some(it.name.gender.as_str())),
    Column::integer("birth_year", "INTEGER", |it| Some(it.birth_year.into())),
    Column::text("medical_school", "VARCHAR(200)", |it| Some(it.school)),
    Column::integer("graduation_year", "INTEGER", |it| Some(it.graduation_year.into())),
    Column::text("data_source", "VARCHAR(50) NOT NULL DEFAULT 'UNKNOWN'", |it| Some(it.data_source)),
    Column::decimal("source_confidence", "DECIMAL(3,2) DEFAULT 0.50", |it| Some(it.confidence)),
    Column::text("last_updated", "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP", |it| Some(&it.updated)),
    Column::text("last_verified", "DATE", |it| Some(&it.verified)),
    Column::boolean("is_golden_record", "BOOLEAN DEFAULT FALSE", |it| Some(it.is_golden)),
    Column::text("record_status", "VARCHAR(20) DEFAULT 'ACTIVE'", |it| Some(it.status)),
    Column::text("created_by", "VARCHAR(50) DEFAULT 'SYSTEM'", |_| Some("SYSTEM")),
    Column::text("created_at", "TIMESTAMP DEFAULT CURRENT_TIMESTAMP", |it| Some(&it.created)),
    Column::text("updated_by", "VARCHAR(50) DEFAULT 'SYSTEM'", |_| Some("SYSTEM")),
    Column::text("updated_at", "TIMESTAMP DEFAULT CURRENT_TIMESTAMP", |it| Some(&it.updated)),
    Column::text("taxonomy_code", "VARCHAR(10)", |it| Some(&it.taxonomy_code)),
];
