//! The arguments of `dq profile`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use dq_core::profile::ProfileFormat;

use crate::arguments::{ColorChoice, ReadingArguments, SourceArguments, size, written_file};

pub(crate) const EXAMPLES: &str = "\
Examples:
  # Look at a file
  dq profile hospitals.csv

  # Let the data suggest rules, read them, and check with what is right
  dq profile hospitals.csv --suggest=rules.yaml
  dq validate hospitals.csv --rules rules.yaml

  # Keep a profile without any value of a row
  dq profile sqlite:providers.db --no-values --report profile.json

Exit codes:
  0    the source was profiled
  2    bad usage or configuration
  3    the source could not be read, or a file could not be written
  130  stopped with Ctrl-C
  143  stopped with SIGTERM";

#[derive(Args, Debug)]
pub(crate) struct ProfileArguments {
    #[command(flatten)]
    pub(crate) source: SourceArguments,
    /// Only this table; may be repeated [default: all]
    #[arg(short, long = "table", value_name = "NAME")]
    pub(crate) tables: Vec<String>,
    /// Suggest rules, each with its reason and how many rows it flags today: to this file, or instead of
    /// the profile to standard output
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    pub(crate) suggest: Option<PathBuf>,
    /// How many threads read [default: as many as there are]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// How much memory the distinct values of a table may take, such as 512MiB; what does not fit is estimated
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = size::parse)]
    pub(crate) memory: u64,
    #[command(flatten)]
    pub(crate) output: ProfileOutput,
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
}

/// What is said about it.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct ProfileOutput {
    /// The form of the profile on standard output
    #[arg(long, default_value = "text", value_parser = format())]
    pub(crate) format: ProfileFormat,
    /// Also write the profile to this file: .json or .txt; may be repeated
    #[arg(long = "report", value_name = "FILE", value_parser = written_file::parser())]
    pub(crate) files: Vec<PathBuf>,
    /// How many frequent values and shapes of each column are told at most
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: usize,
    /// Tell no value of any row: no frequent values, minima and maxima, and no rules that spell values out
    #[arg(long)]
    pub(crate) no_values: bool,
    /// When to use colours; `NO_COLOR` turns them off too
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto)]
    pub(crate) color: ColorChoice,
    /// Do not show progress
    #[arg(long)]
    pub(crate) no_progress: bool,
    /// Print neither profile nor progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl ProfileArguments {
    pub(crate) fn threads(&self) -> NonZeroUsize {
        let all = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.threads.unwrap_or_else(all)
    }
}

fn format() -> impl TypedValueParser<Value = ProfileFormat> {
    PossibleValuesParser::new(ProfileFormat::ALL.map(ProfileFormat::as_str))
        .try_map(|it| it.parse())
}
