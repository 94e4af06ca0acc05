//! `docs/cli.md` is made of the arguments, so that neither can drift.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use clap::{Arg, Command, CommandFactory};

use crate::arguments::Arguments;

const HEAD: &str = "\
# Command line

What `dq help` and `dq help COMMAND` tell, on one page. `dq man` prints it as a manual page, and `dq completions` makes
shells complete it.
";

/// `DQ_UPDATE_DOCS=1 cargo test -p dq-server cli_md` writes the file anew.
#[test]
fn the_command_line_is_documented_from_its_arguments() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    let expected = cli_md();
    if std::env::var_os("DQ_UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).expect("docs/cli.md is writable");
    }
    let found = fs::read_to_string(&path).expect("docs/cli.md is readable");
    assert!(
        found == expected,
        "docs/cli.md is stale: run `DQ_UPDATE_DOCS=1 cargo test -p dq-server cli_md`"
    );
}

fn cli_md() -> String {
    let mut command = Arguments::command();
    command.build();
    let mut text = HEAD.to_owned();
    describe(&command, &mut text);
    text
}

fn describe(command: &Command, text: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let about = command.get_long_about().or_else(|| command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").trim();
    let _ = write!(text, "\n## {name}\n\n{}\n\n```text\n{usage}\n```\n", sentences(&about));
    let arguments: Vec<_> = command
        .get_arguments()
        .filter(|it| !matches!(it.get_id().as_str(), "help" | "version"))
        .collect();
    let mut headings: Vec<_> = arguments.iter().map(|it| it.get_help_heading()).collect();
    let mut seen = std::collections::HashSet::new();
    headings.retain(|it| seen.insert(*it));
    // What has no heading comes first, as in the help.
    headings.sort_by_key(Option::is_some);
    for heading in headings {
        if let Some(heading) = heading {
            let _ = write!(text, "\n### {heading}\n");
        }
        text.push_str("\n| argument | meaning |\n|---|---|\n");
        for argument in arguments.iter().filter(|it| it.get_help_heading() == heading) {
            let _ = writeln!(text, "| {} | {} |", names(argument), meaning(argument));
        }
    }
    if let Some(more) = command.get_after_help() {
        let _ = write!(text, "\n```text\n{more}\n```\n");
    }
    for command in command.get_subcommands().filter(|it| it.get_name() != "help") {
        describe(command, text);
    }
}

fn names(argument: &Arg) -> String {
    let values = argument.get_value_names().unwrap_or_default();
    let values: Vec<_> = values.iter().map(|it| format!("<{it}>")).collect();
    let values =
        if argument.get_action().takes_values() { values.join(" ") } else { String::new() };
    let mut names: Vec<_> = argument.get_short().map(|it| format!("-{it}")).into_iter().collect();
    names.extend(argument.get_long().map(|it| format!("--{it}")));
    let text = format!("{} {values}", names.join(", "));
    format!("`{}`", text.trim())
}

fn meaning(argument: &Arg) -> String {
    let mut parts = vec![argument.get_help().map(ToString::to_string).unwrap_or_default()];
    let choices = argument.get_possible_values();
    if !choices.is_empty() && argument.get_action().takes_values() {
        let choices: Vec<_> = choices.iter().map(|it| format!("`{}`", it.get_name())).collect();
        parts.push(choices.join(", "));
    }
    let defaults = argument.get_default_values();
    if !defaults.is_empty() && argument.get_action().takes_values() {
        let defaults: Vec<_> =
            defaults.iter().map(|it| format!("`{}`", it.to_string_lossy())).collect();
        parts.push(format!("default: {}", defaults.join(", ")));
    }
    parts.join("<br>").replace('|', "\\|")
}

/// The paragraphs of a text, with the dots that they lack.
fn sentences(text: &str) -> String {
    let paragraphs = text.trim().split("\n\n");
    let ended =
        paragraphs.map(|it| if it.ends_with('.') { it.to_owned() } else { format!("{it}.") });
    ended.collect::<Vec<_>>().join("\n\n")
}
