//! Packs: rule sets that come with the library.
//!
//! A pack is an ordinary rule set, whose parameters have defaults. `dq rules show NAME` prints it.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use dq_core::packs::Pack;
//!
//! # fn main() -> dq_core::Result<()> {
//! let rules = Pack::find("healthcare")?.rules(&BTreeMap::new())?;
//! assert!(rules.rules().iter().any(|it| it.id == "npi_validation"));
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};
use crate::rules::RuleSet;

/// A rule set that comes with the library.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Pack {
    /// Healthcare providers, the facilities they work at, and the affiliations between them.
    Healthcare,
}

impl Pack {
    /// Every pack.
    pub const ALL: [Self; 1] = [Self::Healthcare];

    /// Its name, such as `healthcare`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthcare => "healthcare",
        }
    }

    /// The pack called `name`.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` if there is none.
    pub fn find(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            let message = format!("there is no pack `{name}`; there is {names}");
            Error::new(ErrorKind::UsageInvalid, message)
        })
    }

    /// The rule set, as YAML.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Healthcare => include_str!("healthcare.yaml"),
        }
    }

    /// The rule set, with values for some of its parameters.
    ///
    /// # Errors
    ///
    /// `RulesInvalid` if it has no such parameter, or a value makes no sense.
    pub fn rules(self, parameters: &BTreeMap<String, String>) -> Result<RuleSet> {
        RuleSet::parse(self.as_str(), self.text(), parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pack_is_right() {
        for pack in Pack::ALL {
            assert_eq!(Pack::find(pack.as_str()).unwrap(), pack);
            let rules = pack.rules(&BTreeMap::new()).unwrap_or_else(|error| panic!("{error}"));
            assert!(rules.check_count() > 0);
        }
    }

    #[test]
    fn an_unknown_pack_is_refused() {
        let error = Pack::find("finance").unwrap_err();
        assert_eq!(error.message(), "there is no pack `finance`; there is healthcare");
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_the_nearest_known_one() {
        let given = BTreeMap::from([("affiliation_max".to_owned(), "3".to_owned())]);
        let error = Pack::Healthcare.rules(&given).unwrap_err();
        assert_eq!(
            error.message(),
            "healthcare:1:1: the file declares no parameter `affiliation_max`; did you mean `affiliations_max`?"
        );
    }
}
