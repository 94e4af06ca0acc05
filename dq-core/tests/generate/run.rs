//! Makes data and runs the pack over them.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use dq_core::generate::{Manifest, Recipe, Size, Table, generate_in_memory};
use dq_core::packs::Pack;
use dq_core::source::Source;
use dq_core::source::memory::MemorySource;
use dq_core::validate::{Report, ValidateOptions, validate};

/// A recipe of so many rows.
pub(crate) fn rows(rows: u64) -> Recipe {
    Recipe { size: Size::Rows(rows), ..Recipe::default() }
}

/// A recipe of so many rows without defects.
pub(crate) fn clean(rows: u64) -> Recipe {
    Recipe { defect_rate: 0.0, ..self::rows(rows) }
}

/// What the pack finds, as of the day of the recipe.
pub(crate) fn run(source: &dyn Source, recipe: &Recipe) -> Report {
    let rules = Pack::Healthcare.rules(&BTreeMap::new()).unwrap();
    let options = ValidateOptions {
        as_of: Some(recipe.as_of),
        threads: NonZeroUsize::new(2).unwrap(),
        ..ValidateOptions::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(validate(source, &rules, &options)).unwrap()
}

/// The data of a recipe, in memory.
pub(crate) fn made(recipe: &Recipe) -> (MemorySource, Manifest) {
    let (tables, manifest) = generate_in_memory(recipe, 100).unwrap();
    let source = tables.into_iter().fold(MemorySource::new("made"), |source, (table, batches)| {
        source.table(table.as_str(), batches).unwrap()
    });
    (source, manifest)
}

/// The texts of a column, NULL as nothing.
pub(crate) fn texts(recipe: &Recipe, table: Table, column: &str) -> Vec<Option<String>> {
    use arrow_array::cast::AsArray;

    let (tables, _) = generate_in_memory(recipe, 0).unwrap();
    let batches = tables.into_iter().find(|it| it.0 == table).unwrap().1;
    let texts = batches.iter().flat_map(|batch| {
        let column = batch.column_by_name(column).unwrap().as_string::<i32>();
        column.iter().map(|it| it.map(str::to_owned)).collect::<Vec<_>>()
    });
    texts.collect()
}

/// Asserts that the report says what the manifest says.
#[track_caller]
pub(crate) fn assert_found(manifest: &Manifest, report: &Report) {
    let report = serde_json::to_string(report).unwrap();
    let mismatches = manifest.verify(&report).unwrap();
    assert!(mismatches.is_empty(), "{mismatches:#?}");
}
