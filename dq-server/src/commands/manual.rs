//! `dq completions` and `dq man`: what the arguments say, for shells and for `man`.

use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;
use dq_core::{Error, ErrorKind, Result};

use crate::arguments::{Arguments, CompletionsArguments, ManArguments};
use crate::output;

/// `dq completions`: prints a script by which a shell completes commands and options.
pub(crate) fn completions(arguments: &CompletionsArguments) -> Result<u8> {
    let mut command = Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "dq", &mut script);
    output::print(|out| out.write_all(&script))?;
    Ok(0)
}

/// `dq man`: prints the page of the program, or writes a page for each command.
pub(crate) fn man(arguments: &ManArguments) -> Result<u8> {
    if let Some(folder) = &arguments.out {
        write_pages(folder)?;
    } else {
        let page = Man::new(Arguments::command().disable_help_subcommand(true));
        output::print(|out| page.render(out))?;
    }
    Ok(0)
}

fn write_pages(folder: &Path) -> Result<()> {
    let written =
        tokio::task::block_in_place(|| clap_mangen::generate_to(Arguments::command(), folder));
    written.map_err(|error| {
        let message = format!("cannot write the manual to `{}`: {error}", folder.display());
        Error::new(ErrorKind::WriteFailed, message).with_source(error)
    })
}
