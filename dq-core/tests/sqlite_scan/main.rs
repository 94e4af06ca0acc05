//! Scans of SQLite databases through the public `Source`: by pages and by statements, which must give
//! the same values.

#![cfg(test)]

mod damage;
mod database;
mod moments;
mod queries;
mod random;
mod stepping;
mod traps;
