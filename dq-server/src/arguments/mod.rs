//! What can be asked of the program.

#[cfg(feature = "redis")]
mod cache;
mod color;
mod config;
mod database;
mod engine;
mod generate;
mod help;
mod profile;
mod reading;
mod size;
mod source;
mod span;
mod written_file;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use dq_core::packs::Pack;
use dq_core::report::ReportFormat;
use dq_core::rules::{RuleSet, Selection, Severity};
use dq_core::validate::Baseline;
use dq_core::value::Date;
use dq_core::{Error, ErrorKind, Result};

use crate::arguments::help::{
    ABOUT_EXAMPLES, COMPLETIONS_EXAMPLES, EXIT_CODES, EXIT_CODES_OF_RULES, GENERATE_EXAMPLES,
    MAN_EXAMPLES, VALIDATE_EXAMPLES,
};

#[cfg(feature = "redis")]
pub(crate) use cache::{CacheArguments, nowhere};
pub(crate) use color::ColorChoice;
pub(crate) use config::{ConfigCommand, ConfigFormat};
#[cfg(feature = "postgres")]
pub(crate) use database::DatabaseDistributeArguments;
pub(crate) use database::{DatabaseCheckArguments, DatabaseCommand, DatabaseFormat};
pub(crate) use engine::EngineChoice;
pub(crate) use generate::GenerateArguments;
pub(crate) use profile::ProfileArguments;
pub(crate) use reading::ReadingArguments;
pub(crate) use source::SourceArguments;

/// Checks tables of data against rules: exactly, in one pass, with the same answer on every source.
#[derive(Debug, Parser)]
#[command(name = "dq", version, arg_required_else_help = true, after_help = format!("{ABOUT_EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a source against rules and report what was found
    ///
    /// Every check of every rule is run, in one pass over each table. The report counts violations
    /// exactly and shows the keys of some failing rows. Nothing is ever written to the source.
    #[command(after_help = format!("{VALIDATE_EXAMPLES}\n\n{EXIT_CODES}"))]
    Validate(Box<ValidateArguments>),
    /// Find out what is in a source, and which rules it suggests
    ///
    /// Reads each table once: types, missing, distinct and frequent values, lengths, shapes, keys, columns that
    /// tell others, references between tables. Counts are exact, or say that they are estimates.
    #[command(after_help = profile::EXAMPLES)]
    Profile(Box<ProfileArguments>),
    /// Work with rule sets
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Print how a source would be checked, without reading its rows
    #[command(after_help = EXIT_CODES_OF_RULES)]
    Explain(ExplainArguments),
    /// Make data to try things on, with defects whose number is known
    ///
    /// Writes providers, facilities and the affiliations between them, which look like real ones and are
    /// none, and a manifest that says how many rows each check of the healthcare pack must find in them.
    /// The same seed makes the same rows. Nothing is to be seen before everything is written.
    #[command(after_help = format!("{GENERATE_EXAMPLES}\n\n{EXIT_CODES}"))]
    Generate(Box<GenerateArguments>),
    /// Work with the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Work with databases
    #[command(subcommand)]
    Database(DatabaseCommand),
    /// Print a script by which a shell completes commands and options
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArguments),
    /// Print the manual page, or write those of all commands
    #[command(after_help = MAN_EXAMPLES)]
    Man(ManArguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Check a rule set without checking any data
    ///
    /// Prints every problem with its place: unknown keys, checks, functions, bad regular expressions.
    /// Given a source, tables, columns and types are looked up in it too.
    #[command(after_help = EXIT_CODES_OF_RULES)]
    Check(CheckArguments),
    /// Print a rule set that comes with dq
    ///
    /// It is an ordinary rule set: a start for one of your own.
    #[command(after_help = EXIT_CODES_OF_RULES)]
    Show(ShowArguments),
}

#[derive(Args, Debug)]
pub(crate) struct ValidateArguments {
    #[command(flatten)]
    pub(crate) source: SourceArguments,
    #[command(flatten)]
    pub(crate) rules: RulesArguments,
    #[command(flatten)]
    pub(crate) run: RunArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    #[cfg(feature = "redis")]
    #[command(flatten)]
    pub(crate) cache: CacheArguments,
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
}

#[derive(Args, Debug)]
pub(crate) struct ExplainArguments {
    #[command(flatten)]
    pub(crate) source: SourceArguments,
    #[command(flatten)]
    pub(crate) rules: RulesArguments,
    /// Which engine answers the checks; `sql` prints what it asks, and why it does not ask the rest
    #[arg(long, value_enum, default_value_t)]
    pub(crate) engine: EngineChoice,
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
}

#[derive(Args, Debug)]
pub(crate) struct CheckArguments {
    /// The rule set, YAML or JSON
    #[arg(value_name = "FILE")]
    pub(crate) rules: PathBuf,
    /// The sources whose tables the rules are about
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    #[command(flatten)]
    pub(crate) parameters: ParameterArguments,
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
}

#[derive(Args, Debug)]
pub(crate) struct ShowArguments {
    /// The name of the rule set
    #[arg(value_name = "NAME", value_parser = pack())]
    pub(crate) pack: Pack,
}

#[derive(Args, Debug)]
pub(crate) struct CompletionsArguments {
    /// The shell
    pub(crate) shell: Shell,
}

#[derive(Args, Debug)]
pub(crate) struct ManArguments {
    /// Write the page of every command into this folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
}

/// What must hold.
#[derive(Args, Debug)]
pub(crate) struct RulesArguments {
    /// The rule set, YAML or JSON
    #[arg(short = 'r', long = "rules", value_name = "FILE", required_unless_present = "pack")]
    file: Option<PathBuf>,
    /// A rule set that comes with dq
    #[arg(long, value_name = "NAME", value_parser = pack(), conflicts_with = "file")]
    pack: Option<Pack>,
    #[command(flatten)]
    parameters: ParameterArguments,
    /// Run only these rules or checks: `rule`, `rule/check` or a pattern with `*`; may be repeated
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<String>,
    /// Leave these rules or checks out, named as for --only; may be repeated
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    exclude: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ParameterArguments {
    /// A value for `${name}` in the rule set; may be repeated
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
}

/// How the run is made.
#[derive(Args, Debug)]
pub(crate) struct RunArguments {
    /// The least severity at which a failed check makes the exit code 1
    #[arg(long, value_name = "SEVERITY", default_value = "low", value_parser = fail_on())]
    pub(crate) fail_on: FailOn,
    /// A JSON report of an earlier run: only violations that are new since then fail
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Which engine answers the checks; the counts are the same
    #[arg(long, value_enum, default_value_t)]
    pub(crate) engine: EngineChoice,
    /// How many threads read and check [default: as many as there are]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// "Today" for rules about dates, as YYYY-MM-DD [default: today, UTC]
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(crate) as_of: Option<Date>,
    /// How much memory the keys of rows and the values of quantiles may take, such as 512MiB; beyond it they go to temporary files
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = size::parse)]
    pub(crate) memory: u64,
    /// Where temporary files are made [default: where the system has them]
    #[arg(long, value_name = "DIR")]
    pub(crate) temp_dir: Option<PathBuf>,
    /// How long the source may be read, such as 90s or 10min; then the run is an error [default: as long as it takes]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub(crate) timeout: Option<Duration>,
}

/// What is said about it.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArguments {
    /// The form of the report on standard output
    #[arg(long, default_value = "text", value_parser = format())]
    pub(crate) format: ReportFormat,
    /// Also write the report to this file: .html, .md, .json, .xml (JUnit), .sarif, .csv, .xlsx or .txt; may be repeated
    #[arg(long = "report", value_name = "FILE", value_parser = written_file::parser())]
    pub(crate) files: Vec<PathBuf>,
    /// Write every failing row of every check to this file: .csv, .jsonl or .parquet
    #[arg(long, value_name = "FILE", value_parser = written_file::parser())]
    pub(crate) violations: Option<PathBuf>,
    /// How many keys of failing rows each check shows at most
    #[arg(long = "sample", value_name = "N", default_value_t = 10)]
    pub(crate) sample_limit: usize,
    /// Also tell what the run took, in text and JSON: the time, rows and queries of each rule, and the cache
    #[arg(long)]
    pub(crate) stats: bool,
    /// Show the values of failing rows too; reports travel further than the data may
    #[arg(long)]
    pub(crate) show_values: bool,
    /// When to use colours; `NO_COLOR` turns them off too
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto)]
    pub(crate) color: ColorChoice,
    /// Do not show progress
    #[arg(long)]
    pub(crate) no_progress: bool,
    /// Print neither report nor progress; the exit code and --report tell
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// The least severity that makes a run fail; `None` if none does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailOn(pub(crate) Option<Severity>);

impl RulesArguments {
    pub(crate) fn read(&self) -> Result<RuleSet> {
        let parameters = self.parameters.map();
        let rules = match (&self.file, self.pack) {
            (Some(file), _) => RuleSet::read(file, &parameters)?,
            (None, Some(pack)) => pack.rules(&parameters)?,
            (None, None) => {
                let message = "there are no rules: name a file with `--rules` or a `--pack`";
                return Err(Error::new(ErrorKind::UsageInvalid, message));
            }
        };
        rules.select(&Selection { only: self.only.clone(), exclude: self.exclude.clone() })
    }

    /// The file of the rule set, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

impl ParameterArguments {
    pub(crate) fn map(&self) -> BTreeMap<String, String> {
        self.parameters.iter().cloned().collect()
    }
}

impl RunArguments {
    pub(crate) fn threads(&self) -> NonZeroUsize {
        let all = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.threads.unwrap_or_else(all)
    }

    /// The report to compare with, which must be of these rules.
    pub(crate) fn baseline(&self, rules: &RuleSet) -> Result<Option<Baseline>> {
        let Some(path) = &self.baseline else { return Ok(None) };
        let baseline = Baseline::read(path)?;
        baseline.fits(rules)?;
        Ok(Some(baseline))
    }
}

fn format() -> impl TypedValueParser<Value = ReportFormat> {
    let texts = ReportFormat::ALL.into_iter().filter(|it| it.is_text());
    PossibleValuesParser::new(texts.map(ReportFormat::as_str)).try_map(|it| it.parse())
}

fn fail_on() -> impl TypedValueParser<Value = FailOn> {
    let words = Severity::ALL.into_iter().rev().map(Severity::as_str);
    PossibleValuesParser::new(words.chain(["none"])).map(|word| FailOn(word.parse().ok()))
}

fn pack() -> impl TypedValueParser<Value = Pack> {
    PossibleValuesParser::new(Pack::ALL.map(Pack::as_str)).try_map(|it| Pack::find(&it))
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text.as_bytes()).ok_or_else(|| "there is no such day; write YYYY-MM-DD".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_contradict_neither_each_other_nor_themselves() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_parameter_has_a_name_and_any_value() {
        assert_eq!(parameter("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(parameter("a="), Ok(("a".to_owned(), String::new())));
        assert!(parameter("=b").is_err());
        assert!(parameter("a").is_err());
    }
}
