//! dq as its users meet it: whole runs through the public API, and promises about the repository.

mod bad_input;
mod cancel;
mod hospitals;
mod licences;
mod moment;
mod naive;
mod property;
mod run;
mod tidy;
