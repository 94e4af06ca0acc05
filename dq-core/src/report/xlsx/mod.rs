//! Workbooks of Excel: a report with its failing rows, and tables of any kind.
//!
//! ```text
//! Summary           a line for each check, severest first; below, what is to know about the run
//! All_Violations    every failing row, as it comes in `--violations`
//! <rule>            the failing rows of that rule, with a column for each part of a key and each value
//! ```

mod cell;
mod names;
mod report_workbook;
mod summary;
mod violations;
mod workbook;

pub use report_workbook::ReportWorkbook;
pub use workbook::{Sheet, Workbook};

pub(crate) use report_workbook::render;
