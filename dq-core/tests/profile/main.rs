//! Profiles through the public API: what they hold, what they suggest, and what makes no difference.

#![cfg(test)]

mod clinics;
mod columns;
mod estimates;
mod relations;
mod schema;
mod suggestions;
mod tables;
