//! Files on the command line that are written.

use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, TypedValueParser, ValueParser};

/// Reads a path. A dash is none: elsewhere it stands for standard input or output, and a file of that name is hardly
/// meant.
pub(crate) fn parser() -> ValueParser {
    PathBufValueParser::new().try_map(refuse_dash).into()
}

fn refuse_dash(path: PathBuf) -> Result<PathBuf, &'static str> {
    if path == Path::new("-") {
        return Err("it is no file: `--format` says what standard output gets");
    }
    Ok(path)
}
