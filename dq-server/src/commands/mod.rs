//! A file for each command.

mod config;
mod database;
mod explain;
mod generate;
mod manual;
mod profile;
mod rules;
mod validate;

use dq_core::source::Cancellation;

use crate::arguments::{Arguments, Command, RulesCommand};
use crate::output;

/// Does what was asked and gives the exit code.
pub(crate) async fn run(arguments: Arguments, stop: Cancellation) -> u8 {
    let done = match arguments.command {
        Command::Validate(arguments) => Box::pin(validate::run(&arguments, stop)).await,
        Command::Rules(RulesCommand::Check(arguments)) => rules::check(&arguments, stop).await,
        Command::Rules(RulesCommand::Show(arguments)) => rules::show(&arguments),
        Command::Profile(arguments) => profile::run(&arguments, stop).await,
        Command::Explain(arguments) => explain::run(&arguments, stop).await,
        Command::Generate(arguments) => generate::run(&arguments, stop),
        Command::Config(command) => config::run(&command),
        Command::Database(command) => database::run(&command).await,
        Command::Completions(arguments) => manual::completions(&arguments),
        Command::Man(arguments) => manual::man(&arguments),
    };
    done.unwrap_or_else(|error| {
        output::complain(&error);
        error.kind().exit_code()
    })
}
