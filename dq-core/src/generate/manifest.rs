//! What is in a data set: what was made, and what every check must find.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::generate::dataset::Dataset;
use crate::generate::defect::Defect;
use crate::generate::table::Table;

/// The version of the form of manifests.
const FORMAT: u32 = 1;

/// The version of the rows: another one makes other rows of the same seed.
const GENERATOR: u32 = 1;

/// What was made, and what every check of the healthcare pack must find in it.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this form.
    pub format: u32,
    /// The version of the generator: the same one makes the same rows of the same seed.
    pub generator: u32,
    /// The seed.
    pub seed: u64,
    /// "Today", `YYYY-MM-DD`: the counts are those of a run as of this day.
    pub as_of: String,
    /// How many rows all tables have together.
    pub rows: u64,
    /// How many rows each table has.
    pub tables: BTreeMap<String, u64>,
    /// The defects that were put in, kind by kind.
    pub defects: Vec<DefectCount>,
    /// What the checks must find.
    pub checks: Vec<ExpectedCheck>,
}

/// How many defects of one kind there are.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct DefectCount {
    /// The kind of defect.
    pub kind: String,
    /// What is wrong.
    pub description: String,
    /// How many there are.
    pub count: u64,
    /// The table whose rows violate checks.
    pub table: String,
    /// How many rows of it each of them makes violate.
    pub rows_each: u64,
    /// The checks that find it, as `rule/check`.
    pub checks: Vec<String>,
}

/// What a check must find.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCheck {
    /// The id of the rule.
    pub rule: String,
    /// The id of the check.
    pub check: String,
    /// The table of the failing rows.
    pub table: String,
    /// How many rows violate it.
    pub violations: u64,
    /// For checks of groups, how many groups violate it.
    pub groups: Option<u64>,
    /// The lowest keys of failing rows, in order.
    pub keys: Vec<ExpectedKey>,
    /// Whether there are more failing rows than keys.
    pub truncated: bool,
}

/// A failing row.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedKey {
    /// Its primary key.
    pub key: Map<String, Value>,
    /// Its number, counted from 1: what a report calls it where the table has no primary key.
    pub row: u64,
}

impl Manifest {
    /// Writes the manifest to the file at `path`: beside it first, so that it is whole or not there.
    ///
    /// # Errors
    ///
    /// `WriteFailed`, which names the path.
    pub fn write(&self, path: &Path) -> Result<()> {
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.prefix(".dq-generate-").tempfile_in(folder.unwrap_or(Path::new(".")));
        let written = file.and_then(|file| {
            let mut buffered = BufWriter::new(&file);
            serde_json::to_writer_pretty(&mut buffered, self)?;
            buffered.flush()?;
            drop(buffered);
            file.persist(path)?;
            Ok(())
        });
        written.map_err(|error| {
            let message = format!("cannot write `{}`: {error}", path.display());
            Error::new(ErrorKind::WriteFailed, message).with_source(error)
        })
    }

    /// Reads the manifest in the file at `path`.
    ///
    /// # Errors
    ///
    /// The file cannot be read; `UsageInvalid` if it is no manifest, or one of another version.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let text = fs::read_to_string(path).map_err(|it| Error::from_io("read", name, it))?;
        let manifest: Self = serde_json::from_str(&text).map_err(|error| {
            let message =
                format!("cannot read `{}`: it is no manifest of `dq generate`", path.display());
            Error::new(ErrorKind::UsageInvalid, message).with_source(error)
        })?;
        if manifest.format != FORMAT {
            let message = format!(
                "cannot read `{}`: it has format {}, and this dq reads {FORMAT}",
                path.display(),
                manifest.format
            );
            return Err(Error::new(ErrorKind::UsageInvalid, message));
        }
        Ok(manifest)
    }
}

/// Collects what the checks must find, while rows are made in their order.
#[derive(Debug)]
pub(super) struct Ledger {
    keys_max: usize,
    found: BTreeMap<(Table, &'static str), Found>,
}

#[derive(Debug, Default)]
struct Found {
    violations: u64,
    groups: Option<u64>,
    keys: Vec<ExpectedKey>,
}

impl Ledger {
    /// A ledger in which every check that finds a defect has found none yet.
    pub(super) fn new(keys_max: usize) -> Self {
        let mut found: BTreeMap<_, Found> = BTreeMap::new();
        for defect in Defect::ALL {
            for check in defect.checks() {
                let found = found.entry((defect.table(), *check)).or_default();
                found.groups = defect.is_grouped().then_some(0);
            }
        }
        Self { keys_max, found }
    }

    /// Notes that a row has a defect.
    pub(super) fn note(
        &mut self,
        defect: Defect,
        is_first: bool,
        row: u64,
        key: impl FnOnce() -> Value,
    ) {
        let name = defect.table().key();
        let key = ExpectedKey { key: Map::from_iter([(name.to_owned(), key())]), row };
        for check in defect.checks() {
            let Some(found) = self.found.get_mut(&(defect.table(), *check)) else { continue };
            found.violations += 1;
            found.groups = found.groups.map(|it| it + u64::from(is_first));
            if found.keys.len() < self.keys_max {
                found.keys.push(key.clone());
            }
        }
    }

    /// The manifest of the rows that were made.
    pub(super) fn manifest(self, dataset: &Dataset) -> Manifest {
        let rows = dataset.rows();
        let tables = Table::ALL.map(|it| (it.as_str().to_owned(), rows.of(it)));
        let defects = dataset.defects().map(|(defect, count)| DefectCount {
            kind: defect.to_string(),
            description: defect.description().to_owned(),
            count,
            table: defect.table().as_str().to_owned(),
            rows_each: defect.rows(),
            checks: defect.checks().iter().map(|it| (*it).to_owned()).collect(),
        });
        Manifest {
            format: FORMAT,
            generator: GENERATOR,
            seed: dataset.seed(),
            as_of: dataset.recipe().as_of.to_string(),
            rows: Table::ALL.map(|it| rows.of(it)).iter().sum(),
            tables: tables.into(),
            defects: defects.collect(),
            checks: self.found.into_iter().map(expected).collect(),
        }
    }
}

fn expected(((table, name), found): ((Table, &'static str), Found)) -> ExpectedCheck {
    let (rule, check) = name.split_once('/').unwrap_or((name, ""));
    ExpectedCheck {
        rule: rule.to_owned(),
        check: check.to_owned(),
        table: table.as_str().to_owned(),
        violations: found.violations,
        groups: found.groups,
        truncated: found.violations > found.keys.len() as u64,
        keys: found.keys,
    }
}
