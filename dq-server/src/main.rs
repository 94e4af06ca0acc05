//! The program `dq`: checks data from the shell.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(dq_server::run(env::args_os()))
}
