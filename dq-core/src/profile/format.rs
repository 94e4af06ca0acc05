//! The forms in which a profile is written.

use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::profile::document::Profile;
use crate::profile::render::{render_json, render_text};
use crate::report::TerminalStyle;

/// A form of a profile.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ProfileFormat {
    /// A table of columns, for people.
    Text,
    /// All that is known, for programs; `docs/profile.schema.json` describes it.
    Json,
}

impl ProfileFormat {
    /// Every form.
    pub const ALL: [Self; 2] = [Self::Text, Self::Json];

    /// The word for it: `text`, `json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    /// The form that the name of a file asks for: `.json` or `.txt`. What has no extension, such as a
    /// pipe, gets JSON.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if the extension is another one.
    pub fn of_path(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|it| it.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            None | Some("json") => Ok(Self::Json),
            Some("txt") => Ok(Self::Text),
            Some(other) => {
                let file = path.display();
                let message = format!(
                    "cannot tell the format of `{file}`: `.{other}` is none of .json, .txt"
                );
                Err(Error::new(ErrorKind::UsageInvalid, message))
            }
        }
    }
}

impl fmt::Display for ProfileFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ProfileFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is no format: text or json"))
    }
}

/// Writes `profile` in the given form. Text is plain and as wide as it needs to be.
///
/// # Errors
///
/// Whatever `out` reports.
pub fn render(profile: &Profile, format: ProfileFormat, out: &mut dyn io::Write) -> io::Result<()> {
    match format {
        ProfileFormat::Text => render_text(profile, TerminalStyle::default(), out),
        ProfileFormat::Json => render_json(profile, out),
    }
}
