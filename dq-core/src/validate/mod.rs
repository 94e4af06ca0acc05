//! The main job: a rule set and a source in, a report out.

mod options;
mod report;

pub use options::{Progress, ProgressListener, ValidateOptions};
pub use report::{CheckReport, FORMAT, FailingRow, Report, RuleReport, Status, TableReport};
