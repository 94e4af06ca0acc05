//! What is written.

use std::fs;

use dq_core::generate::{Existing, GenerateOptions, Manifest, Target, generate};
use rusqlite::Connection;

use crate::run::rows;

#[test]
fn a_database_has_typed_tables_keys_and_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    generate(&rows(1_000), &Target::Sqlite(path.clone()), &GenerateOptions::default()).unwrap();
    let database = Connection::open(&path).unwrap();
    let one = |sql: &str| database.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(one("PRAGMA integrity_check"), "ok");
    assert_eq!(
        one(
            "SELECT group_concat(name) FROM (SELECT name FROM pragma_table_info('healthcare_providers') WHERE pk)"
        ),
        "provider_id"
    );
    assert_eq!(
        one("SELECT typeof(is_primary_affiliation) FROM provider_facility_affiliations"),
        "integer"
    );
    assert_eq!(
        one(
            "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE name LIKE 'idx%' ORDER BY name)"
        ),
        "idx_affiliation_facility idx_affiliation_provider idx_facility_location idx_provider_email idx_provider_last_first idx_provider_npi"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_replaced_database_does_not_see_the_log_of_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(
        "PRAGMA journal_mode = WAL; CREATE TABLE old (a); INSERT INTO old VALUES (1)",
    )
    .unwrap();
    assert!(folder.path().join("a.db-wal").exists());
    let options = GenerateOptions { existing: Existing::Replace, ..GenerateOptions::default() };
    generate(&rows(1_000), &Target::Sqlite(path.clone()), &options).unwrap();
    let new = Connection::open(&path).unwrap();
    let tables =
        new.query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'table'", [], |row| {
            row.get::<_, i64>(0)
        });
    assert_eq!(tables.unwrap(), 3);
    drop(old);
}

#[test]
fn a_folder_keeps_what_else_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let target = Target::Csv(folder.path().to_owned());
    generate(&rows(1_000), &target, &GenerateOptions::default()).unwrap();
    assert_eq!(fs::read(folder.path().join("notes.txt")).unwrap(), b"mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn a_manifest_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::Csv(folder.path().join("csv"));
    let manifest = generate(&rows(1_000), &target, &GenerateOptions::default()).unwrap();
    let path = folder.path().join("manifest.json");
    manifest.write(&path).unwrap();
    assert_eq!(Manifest::read(&path).unwrap(), manifest);
    assert_eq!((manifest.seed, manifest.rows, manifest.as_of.as_str()), (42, 1_000, "2026-01-01"));

    for (text, message) in [
        ("{}", "it is no manifest of `dq generate`"),
        ("[", "it is no manifest of `dq generate`"),
        (
            &fs::read_to_string(&path).unwrap().replace("\"format\": 1", "\"format\": 2"),
            "it has format 2, and this dq reads 1",
        ),
    ] {
        fs::write(&path, text).unwrap();
        let error = Manifest::read(&path).unwrap_err();
        assert_eq!(error.message(), format!("cannot read `{}`: {message}", path.display()));
    }
}
