//! The program `dq`: checks data from the shell.

mod arguments;
#[cfg(test)]
mod cli_md;
mod commands;
mod interrupt;
mod output;
mod progress;
#[cfg(feature = "redis")]
mod verdicts;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(usage) => return output::usage(&usage),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::no_runtime(error),
    };
    let code = runtime.block_on(interrupt::stoppable(|stop| commands::run(arguments, stop)));
    // Whatever still waits for a pipe or a lock ends with the process.
    runtime.shutdown_background();
    ExitCode::from(code)
}
