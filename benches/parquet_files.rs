//! The same tables once more as Parquet files.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arrow_array::builder::{Date32Builder, Float64Builder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use dq_core::value::Date;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rusqlite::types::Value;

use crate::data::{
    AFFILIATION_COLUMNS, FACILITY_COLUMNS, PROVIDER_COLUMNS, affiliation, facility, provider,
};

/// About as many as the peers write by themselves, so that there are enough to share.
const GROUP_ROWS: usize = 131_072;

/// The columns that hold days, which all can be read.
const DAYS: [&str; 3] = ["license_expiry_date", "start_date", "end_date"];

/// Writes the three tables of `providers` providers into a folder below `folder`, unless they are there
/// already: zstd, everything else as the writer does it by itself.
pub(crate) fn prepare(folder: &Path, providers: u64, version: u32) -> Result<PathBuf> {
    let whole = folder.join(format!("providers-{providers}-v{version}-parquet"));
    if whole.exists() {
        return Ok(whole);
    }
    let unfinished = whole.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    fs::create_dir_all(&unfinished)?;
    let facilities = providers / 20;
    let rows = (0..providers).map(provider);
    write(&unfinished, "healthcare_providers", PROVIDER_COLUMNS, rows)?;
    let rows = (0..facilities).map(facility);
    write(&unfinished, "healthcare_facilities", FACILITY_COLUMNS, rows)?;
    let rows = (0..providers + providers / 2).map(|it| affiliation(it, providers, facilities));
    write(&unfinished, "provider_facility_affiliations", AFFILIATION_COLUMNS, rows)?;
    fs::rename(&unfinished, &whole)?;
    Ok(whole)
}

fn write<const N: usize>(
    folder: &Path,
    table: &str,
    columns: [&str; N],
    mut rows: impl Iterator<Item = [Value; N]>,
) -> Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .build();
    let mut writer = None;
    let mut properties = Some(properties);
    loop {
        let group: Vec<_> = rows.by_ref().take(GROUP_ROWS).collect();
        if group.is_empty() {
            break;
        }
        let batch = batch(&columns, &group)?;
        if let Some(properties) = properties.take() {
            let file = File::create(folder.join(format!("{table}.parquet")))?;
            writer = Some(ArrowWriter::try_new(file, batch.schema(), Some(properties))?);
        }
        writer.as_mut().context("there is a writer")?.write(&batch)?;
    }
    writer.context("a table has no rows")?.close()?;
    Ok(())
}

fn batch<const N: usize>(columns: &[&str; N], rows: &[[Value; N]]) -> Result<RecordBatch> {
    let mut arrays = Vec::new();
    for (position, name) in columns.iter().enumerate() {
        let values: Vec<_> = rows.iter().filter_map(|it| it.get(position)).collect();
        let array = if DAYS.contains(name) { days(&values) } else { array(&values) };
        arrays.push((*name, array?, true));
    }
    Ok(RecordBatch::try_from_iter_with_nullable(arrays)?)
}

/// An array of the type of the first value that is not NULL.
fn array(values: &[&Value]) -> Result<ArrayRef> {
    let (mut integers, mut reals) = (Int64Builder::new(), Float64Builder::new());
    let mut texts = StringBuilder::new();
    for value in values {
        match value {
            Value::Null => {
                integers.append_null();
                reals.append_null();
                texts.append_null();
            }
            Value::Integer(it) => integers.append_value(*it),
            Value::Real(it) => reals.append_value(*it),
            Value::Text(it) => texts.append_value(it),
            Value::Blob(_) => bail!("the data hold no bytes"),
        }
    }
    let arrays: [ArrayRef; 3] =
        [Arc::new(integers.finish()), Arc::new(reals.finish()), Arc::new(texts.finish())];
    arrays.into_iter().find(|it| it.len() == values.len()).context("a column has two types")
}

fn days(values: &[&Value]) -> Result<ArrayRef> {
    let mut days = Date32Builder::new();
    for value in values {
        match value {
            Value::Null => days.append_null(),
            Value::Text(it) => {
                days.append_value(
                    Date::parse(it.as_bytes()).context("a day cannot be read")?.days(),
                );
            }
            _ => bail!("a day is no text"),
        }
    }
    Ok(Arc::new(days.finish()))
}
