//! The bounds of reading JSON Lines.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

const MIB: usize = 1024 * 1024;

/// The bounds of reading JSON Lines.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct JsonOptions {
    /// How many bytes one line may have; at most 1 GiB. Bounds the memory that a file without line ends
    /// takes before it is noticed. Default: 64 MiB.
    pub line_bytes_max: usize,
    /// How many columns a table may have. Objects whose keys are data, such as identifiers, would make
    /// a column of each. Default: 10,000.
    pub columns_max: usize,
    /// About how many bytes are parsed at once.
    #[doc(hidden)]
    #[serde(skip)]
    pub block_bytes: usize,
}

impl Default for JsonOptions {
    fn default() -> Self {
        Self { line_bytes_max: 64 * MIB, columns_max: 10_000, block_bytes: MIB / 4 }
    }
}

impl JsonOptions {
    /// `ConfigInvalid` for an option out of its range.
    pub(crate) fn check(&self) -> Result<()> {
        if (1..=1024 * MIB).contains(&self.line_bytes_max) {
            return Ok(());
        }
        let reason = "`line_bytes_max` is not between 1 byte and 1 GiB";
        let message = format!("cannot use the options of JSON Lines: {reason}");
        Err(Error::new(ErrorKind::ConfigInvalid, message))
    }
}
