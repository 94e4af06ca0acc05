//! `custom`: a function of the embedding program judges the rows.
//!
//! ```yaml
//! - { id: odd, custom: checksum, columns: [provider_id, license_number] }
//! ```
//!
//! The program registers the function under its name with
//! [`RuleSet::with_custom`](crate::rules::RuleSet::with_custom). Not portable: a rule set with such a
//! check runs only where the function is registered.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_buffer::BooleanBuffer;
use arrow_schema::{Field, Schema};

use crate::document::{Node, nearest};
use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;
use crate::rules::check::CheckKind;
use crate::rules::fields::Fields;
use crate::rules::kernel;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::schema::{self, CheckSchema};
use crate::value::Batch;

/// A check of the embedding program: columns in, a mask out.
///
/// Called from several threads at once, with some rows at a time, in any order.
pub trait CustomCheck: fmt::Debug + Send + Sync {
    /// Judges each row of `rows`, whose columns are those that the rule names, in that order. True is
    /// a violation; false and NULL are none. The mask has as many rows as `rows`.
    ///
    /// # Errors
    ///
    /// Whatever makes a judgement impossible: the check is then an error in the report.
    fn violations(&self, rows: &RecordBatch) -> Result<BooleanArray>;
}

/// A function of the embedding program judges the rows.
#[derive(Clone, Debug)]
pub struct Custom {
    name: String,
    columns: Vec<String>,
}

impl CheckKind for Custom {
    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let name = fields.text_of(argument, "custom");
        let columns = fields.require("columns").and_then(|it| fields.texts_of(it, "columns"));
        Some(Self { name: name?, columns: columns? })
    }

    fn schema() -> CheckSchema {
        CheckSchema::new(schema::defined("value")).requiring("columns", schema::defined("values"))
    }

    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        let columns: Option<Vec<_>> = self.columns.iter().map(|it| binder.column(it)).collect();
        let Some(check) = binder.customs().get(&self.name).map(Arc::clone) else {
            let hint = nearest(&self.name, binder.customs().keys().map(String::as_str));
            binder.problem(format!(
                "the program has registered no custom check `{}`{hint}",
                self.name
            ));
            return None;
        };
        let (columns, names) = (columns?, self.columns.clone());
        Some(Kernel::Row(kernel::of_batch(None, move |batch| {
            let rows = record_batch(batch, &columns, &names)?;
            violations(&check.violations(&rows)?, batch.rows())
        })))
    }
}

fn record_batch(batch: &Batch, columns: &[usize], names: &[String]) -> Result<RecordBatch> {
    let arrays: Vec<_> = columns.iter().map(|it| batch.column(*it).to_arrow()).collect();
    let field = |(name, array): (&String, &Arc<dyn arrow_array::Array>)| {
        Field::new(name, array.data_type().clone(), true)
    };
    let fields: Vec<_> = names.iter().zip(&arrays).map(field).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot hand the rows to a custom check").with_source(error)
    })
}

fn violations(mask: &BooleanArray, rows: usize) -> Result<BooleanBuffer> {
    if arrow_array::Array::len(mask) != rows {
        let lengths = format!("{} for {rows} rows", arrow_array::Array::len(mask));
        return Err(Error::new(
            ErrorKind::UsageInvalid,
            format!("a custom check gave a mask of {lengths}"),
        ));
    }
    Ok(match arrow_array::Array::nulls(mask) {
        Some(nulls) => mask.values() & nulls.inner(),
        None => mask.values().clone(),
    })
}
