//! What is wrong with a document, and where.

use std::collections::HashSet;
use std::fmt;

use crate::error::Error;
use crate::error::ErrorKind;
use crate::error::Result;

/// A place in a file; lines and columns count from 1.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Place {
    /// The line.
    pub(crate) line: usize,
    /// The column, in characters.
    pub(crate) column: usize,
}

/// One thing that is wrong with a document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Problem {
    /// Where.
    pub(crate) place: Place,
    /// What, and what to do about it.
    pub(crate) message: String,
}

/// All that is wrong with a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn add(&mut self, place: Place, message: impl Into<String>) {
        self.0.push(Problem { place, message: message.into() });
    }

    /// Appends those of `others` that are not at one of the places `but`.
    pub(crate) fn append_but_at(&mut self, but: &HashSet<Place>, others: Self) {
        self.0.extend(others.0.into_iter().filter(|it| !but.contains(&it.place)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One error that lists every problem, a line each, in the order of the file.
    pub(crate) fn into_error(self, kind: ErrorKind, file: &str) -> Error {
        Error::new(kind, self.into_lines(file).join("\n"))
    }

    /// Nothing, or one error that lists every problem.
    pub(crate) fn into_result(self, kind: ErrorKind, file: &str) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(self.into_error(kind, file)) }
    }

    /// A line for each problem, in the order of the file.
    pub(crate) fn into_lines(mut self, file: &str) -> Vec<String> {
        let mut told = HashSet::new();
        self.0.retain(|it| told.insert((it.place, it.message.clone())));
        self.0.sort_by_key(|it| it.place);
        let line =
            |it: &Problem| format!("{file}:{}:{}: {}", it.place.line, it.place.column, it.message);
        self.0.iter().map(line).collect()
    }
}

/// The name among `known` that is nearest to `name`, as a hint to append to a message; empty if none
/// is near.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const SIMILARITY_MIN: f64 = 0.7;
    // Blanks around a name are easily overlooked, as those of a header.
    let plain = |it: &str| it.trim().to_lowercase();
    let name = plain(name);
    let similarity = |it: &str| strsim::jaro_winkler(&name, &plain(it));
    let near = known.into_iter().map(|it| (similarity(it), it));
    let best = near.filter(|(it, _)| *it >= SIMILARITY_MIN).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or_else(String::new, |(_, it)| format!("; did you mean `{it}`?"))
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}
