//! What a user types for a source, taken apart.

use std::path::Path;

use crate::engine::{MYSQL, POSTGRES, begins};
use crate::source::files::FileFormat;

/// What a user types: perhaps a name, and a source.
#[derive(Debug)]
pub(crate) struct Spec<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) source: &'a str,
}

impl<'a> Spec<'a> {
    pub(crate) fn of(spec: &'a str) -> Self {
        let is_name = |it: &str| !it.is_empty() && !it.contains(['/', '\\', ':', '*', '?', '[']);
        match spec.split_once('=') {
            Some((name, source)) if is_name(name) && !Path::new(spec).exists() => {
                Self { name: Some(name), source }
            }
            _ => Self { name: None, source: spec },
        }
    }

    pub(crate) fn is_stdin(&self) -> bool {
        path_of(self.source) == Path::new("-")
    }
}

/// Whether `spec` names a database on a server, and no file; its URL may hold a password.
pub fn is_url(spec: &str) -> bool {
    let source = Spec::of(spec).source;
    begins(source, POSTGRES) || begins(source, MYSQL)
}

/// The file or directory that `spec` names, without its name and scheme; a pattern as it is.
pub fn path_of(spec: &str) -> &Path {
    let source = Spec::of(spec).source;
    let mut schemes =
        ["sqlite://", "sqlite:"].into_iter().chain(FileFormat::ALL.map(FileFormat::scheme));
    Path::new(schemes.find_map(|it| source.strip_prefix(it)).unwrap_or(source))
}
