//! An embeddable data-quality engine: exact counts, one pass over the data, the same answer on every
//! source.

pub mod clock;
pub mod database;
pub mod engine;
pub mod error;
pub mod report;
pub mod rules;
pub mod source;
pub mod validate;
pub mod value;

pub use error::{Error, ErrorKind, Result};
