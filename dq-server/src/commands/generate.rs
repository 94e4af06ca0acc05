//! `dq generate`: makes data to try things on, and verifies what a run found in them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use dq_core::generate::{Existing, GenerateOptions, Manifest, Target, generate};
use dq_core::report::counted;
use dq_core::source::Cancellation;
use dq_core::{Error, ErrorKind, Result};
use tokio::task::block_in_place;

use crate::arguments::GenerateArguments;
use crate::output;
use crate::progress::ProgressLine;

/// The exit code where a run found something else than was put in.
const DIFFERENT: u8 = 1;

pub(crate) fn run(arguments: &GenerateArguments, stop: Cancellation) -> Result<u8> {
    match &arguments.verify {
        Some(manifest) => block_in_place(|| verify(manifest, Path::new(&arguments.target))),
        None => block_in_place(|| make(arguments, stop)),
    }
}

fn make(arguments: &GenerateArguments, stop: Cancellation) -> Result<u8> {
    let target = Target::parse(&arguments.target)?;
    let path = arguments.manifest.clone().unwrap_or_else(|| manifest_beside(target.path()));
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    if path.exists() && existing == Existing::Keep {
        let message =
            format!("cannot write `{}`: it exists; `--force` replaces it", path.display());
        return Err(Error::new(ErrorKind::Conflict, message));
    }
    let progress = ProgressLine::new(!arguments.no_progress);
    let options = GenerateOptions {
        existing,
        keys_max: arguments.keys_max,
        cancellation: stop,
        progress: progress.listener(),
    };
    let manifest = generate(&arguments.recipe(), &target, &options)?;
    drop(progress);
    manifest.write(&path)?;
    output::print(|out| {
        for (table, rows) in &manifest.tables {
            writeln!(out, "{table}: {}", counted(*rows, "row"))?;
        }
        let defects: u64 = manifest.defects.iter().map(|it| it.count).sum();
        writeln!(out, "{}: {}", path.display(), counted(defects, "defect"))
    })?;
    Ok(0)
}

/// Where the manifest goes unless another place is named.
fn manifest_beside(target: &Path) -> PathBuf {
    let mut path = OsString::from(target.components().as_path());
    path.push(".manifest.json");
    path.into()
}

fn verify(manifest: &Path, report: &Path) -> Result<u8> {
    let manifest = Manifest::read(manifest)?;
    let text = fs::read_to_string(report);
    let text = text.map_err(|error| Error::from_io("read", report.display(), error))?;
    let mismatches = manifest.verify(&text)?;
    output::print(|out| {
        for mismatch in &mismatches {
            writeln!(out, "{mismatch}")?;
        }
        let checks = counted(manifest.checks.len() as u64, "check");
        match mismatches.len() as u64 {
            0 => writeln!(out, "{checks}: all found what was put in"),
            different => {
                writeln!(out, "{checks}: {different} found something else than was put in")
            }
        }
    })?;
    Ok(if mismatches.is_empty() { 0 } else { DIFFERENT })
}
