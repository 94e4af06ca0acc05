//! How a source is read.

use std::path::PathBuf;

use clap::Args;
use dq_core::Result;
use dq_core::config::{Config, ConfigSources};
#[cfg(feature = "sqlite")]
use dq_core::database::sqlite::{ScanMethod, SqliteConfig};
use dq_core::engine::{OpenOptions, Opened, open_by_kind};
#[cfg(feature = "csv")]
use dq_core::source::csv::{CsvOptions, EmptyCell};

#[cfg(all(target_os = "linux", feature = "sqlite"))]
use crate::faults;
#[cfg(feature = "sqlite")]
use crate::mapping;

/// How the source is read; what does not concern its kind is ignored.
#[derive(Args, Debug)]
pub(crate) struct ReadingArguments {
    /// The configuration: how databases are reached, and when a run tries again. `dq validate`
    /// keeps verdicts in its Redis, if it has one, and uses them again while the data are unchanged [default:
    /// that which `DQ_CONFIG` names, if it is set]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[cfg(feature = "csv")]
    #[command(flatten)]
    csv: CsvArguments,
    #[cfg(feature = "sqlite")]
    #[command(flatten)]
    sqlite: SqliteArguments,
}

#[cfg(feature = "csv")]
#[derive(Args, Debug)]
#[command(next_help_heading = "Reading CSV")]
struct CsvArguments {
    /// What separates fields: one character, or `tab` [default: tab for .tsv, comma elsewhere]
    #[arg(long, value_name = "CHARACTER", value_parser = character)]
    delimiter: Option<char>,
    /// What encloses fields: one character, or `none`
    #[arg(long, value_name = "CHARACTER", default_value = "\"", value_parser = quote)]
    quote: Quote,
    /// The encoding of the text, such as windows-1252
    #[arg(long, value_name = "LABEL", default_value = "utf-8")]
    encoding: String,
    /// What an empty field without quotes is
    #[arg(long, value_name = "KIND", value_enum, default_value_t = EmptyField::Null)]
    empty: EmptyField,
    /// The first line is a row; columns are called `column_1`, `column_2`, …
    #[arg(long)]
    no_header: bool,
}

#[cfg(feature = "sqlite")]
#[derive(Args, Debug)]
#[command(next_help_heading = "Reading SQLite")]
struct SqliteArguments {
    /// How tables are read; the answer is the same, the speed is not [default: what the configuration says, or
    /// else auto]
    #[arg(long, value_name = "METHOD", value_enum)]
    scan: Option<ScanArgument>,
}

impl ReadingArguments {
    /// The file of the configuration, if there is one.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        self.config.clone().or_else(|| ConfigSources::from_environment().file)
    }

    /// The configuration, if there is one.
    pub(crate) fn config(&self) -> Result<Option<Config>> {
        let sources = ConfigSources::from_environment();
        let file = self.config.clone().or_else(|| sources.file.clone());
        let Some(file) = file else { return Ok(None) };
        Config::load(&ConfigSources { file: Some(file), ..sources }).map(Some)
    }

    /// Opens `sources` as the arguments and the configuration say.
    pub(crate) fn open_by_kind(&self, sources: &[String]) -> Result<Opened> {
        let options = self.options();
        #[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
        let options = match self.config()? {
            Some(config) => OpenOptions {
                #[cfg(feature = "sqlite")]
                sqlite: self.sqlite.within(mapping::configured(&config)),
                #[cfg(feature = "mysql")]
                mysql: config.mysql,
                #[cfg(feature = "postgres")]
                postgres: config.postgres,
                ..options
            },
            None => options,
        };
        #[cfg(all(target_os = "linux", feature = "sqlite"))]
        faults::tell_of(sources);
        open_by_kind(sources, &options)
    }

    pub(crate) fn options(&self) -> OpenOptions {
        OpenOptions {
            #[cfg(feature = "csv")]
            csv: self.csv.options(),
            #[cfg(feature = "sqlite")]
            sqlite: self.sqlite.within(mapping::by_default()),
            ..OpenOptions::default()
        }
    }
}

#[cfg(feature = "csv")]
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum EmptyField {
    Null,
    Blank,
}

/// A quote, or none at all; not an `Option`, which would mean that the argument may be left out.
#[cfg(feature = "csv")]
#[derive(Clone, Copy, Debug)]
struct Quote(Option<char>);

#[cfg(feature = "csv")]
impl CsvArguments {
    fn options(&self) -> CsvOptions {
        CsvOptions {
            delimiter: self.delimiter,
            quote: self.quote.0,
            encoding: self.encoding.clone(),
            header: !self.no_header,
            empty: match self.empty {
                EmptyField::Null => EmptyCell::Null,
                EmptyField::Blank => EmptyCell::Blank,
            },
            ..CsvOptions::default()
        }
    }
}

#[cfg(feature = "sqlite")]
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ScanArgument {
    /// By pages where that is possible, by statements elsewhere
    Auto,
    /// By pages, or not at all
    Pages,
    /// By SQL statements
    Statements,
}

#[cfg(feature = "sqlite")]
impl SqliteArguments {
    /// The configuration with what the arguments say.
    fn within(&self, config: SqliteConfig) -> SqliteConfig {
        let scan_method = match self.scan {
            None => config.scan_method,
            Some(ScanArgument::Auto) => ScanMethod::Auto,
            Some(ScanArgument::Pages) => ScanMethod::Pages,
            Some(ScanArgument::Statements) => ScanMethod::Statements,
        };
        SqliteConfig { scan_method, ..config }
    }
}

#[cfg(feature = "csv")]
fn character(text: &str) -> Result<char, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok('\t'),
        &[byte] if byte.is_ascii() => Ok(char::from(byte)),
        _ => Err("give one ASCII character, or `tab`".to_owned()),
    }
}

#[cfg(feature = "csv")]
fn quote(text: &str) -> Result<Quote, String> {
    match text.as_bytes() {
        b"none" => Ok(Quote(None)),
        &[byte] if byte.is_ascii() => Ok(Quote(Some(char::from(byte)))),
        _ => Err("give one ASCII character, or `none`".to_owned()),
    }
}

#[cfg(all(test, feature = "csv"))]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_one_character() {
        assert_eq!(character(";"), Ok(';'));
        assert_eq!(character("tab"), Ok('\t'));
        for wrong in ["", "ab", "ü"] {
            assert!(character(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn there_may_be_no_quote() {
        assert_eq!(quote("'").map(|it| it.0), Ok(Some('\'')));
        assert_eq!(quote("none").map(|it| it.0), Ok(None));
        assert!(quote("").is_err());
    }
}
