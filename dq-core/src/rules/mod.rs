//! What must hold: rule sets, their checks, and the plan that a run follows.
//!
//! ```text
//! rules.yaml ─parse─▶ RuleSet ─plan (against the tables of a source)─▶ Plan
//! ```
//!
//! Reading a rule set finds everything that is wrong with the file itself; planning finds everything
//! that does not fit the tables. Both tell all problems at once, each with its line.
//!
//! A [`Rule`] is about a table and has a [`Severity`]; it has one [`Check`] or more.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use dq_core::rules::RuleSet;
//!
//! # fn main() -> dq_core::Result<()> {
//! let rules = "
//! version: 1
//! rules:
//!   - id: npi
//!     table: providers
//!     severity: high
//!     checks:
//!       - { id: missing, column: npi, not_blank: true }
//!       - { id: luhn, column: npi, format: npi, severity: critical }
//! ";
//! let rules = RuleSet::parse("rules.yaml", rules, &BTreeMap::new())?;
//! assert_eq!((rules.rules().len(), rules.check_count()), (1, 2));
//!
//! let wrong = "
//! version: 1
//! rules:
//!   - { id: npi, table: providers, checks: [{ id: luhn, column: npi, fromat: npi }] }
//! ";
//! let error = RuleSet::parse("rules.yaml", wrong, &BTreeMap::new()).unwrap_err();
//! assert!(error.message().starts_with("rules.yaml:4:") && error.message().contains("`format`"), "{error}");
//! # Ok(())
//! # }
//! ```

mod bounds;
pub mod check;
mod definition;
mod dimension;
pub mod expression;
mod fields;
pub mod format;
mod identity;
mod kernel;
mod key_bytes;
mod matcher;
mod measure;
mod parameters;
mod plan;
mod row_test;
mod rule_set;
mod schema;
mod scope;
mod selection;
mod severity;
mod share;
mod shifts;
mod tolerance;

pub use check::{Check, CustomCheck};
pub use dimension::Dimension;
pub use identity::Basis;
pub use plan::Plan;
pub use rule_set::{Rule, RuleCheck, RuleSet};
pub use schema::schema;
pub use selection::Selection;
pub use severity::Severity;
pub use tolerance::{Allowance, Tolerance};

pub(crate) use check::AsType;
pub(crate) use kernel::RowKernel;
pub(crate) use key_bytes::key_bytes;
pub(crate) use measure::{
    Age, Code, Figure, Measure, Moment, Moments, Now, Numbers, Reading, Statistic, Summary, Taken,
    Values,
};
pub(crate) use plan::{
    Blank, Kernel, KeyForm, KeySet, KeySetId, KeyValues, Keys, MeasureId, PlannedCheck,
    PlannedFilter, TablePlan, is_about,
};
pub(crate) use row_test::{RowTest, TextTest};
pub(crate) use share::Share;
