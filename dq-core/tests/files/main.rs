//! Sources that are made of files, as an embedding program reads them.

#![cfg(test)]

mod combined;
mod parquet;
mod reading;
