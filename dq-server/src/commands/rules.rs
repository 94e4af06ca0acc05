//! `dq rules`: works with rule sets.

use dq_core::Result;
use dq_core::report::counted;
use dq_core::rules::RuleSet;
use dq_core::source::Cancellation;
use dq_core::validate::{ValidateOptions, explain};
use tokio::task::block_in_place;

use crate::arguments::{CheckArguments, ShowArguments};
use crate::output;

/// `dq rules check`: finds every problem of a rule set, by itself or against the tables of a source.
pub(crate) async fn check(arguments: &CheckArguments, stop: Cancellation) -> Result<u8> {
    let rules = block_in_place(|| RuleSet::read(&arguments.rules, &arguments.parameters.map()))?;
    if !arguments.sources.is_empty() {
        let source =
            block_in_place(|| arguments.reading.open_by_kind(&arguments.sources))?.source();
        let options = ValidateOptions { cancellation: stop, ..ValidateOptions::default() };
        explain(&*source, &rules, &options).await?;
    }
    let (rules, checks) = (rules.rules().len() as u64, rules.check_count() as u64);
    let (rules, checks) = (counted(rules, "rule"), counted(checks, "check"));
    output::print(|out| writeln!(out, "{rules}, {checks}: ok"))?;
    Ok(0)
}

/// `dq rules show`: prints a rule set that comes with dq.
pub(crate) fn show(arguments: &ShowArguments) -> Result<u8> {
    output::print(|out| out.write_all(arguments.pack.text().as_bytes()))?;
    Ok(0)
}
