//! Stands in for the parts of the library that are not there yet.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use dq_core::source::Source;
use dq_core::validate::{Report, ValidateOptions};
use dq_core::{Error, ErrorKind, Result};

#[derive(Debug)]
pub(crate) struct RuleSet;

impl RuleSet {
    pub(crate) fn read(path: &Path, _: &BTreeMap<String, String>) -> Result<Self> {
        std::fs::read(path).map_err(|error| Error::from_io("read", path.display(), error))?;
        Ok(Self)
    }
    pub(crate) fn rules(&self) -> &[()] {
        &[]
    }
    pub(crate) fn check_count(&self) -> usize {
        0
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "a stub")]
pub(crate) struct OpenOptions {
    pub(crate) delimiter: Option<u8>,
    pub(crate) quote: Option<u8>,
    pub(crate) encoding: Option<String>,
    pub(crate) header: bool,
    pub(crate) empty_is_null: bool,
    pub(crate) scan_method: ScanMethod,
}

#[derive(Debug)]
pub(crate) enum ScanMethod {
    Auto,
    Pages,
    Statements,
}

pub(crate) fn open(spec: &str, _: &OpenOptions) -> Result<Arc<dyn Source>> {
    Err(Error::new(ErrorKind::Unsupported, format!("cannot open `{spec}` yet")))
}

pub(crate) async fn validate(_: &dyn Source, _: &RuleSet, _: &ValidateOptions) -> Result<Report> {
    std::future::ready(Err(Error::new(ErrorKind::Unsupported, "cannot validate yet"))).await
}

pub(crate) async fn explain(_: &dyn Source, _: &RuleSet, _: &ValidateOptions) -> Result<String> {
    std::future::ready(Err(Error::new(ErrorKind::Unsupported, "cannot explain yet"))).await
}
