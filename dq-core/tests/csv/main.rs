//! CSV files through the public API: what they hold, and what is said of those that cannot be read.

mod errors;
mod files;
mod grammar;
mod property;
mod reading;
