//! Environment variables, and files that they name.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use zeroize::Zeroizing;

use crate::config::key::Key;
use crate::config::keys::{SECTION_VARIABLES, keys};
use crate::config::kind::Kind;
use crate::config::sources::FILE_VARIABLE;
use crate::document::nearest;
use crate::secret::Secret;

/// What ends the name of a variable that names a file with the secret.
const FILE_SUFFIX: &str = "_FILE";

/// Variables of dq's that are not about its configuration.
const OTHERS: [&str; 2] = [FILE_VARIABLE, "DQ_UPDATE_DOCS"];

/// Environment variables. An empty one counts as not set.
#[derive(Clone, Copy)]
pub(crate) struct Environment<'a>(pub(crate) &'a BTreeMap<OsString, OsString>);

impl<'a> Environment<'a> {
    /// The text of a variable.
    pub(crate) fn text(self, name: &str) -> Option<Result<&'a str, String>> {
        let value = self.0.get(OsStr::new(name)).filter(|it| !it.is_empty())?;
        Some(value.to_str().ok_or_else(|| "this is not UTF-8".to_owned()))
    }

    /// The text of a variable, or of the file that the variable with `_FILE` behind its name names; and
    /// which of both it was.
    fn secret(self, name: &str) -> Option<(String, Result<Zeroizing<String>, String>)> {
        let in_file = format!("{name}{FILE_SUFFIX}");
        let (text, path) = (self.text(name), self.text(&in_file));
        Some(match (text, path) {
            (None, None) => return None,
            (Some(text), None) => (name.to_owned(), text.map(|it| it.to_owned().into())),
            (None, Some(path)) => {
                let read =
                    |path| Secret::read(Path::new(path)).map_err(|it| it.message().to_owned());
                let secret = path.and_then(read);
                (in_file, secret.map(|it| it.expose().to_owned().into()))
            }
            (Some(_), Some(_)) => {
                (name.to_owned(), Err(format!("`{in_file}` is set too: which of them counts?")))
            }
        })
    }

    /// The first of a key's variables that is set, and its text.
    pub(crate) fn of_key(self, key: &Key) -> Option<(String, Result<Zeroizing<String>, String>)> {
        key.variables.iter().find_map(|name| {
            if key.has_file_variables() {
                return self.secret(name);
            }
            let text = self.text(name)?;
            Some(((*name).to_owned(), text.map(|it| it.to_owned().into())))
        })
    }

    /// The first of the variables of a section that is set, and its text.
    pub(crate) fn of_section(
        self,
        names: &[&str],
    ) -> Option<(String, Result<Zeroizing<String>, String>)> {
        names.iter().find_map(|name| self.secret(name))
    }

    /// What a placeholder stands for: `NAME`, or `NAME:default` for where the variable is not set.
    pub(crate) fn placeholder(self, text: &str, kind: Kind) -> Result<Cow<'a, str>, String> {
        let (name, default) =
            text.split_once(':').map_or((text, None), |(name, default)| (name, Some(default)));
        if !is_name(name) {
            return Err(
                "expected the name of an environment variable between `${` and `}`".to_owned()
            );
        }
        let value = if kind.may_hold_secret() {
            self.secret(name).map(|(_, text)| text.map(|it| Cow::Owned(it.as_str().to_owned())))
        } else {
            self.text(name).map(|text| text.map(Cow::Borrowed))
        };
        match (value, default) {
            (Some(value), _) => value.map_err(|it| format!("environment variable `{name}`: {it}")),
            (None, Some(default)) if default.starts_with('-') => {
                Err(format!("a default stands behind the colon alone: `${{{name}:…}}`"))
            }
            (None, Some(default)) => Ok(Cow::Owned(default.to_owned())),
            (None, None) => Err(format!(
                "environment variable `{name}` is not set: set it, or write `${{{name}:default}}`"
            )),
        }
    }

    /// Variables that look as if they were meant for dq and are not, each with the nearest that is.
    pub(crate) fn unknown(self) -> Vec<String> {
        let known = variables();
        let names = self.0.keys().filter_map(|it| it.to_str()).filter(|it| it.starts_with("DQ_"));
        let unknown = names.filter(|it| !known.contains(*it) && !OTHERS.contains(it));
        let hint = |it: &str| nearest(it, known.iter().map(String::as_str));
        unknown.map(|it| format!("`{it}`{}", hint(it))).collect()
    }
}

/// The names of all variables that are read.
fn variables() -> BTreeSet<String> {
    let of_sections = SECTION_VARIABLES.iter().flat_map(|(_, variables)| *variables);
    let both = of_sections.flat_map(|it| [(*it).to_owned(), format!("{it}{FILE_SUFFIX}")]);
    let mut names: BTreeSet<_> = both.collect();
    for key in keys() {
        names.extend(key.variables.iter().map(|it| (*it).to_owned()));
        if key.has_file_variables() {
            names.extend(key.variables.iter().map(|it| format!("{it}{FILE_SUFFIX}")));
        }
    }
    names
}

fn is_name(text: &str) -> bool {
    let is_start = |it: char| it.is_ascii_alphabetic() || it == '_';
    text.starts_with(is_start) && text.chars().all(|it| is_start(it) || it.is_ascii_digit())
}
