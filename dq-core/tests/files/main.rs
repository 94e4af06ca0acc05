//! Sources that are made of files, as an embedding program reads them.

#![cfg(test)]

mod combined;
mod ipc;
mod json;
mod parquet;
mod promises;
mod reading;
#[path = "../shared/table_rows.rs"]
mod table_rows;
