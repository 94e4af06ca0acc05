//! What cannot be made is refused, and says why.

use dq_core::ErrorKind;
use dq_core::generate::{
    Defect, Existing, GenerateOptions, Recipe, Size, Target, generate, generate_in_memory,
};
use dq_core::source::Cancellation;

use crate::run::{clean, rows};

fn refused(recipe: &Recipe) -> String {
    let error = generate_in_memory(recipe, 10).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UsageInvalid);
    error.message().to_owned()
}

#[test]
fn a_recipe_that_cannot_be_followed() {
    let recipe = Recipe { size: Size::Providers(5), ..clean(0) };
    assert_eq!(refused(&recipe), "cannot generate 5 providers: from 20 to 100000000 can be made");
    assert_eq!(
        refused(&Recipe { defect_rate: 0.5, ..rows(1_000) }),
        "cannot put defects into 8955 of 398 providers: choose a lower rate of defects, fewer of a kind, or more rows"
    );
    assert_eq!(
        refused(&Recipe { defects: [(Defect::TooMany, 30)].into(), ..clean(1_000) }),
        "cannot make 582 affiliations where defects and one for each other provider make 698: choose fewer defects"
    );
    assert_eq!(
        refused(&Recipe { defects: [(Defect::FacilityUnused, 19)].into(), ..clean(1_000) }),
        "cannot spread affiliations: 3 facilities are needed, and 1 may have some; choose more rows or fewer defects"
    );
    let as_of = dq_core::value::Date::from_civil(1999, 12, 31).unwrap();
    assert_eq!(
        refused(&Recipe { as_of, ..clean(1_000) }),
        "cannot generate data as of 1999-12-31: choose a year from 2000 to 2100"
    );
}

#[test]
fn a_target_without_a_form() {
    for text in ["data", "data.json", "mysql:data", ""] {
        let error = Target::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UsageInvalid);
        assert_eq!(
            error.message(),
            format!(
                "cannot tell the form of `{text}`: write sqlite:FILE, csv:FOLDER or parquet:FOLDER"
            )
        );
    }
    assert_eq!(Target::parse("a.db").unwrap(), Target::Sqlite("a.db".into()));
    assert_eq!(Target::parse("sqlite:///a").unwrap(), Target::Sqlite("/a".into()));
}

#[test]
fn what_is_there_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let options = GenerateOptions::default();
    for (spec, file) in [
        ("sqlite:a.db", "a.db"),
        ("csv:csv", "csv/healthcare_providers.csv"),
        ("parquet:parquet", "parquet/healthcare_facilities.parquet"),
    ] {
        let (scheme, name) = spec.split_once(':').unwrap();
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "mine").unwrap();
        let target = Target::parse(&format!("{scheme}:{}", folder.path().join(name).display()));
        let target = target.unwrap();
        let error = generate(&clean(100), &target, &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        let message =
            format!("cannot write `{}`: it exists; `--force` replaces it", path.display());
        assert_eq!(error.message(), message);
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");

        let replace = GenerateOptions { existing: Existing::Replace, ..options.clone() };
        generate(&clean(100), &target, &replace).unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() > 4);
    }
}

#[test]
fn a_folder_that_is_not_there() {
    for spec in ["sqlite:/nowhere/a.db", "csv:/nowhere/a", "parquet:/nowhere/a"] {
        let target = Target::parse(spec).unwrap();
        let error = generate(&clean(100), &target, &GenerateOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WriteFailed);
        let path = target.path().display();
        assert_eq!(
            error.message(),
            format!("cannot write `{path}`: No such file or directory (os error 2)")
        );
    }
}

#[test]
fn a_stopped_run_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // Stopped at the last rows, and where many more would have been made ahead.
    let stopped = [(20_000, "provider_facility_affiliations"), (200_000, "healthcare_providers")];
    let targets = ["sqlite", "csv", "parquet"];
    for (spec, (size, table)) in targets.into_iter().flat_map(|it| stopped.map(|at| (it, at))) {
        let stop = Cancellation::new();
        let stopper = stop.clone();
        let options = GenerateOptions {
            cancellation: stop,
            progress: Some(std::sync::Arc::new(move |progress| {
                if progress.table == table {
                    stopper.cancel();
                }
            })),
            ..GenerateOptions::default()
        };
        let target = Target::parse(&format!("{spec}:{}", folder.path().join("a").display()));
        let error = generate(&rows(size), &target.unwrap(), &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{spec}");
    }
}
