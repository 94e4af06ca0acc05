//! The program `dq` as a function: the binary calls it, and so does the command that the Python package
//! installs.

mod arguments;
#[cfg(test)]
mod cli_md;
mod commands;
mod failing_rows;
#[cfg(all(target_os = "linux", feature = "sqlite"))]
mod faults;
mod interrupt;
#[cfg(feature = "sqlite")]
mod mapping;
mod output;
mod progress;
#[cfg(feature = "redis")]
mod verdicts;

use std::ffi::OsString;

use clap::Parser;

use crate::arguments::Arguments;

/// Runs the program with `arguments`, the first of which is its own name, and gives its exit code.
///
/// It writes to standard output and standard error, and takes Ctrl-C and SIGTERM from whoever handled it before.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
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
    code
}
