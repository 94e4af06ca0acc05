//! Scans of SQLite databases through the public `Source`: by pages and by statements, which must give
//! the same values.

mod database;
mod stepping;
mod traps;
