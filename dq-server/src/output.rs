//! What the program says: results on standard output, everything else on standard error.

use std::env;
use std::error::Error as _;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, Write};

use dq_core::report::{TerminalStyle, visible};
use dq_core::{Error, ErrorKind, Result};

use crate::arguments::ColorChoice;

/// Writes to standard output. A reader that has seen enough and closed the pipe is no error.
///
/// # Errors
///
/// `WriteFailed` if anything else goes wrong.
pub(crate) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let message = format!("cannot write to standard output: {error}");
            Err(Error::new(ErrorKind::WriteFailed, message).with_source(error))
        }
        _ => Ok(()),
    }
}

/// Says on standard error what went wrong. There is nobody to tell if that fails too.
pub(crate) fn complain(error: &Error) {
    let text = describe(error);
    // Every line names its own place, the way that editors understand.
    let is_placed = match error.kind() {
        ErrorKind::RulesInvalid => true,
        ErrorKind::ConfigInvalid => !text.starts_with("cannot "),
        _ => false,
    };
    let name = if is_placed { "" } else { "dq: " };
    let _ = writeln!(io::stderr(), "{name}{text}");
}

/// Says on standard error what its reader may want to know.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "dq: {}", visible(text));
}

/// Says how the arguments were wrong, or gives the help that was asked for; gives the exit code.
pub(crate) fn usage(usage: &clap::Error) -> u8 {
    let _ = usage.print();
    if usage.use_stderr() { ErrorKind::UsageInvalid.exit_code() } else { 0 }
}

/// Says that the operating system does not even give the program its threads; gives the exit code.
pub(crate) fn no_runtime(error: io::Error) -> u8 {
    let error = Error::from_io("start", "threads", error);
    complain(&error);
    error.kind().exit_code()
}

/// What standard output can show.
pub(crate) fn stdout_style(choice: ColorChoice) -> TerminalStyle {
    let size = terminal_size::terminal_size_of(io::stdout());
    let is_terminal = io::stdout().is_terminal();
    let width = size.filter(|_| is_terminal).map_or(usize::MAX, |(width, _)| width.0.into());
    TerminalStyle { color: has_color(choice, is_terminal, env::var_os), width }
}

/// Whether colours are wanted: `--color` decides; without it, the terminal and the environment do.
fn has_color(
    choice: ColorChoice,
    is_terminal: bool,
    variable: impl Fn(&'static str) -> Option<OsString>,
) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let no_color = variable("NO_COLOR").is_some_and(|it| !it.is_empty());
            let is_dumb = variable("TERM").is_some_and(|it| it == "dumb");
            is_terminal && !no_color && !is_dumb
        }
    }
}

/// The message with those causes that it does not tell already.
fn describe(error: &Error) -> String {
    let mut text = error.message().to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        // Before the reason that was told already may stand its number.
        let told = reason.rsplit(": ").next().is_some_and(|it| text.contains(it));
        if !told {
            let _ = write!(text, ": {reason}");
        }
        cause = error.source();
    }
    let lines: Vec<_> = text.lines().map(visible).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_reason_adds_nothing_to_it() {
        let cause = io::Error::other("error code 5: the file is locked");
        let error = Error::new(ErrorKind::Busy, "cannot open `x`: the file is locked");
        assert_eq!(describe(&error.with_source(cause)), "cannot open `x`: the file is locked");
    }

    #[test]
    fn a_cause_is_told_once() {
        let io = io::Error::other("the disk is gone");
        assert_eq!(describe(&Error::from_io("read", "x", io)), "cannot read `x`: the disk is gone");
        let error = Error::new(ErrorKind::Internal, "cannot read `x`")
            .with_source(Error::new(ErrorKind::Busy, "page 7").with_source("locked"));
        assert_eq!(describe(&error), "cannot read `x`: page 7: locked");
    }

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        let environment = |name: &'static str, value: &'static str| {
            move |it: &'static str| (it == name).then(|| OsString::from(value))
        };
        let none = environment("", "");
        assert!(has_color(ColorChoice::Auto, true, none));
        assert!(!has_color(ColorChoice::Auto, false, none));
        assert!(!has_color(ColorChoice::Auto, true, environment("NO_COLOR", "1")));
        assert!(has_color(ColorChoice::Auto, true, environment("NO_COLOR", "")));
        assert!(!has_color(ColorChoice::Auto, true, environment("TERM", "dumb")));
        assert!(has_color(ColorChoice::Always, false, environment("NO_COLOR", "1")));
        assert!(!has_color(ColorChoice::Never, true, none));
    }

    #[test]
    fn a_message_cannot_command_the_terminal() {
        let error = Error::new(ErrorKind::NotFound, "no table `\u{1b}[2J`\nline two");
        assert_eq!(describe(&error), "no table `\\u{1b}[2J`\nline two");
    }
}
