//! What is to be made.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};
use crate::generate::defect::{Defect, Seats};
use crate::generate::table::Table;
use crate::value::Date;

/// The reference set: so many providers and affiliations, and 500 facilities, 125,531 rows in all.
const REFERENCE: (u64, u64, u64) = (50_000, 75_031, 125_531);

/// Enough for every NPI to be another one.
const PROVIDERS_MAX: u64 = 100_000_000;

/// Fewer make no facility that three of them could work at.
const PROVIDERS_MIN: u64 = 20;

/// How many rows are made.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// So many providers, with the facilities and affiliations that go with them.
    Providers(u64),
    /// So many rows in all three tables together.
    Rows(u64),
}

impl Default for Size {
    /// The reference set: 125,531 rows.
    fn default() -> Self {
        Self::Rows(REFERENCE.2)
    }
}

/// What is to be made. The same recipe gives the same rows, on every machine and at every version.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Chooses among all the sets that look alike. Default: 42.
    pub seed: u64,
    /// How many rows are made. Default: 125,531.
    pub size: Size,
    /// "Today": no valid date of the past lies after it, and licenses run out later. It is no clock's
    /// day, so that a seed means the same tomorrow. Default: 2026-01-01.
    pub as_of: Date,
    /// Of each kind, one defect for so many of the rows of its table, rounded up. Default: 0.001.
    pub defect_rate: f64,
    /// How many defects of a kind there are, instead of what the rate says.
    pub defects: BTreeMap<Defect, u64>,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            seed: 42,
            size: Size::default(),
            as_of: Date::from_days(20_454),
            defect_rate: 0.001,
            defects: BTreeMap::new(),
        }
    }
}

/// How many rows each table has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Rows {
    pub(super) providers: u64,
    pub(super) facilities: u64,
    pub(super) affiliations: u64,
}

impl Rows {
    /// How many rows a table has.
    pub(super) fn of(&self, table: Table) -> u64 {
        match table {
            Table::Facilities => self.facilities,
            Table::Providers => self.providers,
            Table::Affiliations => self.affiliations,
        }
    }
}

impl Recipe {
    /// How many rows each table gets.
    ///
    /// # Errors
    ///
    /// `UsageInvalid` for a recipe that cannot be followed.
    pub(super) fn rows(&self) -> Result<Rows> {
        let (providers_of, affiliations_of, rows_of) = REFERENCE;
        let providers = match self.size {
            Size::Providers(providers) => providers,
            Size::Rows(rows) => scaled(rows, providers_of, rows_of),
        };
        if !(PROVIDERS_MIN..=PROVIDERS_MAX).contains(&providers) {
            return Err(refused(format!(
                "cannot generate {providers} providers: from {PROVIDERS_MIN} to {PROVIDERS_MAX} can be made"
            )));
        }
        let facilities = (providers / 100).max((providers / 5).min(20));
        let affiliations = match self.size {
            Size::Providers(_) => scaled(providers, affiliations_of, providers_of),
            Size::Rows(rows) => rows - providers - facilities,
        };
        Ok(Rows { providers, facilities, affiliations })
    }

    /// How many defects of a kind there are.
    pub(super) fn count(&self, defect: Defect, rows: &Rows) -> u64 {
        let of_table = match defect.seats() {
            Seats::Facilities(_) => rows.facilities,
            Seats::Providers(_) | Seats::None => rows.providers,
        };
        let by_rate = || (of_table as f64 * self.defect_rate).ceil() as u64;
        self.defects.get(&defect).copied().unwrap_or_else(by_rate)
    }

    /// # Errors
    ///
    /// `UsageInvalid` if a value is out of its range.
    pub(super) fn check(&self) -> Result<()> {
        if !(0.0..=1.0).contains(&self.defect_rate) {
            let message = format!(
                "cannot generate defects at a rate of {}: it is a share, 0 to 1",
                self.defect_rate
            );
            return Err(refused(message));
        }
        let (year, ..) = self.as_of.civil();
        if !(2000..=2100).contains(&year) {
            let message = format!(
                "cannot generate data as of {}: choose a year from 2000 to 2100",
                self.as_of
            );
            return Err(refused(message));
        }
        Ok(())
    }
}

/// An error about a recipe that cannot be followed.
pub(super) fn refused(message: String) -> Error {
    Error::new(ErrorKind::UsageInvalid, message)
}

/// `count * part / whole`, rounded to the nearest.
fn scaled(count: u64, part: u64, whole: u64) -> u64 {
    ((u128::from(count) * u128::from(part) + u128::from(whole / 2)) / u128::from(whole)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(size: Size) -> [u64; 3] {
        let rows = Recipe { size, ..Recipe::default() }.rows().unwrap();
        [rows.providers, rows.facilities, rows.affiliations]
    }

    #[test]
    fn the_reference_set_keeps_its_proportions_at_every_size() {
        assert_eq!(rows(Size::default()), [50_000, 500, 75_031]);
        assert_eq!(rows(Size::Providers(50_000)), [50_000, 500, 75_031]);
        assert_eq!(rows(Size::Rows(1000)), [398, 20, 582]);
        assert_eq!(rows(Size::Rows(1_000_000)), [398_308, 3983, 597_709]);
        assert_eq!(rows(Size::Providers(20)), [20, 4, 30]);
    }

    #[test]
    fn as_of_is_a_day_that_never_moves() {
        assert_eq!(Recipe::default().as_of.to_string(), "2026-01-01");
    }

    #[test]
    fn a_recipe_that_cannot_be_followed_is_refused() {
        let error = Recipe { size: Size::Rows(10), ..Recipe::default() }.rows().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UsageInvalid);
        assert_eq!(
            error.message(),
            "cannot generate 4 providers: from 20 to 100000000 can be made"
        );
        let error = Recipe { defect_rate: 1.5, ..Recipe::default() }.check().unwrap_err();
        assert_eq!(
            error.message(),
            "cannot generate defects at a rate of 1.5: it is a share, 0 to 1"
        );
    }
}
