//! CSV files through the public API: what they hold, and what is said of those that cannot be read.

#![cfg(test)]

mod errors;
mod files;
mod grammar;
mod property;
mod reading;
#[path = "../shared/table_rows.rs"]
mod table_rows;
