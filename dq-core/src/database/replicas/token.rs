//! How far a reader must have come to see a write.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result};

/// What every token begins with; its number changes with its form.
const FORM: &str = "dq1";

/// A position in the log of a database, at or after the commit of a write.
///
/// Who shows it to a reader sees that write, in this process or in another: it is a short text that fits into a
/// header, a cookie or a job. It holds nothing secret.
///
/// ```
/// use dq_core::database::replicas::CommitToken;
///
/// let token: CommitToken = "dq1-64fa0c1be51cd0a9-1-16b374d848".parse()?;
/// assert_eq!(token.to_string(), "dq1-64fa0c1be51cd0a9-1-16b374d848");
/// # Ok::<_, dq_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CommitToken {
    /// The identifier of the database system.
    pub(crate) system: u64,
    /// The history of the log: each promotion begins another.
    pub(crate) timeline: u32,
    /// The byte of the log.
    pub(crate) offset: u64,
}

impl CommitToken {
    /// The token that is at or after both; the other where they are of different systems, since one of them
    /// is of no use any more.
    pub(crate) fn later(self, other: Self) -> Self {
        if self.system != other.system {
            return other;
        }
        Self {
            system: self.system,
            timeline: self.timeline.max(other.timeline),
            offset: self.offset.max(other.offset),
        }
    }
}

impl fmt::Display for CommitToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FORM}-{:016x}-{:x}-{:x}", self.system, self.timeline, self.offset)
    }
}

impl FromStr for CommitToken {
    type Err = Error;

    /// Reads what [`Display`](fmt::Display) wrote.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` for any other text.
    fn from_str(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| {
            let message = "cannot read a commit token: it is not of the form `dq1-…-…-…`";
            Error::new(ErrorKind::UsageInvalid, message)
        })
    }
}

fn parse(text: &str) -> Option<CommitToken> {
    let mut parts = text.split('-');
    let is_known = parts.next() == Some(FORM);
    let (system, timeline, offset) = (parts.next()?, parts.next()?, parts.next()?);
    if !is_known || parts.next().is_some() || text.contains('+') {
        return None;
    }
    Some(CommitToken {
        system: u64::from_str_radix(system, 16).ok()?,
        timeline: u32::from_str_radix(timeline, 16).ok()?,
        offset: u64::from_str_radix(offset, 16).ok()?,
    })
}

impl Serialize for CommitToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CommitToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|it: Error| serde::de::Error::custom(it.message()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_way_through_text() {
        let token = CommitToken { system: u64::MAX, timeline: 3, offset: 0x16_B374_D848 };
        let text = serde_json::to_string(&token).unwrap();
        assert_eq!(text, "\"dq1-ffffffffffffffff-3-16b374d848\"");
        assert_eq!(serde_json::from_str::<CommitToken>(&text).unwrap(), token);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["", "dq1", "dq1-1-2", "dq2-1-2-3", "dq1-1-2-3-4", "dq1-x-2-3", "dq1-+1-2-3"] {
            assert_eq!(text.parse::<CommitToken>().unwrap_err().kind(), ErrorKind::UsageInvalid);
        }
    }

    #[test]
    fn the_later_of_two_is_at_or_after_both() {
        let token = |timeline, offset| CommitToken { system: 1, timeline, offset };
        assert_eq!(token(1, 9).later(token(2, 7)), token(2, 9));
        let other = CommitToken { system: 2, ..token(1, 1) };
        assert_eq!(token(1, 9).later(other), other);
    }
}
