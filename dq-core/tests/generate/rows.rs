//! What the rows are like.

use std::collections::{BTreeMap, HashSet};
use std::fs;

use dq_core::generate::{GenerateOptions, Recipe, Size, Table, Target, generate};
use dq_core::rules::format::Format;
use rusqlite::Connection;

use crate::run::{clean, rows, texts};

/// FNV-1a, 64 bits: what a file is, as a number.
fn fingerprint(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

fn csv(recipe: &Recipe) -> BTreeMap<&'static str, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::Csv(folder.path().to_owned());
    generate(recipe, &target, &GenerateOptions::default()).unwrap();
    let read = |it: Table| fs::read(folder.path().join(format!("{}.csv", it.as_str()))).unwrap();
    Table::ALL.into_iter().map(|it| (it.as_str(), read(it))).collect()
}

/// If this fails, the same seed no longer means the same rows: raise the version of the generator in
/// `manifest.rs`, and say so in the change log.
#[test]
fn a_seed_means_the_same_bytes_for_ever() {
    let files = csv(&rows(1_000));
    let fingerprints = files.iter().map(|(name, bytes)| (*name, fingerprint(bytes)));
    let expected = [
        ("healthcare_facilities", 0xfdcc_9c5d_7055_3da0),
        ("healthcare_providers", 0xd05e_81cc_d700_5b7f),
        ("provider_facility_affiliations", 0x2be7_cb88_efdc_a74e),
    ];
    assert_eq!(fingerprints.collect::<Vec<_>>(), expected);
}

/// As the one above, of what a database holds, with its types: every value as SQL would write it, in a
/// line.
#[test]
fn a_seed_means_the_same_rows_of_a_database_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    generate(&rows(5_000), &Target::Sqlite(path.clone()), &GenerateOptions::default()).unwrap();
    let database = Connection::open(&path).unwrap();
    let fingerprints = Table::ALL.map(|table| {
        let table = table.as_str();
        let schema = database.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let quoted: Vec<_> =
            schema.column_names().iter().map(|it| format!("quote({it}) || char(10)")).collect();
        let sql = format!("SELECT {} FROM {table} ORDER BY rowid", quoted.join(" || "));
        let mut statement = database.prepare(&sql).unwrap();
        let lines = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let lines: String = lines.map(Result::unwrap).collect();
        (table, fingerprint(lines.as_bytes()))
    });
    let expected = [
        ("healthcare_facilities", 0xb253_9ec4_152b_f8d3),
        ("healthcare_providers", 0xfaf1_c2d8_f49b_8e2e),
        ("provider_facility_affiliations", 0x7044_4cda_ff1c_69a4),
    ];
    assert_eq!(fingerprints, expected);
}

#[test]
fn the_same_seed_gives_the_same_rows_and_another_one_others() {
    let recipe = rows(1_000);
    assert_eq!(csv(&recipe), csv(&recipe));
    let other = csv(&Recipe { seed: 43, ..recipe.clone() });
    for (table, bytes) in csv(&recipe) {
        assert_ne!(bytes, other[table], "{table}");
    }
}

#[test]
fn sizes_are_what_was_asked_for() {
    for (size, expected) in [
        (Size::Rows(1_000), [398, 20, 582]),
        (Size::Rows(12_553), [5_000, 50, 7_503]),
        (Size::Providers(1_000), [1_000, 20, 1_501]),
        (Size::Providers(50), [50, 10, 75]),
    ] {
        let recipe = Recipe { size, ..clean(0) };
        let tables = [Table::Providers, Table::Facilities, Table::Affiliations];
        let counts = tables.map(|it| texts(&recipe, it, "data_source").len());
        assert_eq!(counts, expected, "{size:?}");
    }
}

#[test]
fn identifiers_are_valid_and_differ() {
    let recipe = clean(20_000);
    let npis = texts(&recipe, Table::Providers, "npi_number");
    assert!(npis.iter().flatten().all(|it| Format::Npi.matches(it.as_bytes())));
    assert_eq!(npis.iter().collect::<HashSet<_>>().len(), npis.len());
    let deas: Vec<_> =
        texts(&recipe, Table::Providers, "dea_number").into_iter().flatten().collect();
    assert!(deas.len() > npis.len() / 2);
    assert!(deas.iter().all(|it| Format::Dea.matches(it.as_bytes())));
    let numbers: Vec<_> = texts(&recipe, Table::Facilities, "medicare_provider_number")
        .into_iter()
        .flatten()
        .collect();
    assert!(!numbers.is_empty());
    assert!(numbers.iter().all(|it| Format::Ccn.matches(it.as_bytes())));
}

#[test]
fn common_names_and_large_cities_are_more_common() {
    let recipe = clean(50_000);
    let count = |table, column, wanted: &str| {
        texts(&recipe, table, column).iter().flatten().filter(|it| *it == wanted).count()
    };
    let smiths = count(Table::Providers, "last_name", "Smith");
    let rare = count(Table::Providers, "last_name", "Nakamura");
    assert!(smiths > 2 * rare && rare > 0, "{smiths} {rare}");
    let states = |it| count(Table::Providers, "license_state", it);
    assert!(states("CA") > 5 * states("WY"), "{} {}", states("CA"), states("WY"));
}

#[test]
fn providers_are_licensed_where_they_first_work() {
    let recipe = clean(2_000);
    let states: HashSet<_> =
        texts(&recipe, Table::Facilities, "state_province").into_iter().collect();
    let licensed: HashSet<_> =
        texts(&recipe, Table::Providers, "license_state").into_iter().collect();
    assert_eq!(states, licensed);
}

#[test]
fn nothing_was_made_before_or_changed_after_its_time() {
    let recipe = clean(5_000);
    let as_of = recipe.as_of.to_string();
    for table in Table::ALL {
        let created = texts(&recipe, table, "created_at");
        let updated = texts(&recipe, table, "updated_at");
        for (created, updated) in created.iter().zip(&updated) {
            assert!(created <= updated && updated.as_deref() < Some(as_of.as_str()));
        }
    }
}
