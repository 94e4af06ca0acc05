//! The healthcare pack: every condition that it speaks of fires on a table made for it, and on no other.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use dq_core::packs::Pack;
use dq_core::source::memory::MemorySource;
use dq_core::validate::{Report, Status, ValidateOptions, validate};
use dq_core::value::Date;

use crate::run::wait;

/// Columns, and values by row; `-` is NULL.
type Rows<'a> = (&'a [&'a str], &'a [&'a [&'a str]]);

const FACILITIES: Rows<'_> = (&["facility_id"], &[&["F1"], &["F2"]]);

fn batch((columns, rows): Rows<'_>) -> RecordBatch {
    let arrays = columns.iter().enumerate().map(|(position, name)| {
        let values = rows.iter().map(|row| Some(row[position]).filter(|it| *it != "-"));
        (*name, Arc::new(values.collect::<StringArray>()) as ArrayRef)
    });
    RecordBatch::try_from_iter(arrays).unwrap()
}

fn source(providers: Rows<'_>, facilities: Rows<'_>, affiliations: Rows<'_>) -> MemorySource {
    MemorySource::new("memory")
        .table("healthcare_providers", vec![batch(providers)])
        .and_then(|it| it.table("healthcare_facilities", vec![batch(facilities)]))
        .and_then(|it| it.table("provider_facility_affiliations", vec![batch(affiliations)]))
        .unwrap()
}

fn run(source: &MemorySource, parameters: &[(&str, &str)]) -> Report {
    let parameters = parameters.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let rules = Pack::Healthcare.rules(&parameters.collect::<BTreeMap<_, _>>()).unwrap();
    let as_of = Date::from_civil(2026, 1, 1);
    wait(validate(source, &rules, &ValidateOptions { as_of, ..ValidateOptions::default() }))
        .unwrap()
}

/// The numbers of the rows that a check found, from 1.
fn rows_of(report: &Report, name: &str) -> Vec<u64> {
    let (rule, check) = name.split_once('/').unwrap();
    let rule = report.rules.iter().find(|it| it.id == rule).unwrap();
    let check = rule.checks.iter().find(|it| it.id == check).unwrap();
    assert_eq!(check.error, None, "{name}");
    check.sample.iter().map(|it| it.key["row"].as_u64().unwrap()).collect()
}

#[track_caller]
fn assert_rows(report: &Report, expected: &[(&str, &[u64])]) {
    for (name, rows) in expected {
        assert_eq!(rows_of(report, name), *rows, "{name}");
    }
}

/// Providers with these columns, each with an affiliation that is as it must be.
fn providers(columns: &[&str], rows: &[&[&str]]) -> Report {
    let mut all = vec!["provider_id", "npi_number", "full_name"];
    all.retain(|it| !columns.contains(it));
    let fixed = all.len();
    all.extend(columns);
    let ids: Vec<_> = (1..=rows.len()).map(|it| format!("P{it}")).collect();
    let rows = rows.iter().zip(&ids).map(|(row, id)| {
        let defaults = [("provider_id", id.as_str()), ("npi_number", "-"), ("full_name", "-")];
        let default = |name: &&str| defaults.iter().find(|it| it.0 == *name).unwrap().1;
        all[..fixed].iter().map(default).chain(row.iter().copied()).collect::<Vec<_>>()
    });
    let rows: Vec<_> = rows.collect();
    let rows: Vec<_> = rows.iter().map(Vec::as_slice).collect();
    let links = (&["provider_id", "facility_id", "start_date"][..], &[][..]);
    run(&source((&all, &rows), FACILITIES, links), &[])
}

#[test]
fn names_agree_word_by_word_without_case_and_punctuation() {
    let report = providers(
        &["full_name", "first_name", "last_name"],
        &[
            &["Dr. ANN B. O'BRIEN, MD", "Ann", "O’Brien"],
            &["JOSÉ MARTÍNEZ", "José", "Martínez"],
            &["Joanna Leeds", "Ann", "Lee"],
            &["Bob Smith", "B_b", "Sm%"],
            &["-", "Ann", "Lee"],
            &["  ", "Ann", "Lee"],
            &["Ann Lee", "-", " "],
            &["Ann Lee", "-", "Lee"],
            &["Maria Testa", "Maria", "Testa"],
            &["Test Provider", "Test", "Provider"],
            &["(sample)", "-", "sample"],
            &[" Ann Lee", "Ann", "Lee"],
            &["Ann\u{7}Lee", "Ann", "Lee"],
        ],
    );
    assert_rows(
        &report,
        &[
            ("provider_name_inconsistency/full_name_missing", &[5, 6]),
            ("provider_name_inconsistency/parts_missing", &[7]),
            ("provider_name_inconsistency/first_name_differs", &[3, 4]),
            ("provider_name_inconsistency/last_name_differs", &[3, 4]),
            ("provider_name_inconsistency/suspicious_word", &[10, 11]),
            ("provider_name_inconsistency/untrimmed", &[12]),
            ("provider_name_inconsistency/control_character", &[13]),
        ],
    );
}

#[test]
fn an_npi_is_counted_by_the_check_that_says_what_is_wrong() {
    let report = providers(
        &["npi_number", "record_status"],
        &[
            &["1234567893", "ACTIVE"],
            &["-", "ACTIVE"],
            &["  ", "ACTIVE"],
            &["12345abcde", "ACTIVE"],
            &["123456789", "ACTIVE"],
            &["1234567890", "ACTIVE"],
            &["3234567899", "ACTIVE"],
            &["1245319599", "ACTIVE"],
            &["1245319599", "-"],
            &["1234567893", "MERGED"],
        ],
    );
    assert_rows(
        &report,
        &[
            ("npi_validation/missing", &[2, 3]),
            ("npi_validation/malformed", &[4, 5]),
            ("npi_validation/first_digit", &[7]),
            ("npi_validation/check_digit", &[6]),
            ("npi_validation/shared", &[8, 9]),
        ],
    );
}

#[test]
fn years_and_days_are_judged_by_whoever_knows_what_is_wrong() {
    let columns = ["birth_year", "graduation_year", "years_in_practice", "license_expiry_date"];
    let report = providers(
        &columns,
        &[
            &["1970", "1996", "29", "2027-06-30"],
            &["-", "-", "-", "2025-12-31"],
            &["1850", "1876", "3", "-"],
            &["1910", "1936", "3", ""],
            &["2012", "2030", "0", "01/01/2026"],
            &["1970", "1987", "-1", "12/31/2025"],
            &["1950", "2001", "24", "31.12.2030"],
            &["1970", "-", "36", "2036-01-01"],
            &["1970", "1996", "61", "2036-01-03"],
            &["-", "-", "70", "2026-01-01"],
        ],
    );
    assert_rows(
        &report,
        &[
            ("temporal_consistency/birth_year_impossible", &[3, 5]),
            ("temporal_consistency/birth_year_unlikely", &[4]),
            ("temporal_consistency/graduation_too_early", &[6]),
            ("temporal_consistency/graduation_too_late", &[7]),
            ("temporal_consistency/years_negative", &[6]),
            ("temporal_consistency/years_impossible", &[9]),
            ("temporal_consistency/years_too_many", &[9, 10]),
            ("temporal_consistency/license_expired", &[2, 6]),
            ("temporal_consistency/license_too_far", &[9]),
            ("temporal_consistency/license_date_unreadable", &[7]),
        ],
    );
}

#[test]
fn contacts_are_real_addresses_and_numbers() {
    let report = providers(
        &["email", "phone_number"],
        &[
            &["ann@clinic.org", "(212) 555-0123"],
            &["-", "212.555.0123"],
            &["  ", "+1 212 555 0123 ext. 12"],
            &["@.", "-"],
            &["bo@contest.com", "abcdefghij"],
            &["test_user@clinic.org", "555-0123"],
            &["ANN@Clinic.org", "12125550123x4"],
            &["x@example.com", "  "],
        ],
    );
    assert_rows(
        &report,
        &[
            ("contact_validation/email_missing", &[2, 3]),
            ("contact_validation/email_malformed", &[4]),
            ("contact_validation/email_suspicious", &[6, 8]),
            ("contact_validation/email_shared", &[1, 7]),
            ("contact_validation/phone_missing", &[4, 8]),
            ("contact_validation/phone_malformed", &[5, 6]),
        ],
    );
}

#[test]
fn licenses_codes_and_twins() {
    let columns =
        ["license_state", "dea_number", "taxonomy_code", "full_name", "specialty_primary"];
    let report = providers(
        &columns,
        &[
            &["OH", "AB1234563", "207Q00000X", "Ann Lee", "Surgery"],
            &["XX", "AB1234560", "207Q", "ANN  LEE", "Surgery"],
            &["OH", "", " ", " ann lee ", "surgery"],
            &["-", "-", "-", "Ann Lee", "Surgery"],
        ],
    );
    assert_rows(
        &report,
        &[
            ("license_validation/state_unknown", &[2]),
            ("license_validation/dea_malformed", &[2]),
            ("taxonomy_validation/malformed", &[2]),
            ("provider_duplicates/same_name_state_specialty", &[1, 3]),
        ],
    );
}

const LINKS: [&str; 5] =
    ["provider_id", "facility_id", "start_date", "end_date", "is_primary_affiliation"];

fn links(rows: &[&[&str]], parameters: &[(&str, &str)]) -> Report {
    let ids = ["provider_id", "npi_number", "full_name", "record_status"];
    let providers: &[&[&str]] =
        &[&["P1", "-", "-", "ACTIVE"], &["P2", "-", "-", "INACTIVE"], &["P3", "-", "-", "ACTIVE"]];
    run(&source((&ids, providers), FACILITIES, (&LINKS, rows)), parameters)
}

#[test]
fn affiliations_of_a_provider() {
    let report = links(
        &[
            &["P1", "F1", "2020-01-01", "2026-01-01", "1"],
            &["P2", "F1", "2020-01-01", "2025-12-31", "true"],
            &["P2", "F2", "2020-01-01", "12/31/2025", "TRUE"],
        ],
        &[],
    );
    assert_rows(
        &report,
        &[
            ("affiliation_anomaly/no_primary", &[3]),
            ("affiliation_anomaly/several_primaries", &[2]),
            ("affiliation_anomaly/none_active", &[2, 3]),
            ("affiliation_anomaly/too_many", &[]),
            ("cross_reference_integrity/provider_without_affiliation", &[3]),
        ],
    );
    let old = [("active", "end_date IS NULL"), ("affiliations_max", "1")];
    let report = links(&[&["P1", "F1", "2020-01-01", "2030-01-01", "0"][..]; 2], &old);
    assert_eq!(rows_of(&report, "affiliation_anomaly/none_active"), [1, 2, 3]);
    assert_eq!(rows_of(&report, "affiliation_anomaly/too_many"), [1]);
}

#[test]
fn affiliations_in_time() {
    let report = links(
        &[
            &["P1", "F1", "2020-01-01", "2020-12-31", "1"],
            &["P1", "F1", "2020-12-31", "-", "0"],
            &["P1", "F2", "2020-01-01", "-", "0"],
            &["P1", "F1", "2019-01-01", "2018-01-01", "0"],
            &["P1", "F1", "soon", "-", "0"],
            &["P1", "F1", "05/01/2020", "04/30/2020", "0"],
        ],
        &[],
    );
    assert_rows(
        &report,
        &[
            ("affiliation_anomaly/overlapping", &[1, 2]),
            ("temporal_consistency/affiliation_reversed", &[4, 6]),
            ("temporal_consistency/affiliation_date_unreadable", &[5]),
        ],
    );
}

#[test]
fn orphans_are_rows_and_each_missing_key_is_one_group() {
    let report = links(
        &[
            &["P8", "F1", "2020-01-01", "-", "1"],
            &["P8", "F1", "2021-01-01", "-", "1"],
            &["P9", "F9", "2020-01-01", "-", "1"],
        ],
        &[],
    );
    let check = |id: &str| {
        let rule = report.rules.iter().find(|it| it.id == "cross_reference_integrity").unwrap();
        let check = rule.checks.iter().find(|it| it.id == id).unwrap();
        (check.violations, check.groups)
    };
    assert_eq!(check("provider_unknown"), (3, Some(2)));
    assert_eq!(check("facility_unknown"), (1, Some(1)));
    // P2 is not active.
    assert_eq!(check("provider_without_affiliation"), (2, None));
    assert_eq!(check("facility_without_affiliation"), (1, None));
}

#[test]
fn addresses_agree_where_they_are_in_the_united_states() {
    let columns = ["facility_id", "state_province", "postal_code", "country"];
    let rows: &[&[&str]] = &[
        &["F1", "OH", "43215", "USA"],
        &["F2", "OH", "10001", "U.S.A."],
        &["F3", "Ohio", "10001", "United States"],
        &["F4", "NY", "1000", "-"],
        &["F5", "ON", "M5V 2T6", "Canada"],
        &["F6", "VA", "20101-1234", "us"],
        &["F7", "NY", "06390", "US"],
    ];
    let nobody = (&["provider_id", "npi_number", "full_name"][..], &[][..]);
    let links = (&["provider_id", "facility_id", "start_date"][..], &[][..]);
    let report = run(&source(nobody, (&columns, rows), links), &[]);
    assert_rows(
        &report,
        &[
            ("address_validation/state_unknown", &[3]),
            ("address_validation/zip_malformed", &[4]),
            ("address_validation/zip_of_another_state", &[2]),
        ],
    );
}

#[test]
fn tables_may_lack_all_but_their_keys() {
    let report = providers(&[], &[&[]]);
    let applicable = |it: &&dq_core::validate::CheckReport| it.status != Status::NotApplicable;
    assert!(report.checks().filter(applicable).count() >= 8);
    assert!(!report.has_errors());
    assert!(report.notes.iter().any(|it| {
        it == "`license_validation/dea_malformed` does not apply: table `healthcare_providers` has no column `dea_number`"
    }));
}
