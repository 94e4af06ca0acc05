//! Sets of keys, exactly: who is there twice, who is missing, who is there how often.
//!
//! While a table is scanned, each partition collects the keys of its rows into [`KeyRuns`], spread
//! over buckets by their hash. When every table that a check needs has been read, the buckets are
//! decided one by one, in parallel: equal keys always meet in the same bucket, and a bucket is small
//! enough to be decided within the processor's cache.
//!
//! ```text
//! partition 0 ─▶ bucket 0 │ bucket 1 │ … ┐
//! partition 1 ─▶ bucket 0 │ bucket 1 │ … ┴─▶ decide bucket 0, decide bucket 1, … ─▶ sum
//! ```
//!
//! Keys of up to 15 bytes are kept by value. Of a longer key the hash decides only where to look: its
//! bytes are kept too, and every match is confirmed by comparing them. So no count depends on luck.
//!
//! Where checks only ask which keys are there twice, a key takes eight bytes, or four if the source keeps
//! it in memory, in the order of the rows and in no bucket ([`CompactKeys`](compact::CompactKeys)): the bytes of those that have no room are read
//! only where two keys have the same hash.
//!
//! Where a table refers to a small one that has been read before, its rows look their keys up at once,
//! by a [`Probe`], and nothing is collected. So they do where the keys of the other table, however large
//! it is, are numbers behind a fixed text that lie close together ([`NumberTable`]): a look-up is one
//! access to an array then, and how often each key occurs is counted in another ([`Counter`]).
//!
//! Beyond the memory of the run, the keys go to temporary files, bucket by bucket, and come back one
//! bucket at a time.

mod arena;
mod bucket;
mod collect;
mod compact;
mod counter;
mod decide;
mod groups;
mod hash;
mod join;
mod log;
mod number_form;
mod number_table;
mod numbers;
mod part;
mod places;
mod probe;
mod records;
mod runs;
mod shared;
mod span;
mod spill;
mod stages;
mod word;
mod words;

pub(crate) use arena::{Arena, Piece};
pub(crate) use counter::{Counter, CountingCheck};
pub(crate) use decide::{Finding, Question};
pub(crate) use hash::KeyHash;
pub(crate) use join::{Join, Side};
pub(crate) use number_form::NumberForm;
pub(crate) use number_table::NumberTable;
pub(crate) use numbers::{Numbers, SharedForm};
pub(crate) use part::Part;
pub(crate) use places::SharedPlaces;
pub(crate) use probe::{Probe, ProbeKernel};
pub(crate) use records::Layout;
pub(crate) use runs::{KeyRuns, bucket_count};
pub(crate) use shared::Shared;
pub(crate) use spill::Loaded;
