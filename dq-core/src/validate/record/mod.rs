//! Single records: the same rules, judged before a row is stored.
//!
//! A [`RecordValidator`] is a rule set compiled for the records of one table. It judges a record in
//! microseconds, by the kernels that judge batches, so a record gets the verdicts that its row would
//! get. What needs other rows (`unique`, `references`, `row_count` and the like) has the verdict
//! [`Verdict::NeedsOtherRows`] and never passes.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use dq_core::rules::{RuleSet, Severity};
//! use dq_core::validate::record::{RecordValidator, Verdict};
//! use dq_core::value::{Date, OwnedValue};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rules = "
//! version: 1
//! rules:
//!   - id: provider
//!     table: providers
//!     checks:
//!       - { id: npi, column: npi, format: npi, severity: high }
//!       - { id: shared, unique: [npi] }
//!       - { id: name, column: name, not_blank: true }
//!       - { id: career, expression: 'graduation_year >= birth_year + 18' }
//! ";
//! let rules = RuleSet::parse("rules.yaml", rules, &BTreeMap::new())?;
//! let today = Date::from_civil(2026, 11, 23).ok_or("no such day")?;
//! let validator = RecordValidator::new(&rules, "providers", today)?;
//!
//! let report = validator.check_json(r#"{"npi": "1234567890", "birth_year": 1970}"#)?;
//! let verdicts: Vec<_> = report.checks.iter().map(|it| (it.check, it.verdict)).collect();
//! assert_eq!(verdicts, [
//!     ("npi", Verdict::Violation),
//!     ("shared", Verdict::NeedsOtherRows),
//!     ("name", Verdict::Violation), // what is not there is NULL
//!     ("career", Verdict::Pass),
//! ]);
//! assert!(report.fails_at(Severity::High));
//!
//! let fields: [(&str, OwnedValue); 2] = [("npi", "1234567893".into()), ("name", "Ada".into())];
//! assert!(!validator.check(&fields[..]).fails_at(Severity::Low));
//! # Ok(())
//! # }
//! ```

mod fields;
#[cfg(feature = "json")]
mod json;
mod report;
mod validator;

pub use fields::Record;
pub use report::{RecordCheck, RecordReport, Verdict};
pub use validator::RecordValidator;
