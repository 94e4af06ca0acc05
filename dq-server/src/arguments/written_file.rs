//! Files on the command line that are written.

use std::path::PathBuf;

/// Reads a path. A dash is none: elsewhere it stands for standard input or output, and a file of that name is hardly
/// meant.
pub(crate) fn parse(text: &str) -> Result<PathBuf, String> {
    if text == "-" {
        return Err("it is no file: `--format` says what standard output gets".to_owned());
    }
    Ok(PathBuf::from(text))
}
