//! `dq explain`: prints how a source would be checked.

use dq_core::Result;
use dq_core::report::visible;
use dq_core::source::Cancellation;
use dq_core::validate::{ValidateOptions, explain};
use tokio::task::block_in_place;

use crate::arguments::ExplainArguments;
use crate::output;

pub(crate) async fn run(arguments: &ExplainArguments, stop: Cancellation) -> Result<u8> {
    let rules = block_in_place(|| arguments.rules.read())?;
    let source = block_in_place(|| arguments.source.open(&arguments.reading))?;
    let options = ValidateOptions {
        engine: arguments.engine.into(),
        cancellation: stop,
        ..ValidateOptions::default()
    };
    let plan = explain(&*source, &rules, &options).await?.to_string();
    output::print(|out| plan.lines().try_for_each(|line| writeln!(out, "{}", visible(line))))?;
    Ok(0)
}
