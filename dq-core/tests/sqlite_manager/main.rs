//! The SQLite database manager: what every manager promises, and what is SQLite's own.

#[cfg(test)]
mod backup;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod pool;
#[cfg(test)]
mod process;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod version;
