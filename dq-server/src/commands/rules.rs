//! `dq rules`: works with rule sets.

use dq_core::report::counted;
use dq_core::rules::RuleSet;
use dq_core::source::Cancellation;
use dq_core::validate::{ValidateOptions, explain};
use dq_core::{Error, ErrorKind, Result};
use tokio::task::block_in_place;

use crate::arguments::{CheckArguments, ShowArguments};
use crate::output;

/// `dq rules check`: finds every problem of a rule set, by itself or against the tables of a source.
pub(crate) async fn check(arguments: &CheckArguments, stop: Cancellation) -> Result<u8> {
    let given = arguments.parameters.map();
    let rules = block_in_place(|| RuleSet::read_with_problems(&arguments.rules, &given))?;
    if arguments.sources.is_empty() {
        rules.problems()?;
    } else if let Err(error) = against_sources(arguments, &rules, stop).await {
        // Problems of the file are told, also where no source can be asked about more.
        return Err(rules.problems().err().filter(|_| !is_about_rules(&error)).unwrap_or(error));
    }
    let (rules, checks) = (rules.rules().len() as u64, rules.check_count() as u64);
    let (rules, checks) = (counted(rules, "rule"), counted(checks, "check"));
    output::print(|out| writeln!(out, "{rules}, {checks}: ok"))?;
    Ok(0)
}

/// Looks names and types up in the tables of the sources.
async fn against_sources(
    arguments: &CheckArguments,
    rules: &RuleSet,
    stop: Cancellation,
) -> Result<()> {
    let source = block_in_place(|| arguments.reading.open_by_kind(&arguments.sources))?.source();
    let options = ValidateOptions { cancellation: stop, ..ValidateOptions::default() };
    explain(&*source, rules, &options).await.map(|_| ())
}

fn is_about_rules(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::RulesInvalid | ErrorKind::Cancelled)
}

/// `dq rules show`: prints a rule set that comes with dq.
pub(crate) fn show(arguments: &ShowArguments) -> Result<u8> {
    output::print(|out| out.write_all(arguments.pack.text().as_bytes()))?;
    Ok(0)
}
