//! An embeddable data-quality engine: exact counts, one pass over the data, the same answer on every
//! source.
//!
//! A [`RuleSet`](rules::RuleSet) says what must hold. A [`Source`](source::Source) has tables: a SQLite, PostgreSQL, MySQL
//! or MariaDB database, CSV, Parquet, Arrow and JSON files, Arrow tables in memory. [`validate`](validate::validate) reads
//! each table once, judges every row, and gives a [`Report`](validate::Report): for each check how many rows were in its
//! scope, how many violate it, and the keys of some of those.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//!
//! use arrow_array::{ArrayRef, RecordBatch, StringArray};
//! use dq_core::rules::RuleSet;
//! use dq_core::source::memory::MemorySource;
//! use dq_core::validate::{Status, ValidateOptions, validate};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rules = "
//! version: 1
//! rules:
//!   - id: zip
//!     table: places
//!     checks:
//!       - { id: form, column: zip, format: us_zip }
//!       - { id: twice, unique: [zip] }
//! ";
//! let rules = RuleSet::parse("rules.yaml", rules, &BTreeMap::new())?;
//!
//! let zip: ArrayRef = Arc::new(StringArray::from(vec![Some("86503"), Some("8650"), None, Some("86503")]));
//! let places = RecordBatch::try_from_iter([("zip", zip)])?;
//! let source = MemorySource::new("an example").table("places", vec![places])?;
//!
//! let report = validate(&source, &rules, &ValidateOptions::default()).await?;
//! assert_eq!(report.status, Status::Fail);
//! let counts: Vec<_> = report.checks().map(|it| (it.evaluated, it.violations)).collect();
//! assert_eq!(counts, [(4, 1), (4, 2)]);
//! # Ok(())
//! # }
//! ```
//!
//! # What a library must not do
//!
//! Nothing here prints, logs on its own account, installs a handler, or keeps a pool of threads: work
//! that may block runs on the blocking threads of the caller's tokio runtime, of either flavour, and as
//! many of them as [`ValidateOptions::threads`](validate::ValidateOptions::threads) grants. Threads of their own, for no
//! longer than they work, have a SQLite statement that must last as long as its scan (of a view, for example), an
//! expression that is deeply nested, while it is read, and `generate`; [`BlockingQueryExecutor`](executor::BlockingQueryExecutor) is a runtime, of one thread, for programs
//! without any. Dropping a future stops its work and leaves nothing behind.
//!
//! # What is where
//!
//! | module | what it holds |
//! |---|---|
//! | [`rules`], [`packs`] | what must hold; rule sets that come with dq |
//! | [`source`], [`database`], [`engine`] | what has tables; databases, which also run SQL; both by what a user types |
//! | [`validate`], [`report`] | a run and its outcome; the forms in which people and programs read it |
//! | [`profile`] | what is in tables, and which rules that suggests |
//! | [`executor`], [`resilience`] | calls to one database within limits; breaker, retry, deadline, bulkhead |
//! | `cache`, `redis` | values that are computed once; the store that processes share |
//! | [`config`] | one configuration of all parts |
//! | `generate` | data to try things on, with defects whose number is known |
//! | [`value`], [`clock`], [`secret`], [`error`] | the words that all of these are written in |
//!
//! # Features
//!
//! On by default: `sqlite`, `csv`, `parquet`, `ipc` and `json`, a backend or file format each; `cache`, in memory; and
//! `xlsx`, reports as workbooks of Excel. Besides: `postgres` and `mysql`; `redis`, by which processes share a cache and
//! what their breakers have seen; `tower`, which makes a [`Guard`](resilience::Guard) a layer; `generate`; and
//! `conformance`, the cases that every implementation of a public trait must pass, for its tests.

#[cfg(feature = "cache")]
pub mod cache;
pub mod clock;
pub mod config;
pub mod database;
mod document;
pub mod engine;
pub mod error;
pub mod executor;
#[cfg(feature = "generate")]
pub mod generate;
pub mod packs;
pub mod profile;
mod pushdown;
#[cfg(feature = "redis")]
pub mod redis;
pub mod report;
pub mod resilience;
pub mod rules;
pub mod secret;
pub mod source;
pub mod validate;
pub mod value;

pub use error::{Error, ErrorKind, Result};

/// The examples of the README compile.
#[cfg(all(doctest, feature = "sqlite", feature = "csv", feature = "json"))]
#[doc = include_str!("../../README.md")]
struct Readme;
