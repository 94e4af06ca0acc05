//! dq as its users meet it: whole runs through the public API, and promises about the repository.

#![cfg(test)]

mod bad_input;
mod cancel;
mod differential;
mod figures;
mod healthcare;
mod healthcare_doc;
mod hooked;
mod hospitals;
mod keys;
mod licences;
mod listener;
mod moment;
mod naive;
mod numbered;
mod property;
mod prose;
mod records;
mod rules_doc;
mod rules_schema;
mod run;
mod scale;
mod scopes;
#[path = "../../dq-core/tests/servers/mod.rs"]
mod servers;
mod sql;
mod tidy;
mod tolerance;
mod yaml;
