//! The kinds of defects: what is wrong, how many rows one of them takes, and which checks of the
//! healthcare pack find it.
//!
//! Every defect has rows of its own, so defects never meet, and what the checks find is known exactly.

use std::fmt;
use std::str::FromStr;

use crate::generate::table::Table;

/// How many affiliations a provider has that has too many: one more than the pack puts up with.
pub(super) const TOO_MANY: u64 = 11;

macro_rules! defects {
    ($($(#[doc = $doc:literal])* $kind:ident, $name:literal, $rows:literal x $table:ident $(, $grouped:ident)?: [$($check:literal),+];)*) => {
        /// A kind of defect.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Defect {
            $($(#[doc = $doc])* $kind,)*
        }

        impl Defect {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// The word for it, such as `npi_missing`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// What is wrong, in a sentence.
            pub fn description(self) -> &'static str {
                match self { $(Self::$kind => concat!($($doc),*).trim_start(),)* }
            }

            /// How many rows violate the checks for each defect of this kind.
            pub const fn rows(self) -> u64 {
                match self { $(Self::$kind => $rows,)* }
            }

            /// The table whose rows violate the checks.
            pub const fn table(self) -> Table {
                match self { $(Self::$kind => Table::$table,)* }
            }

            /// The checks of the healthcare pack that find it, as `rule/check`.
            pub const fn checks(self) -> &'static [&'static str] {
                match self { $(Self::$kind => &[$($check),+],)* }
            }

            /// Whether the rows of each defect are one group to the checks.
            pub(super) const fn is_grouped(self) -> bool {
                match self { $(Self::$kind => !<[&str]>::is_empty(&[$(stringify!($grouped))?]),)* }
            }
        }
    };
}

defects! {
    /// A provider has no affiliation at all.
    NoAffiliation, "no_affiliation", 1 x Providers: [
        "cross_reference_integrity/provider_without_affiliation",
        "affiliation_anomaly/no_primary",
        "affiliation_anomaly/none_active"
    ];
    /// No affiliation of a provider is the primary one.
    NoPrimary, "no_primary", 1 x Providers: ["affiliation_anomaly/no_primary"];
    /// Two affiliations of a provider are primary.
    SeveralPrimaries, "several_primaries", 1 x Providers: ["affiliation_anomaly/several_primaries"];
    /// Every affiliation of a provider has ended.
    NoneActive, "none_active", 1 x Providers: ["affiliation_anomaly/none_active"];
    /// A provider has more affiliations than one person can have.
    TooMany, "too_many", 1 x Providers: ["affiliation_anomaly/too_many"];
    /// Two affiliations of a provider with the same facility overlap.
    Overlapping, "overlapping", 2 x Affiliations, grouped: ["affiliation_anomaly/overlapping"];
    /// An affiliation ends before it starts.
    AffiliationReversed, "affiliation_reversed", 1 x Affiliations: ["temporal_consistency/affiliation_reversed"];
    /// A date of an affiliation is no date.
    AffiliationUnreadable, "affiliation_unreadable", 1 x Affiliations: ["temporal_consistency/affiliation_date_unreadable"];
    /// An affiliation names a facility that does not exist.
    FacilityUnknown, "facility_unknown", 1 x Affiliations, grouped: ["cross_reference_integrity/facility_unknown"];
    /// Two affiliations name a provider that does not exist.
    ProviderUnknown, "provider_unknown", 2 x Affiliations, grouped: ["cross_reference_integrity/provider_unknown"];

    /// The full name is missing or blank.
    FullNameMissing, "full_name_missing", 1 x Providers: ["provider_name_inconsistency/full_name_missing"];
    /// Neither a first nor a last name is there.
    NamePartsMissing, "name_parts_missing", 1 x Providers: ["provider_name_inconsistency/parts_missing"];
    /// The full name does not hold the first name.
    FirstNameDiffers, "first_name_differs", 1 x Providers: ["provider_name_inconsistency/first_name_differs"];
    /// The full name does not hold the last name.
    LastNameDiffers, "last_name_differs", 1 x Providers: ["provider_name_inconsistency/last_name_differs"];
    /// The full name says that it is made up.
    SuspiciousName, "suspicious_name", 1 x Providers: ["provider_name_inconsistency/suspicious_word"];
    /// The full name ends in blanks.
    NameUntrimmed, "name_untrimmed", 1 x Providers: ["provider_name_inconsistency/untrimmed"];
    /// The full name holds a control character.
    NameControlCharacter, "name_control_character", 1 x Providers: ["provider_name_inconsistency/control_character"];

    /// The NPI is missing or blank.
    NpiMissing, "npi_missing", 1 x Providers: ["npi_validation/missing"];
    /// The NPI is not ten digits.
    NpiMalformed, "npi_malformed", 1 x Providers: ["npi_validation/malformed"];
    /// The NPI starts with a digit other than 1 or 2.
    NpiFirstDigit, "npi_first_digit", 1 x Providers: ["npi_validation/first_digit"];
    /// The last digit of the NPI is not the check digit.
    NpiCheckDigit, "npi_check_digit", 1 x Providers: ["npi_validation/check_digit"];
    /// Two providers have the same NPI.
    NpiShared, "npi_shared", 2 x Providers, grouped: ["npi_validation/shared"];

    /// The birth year is before 1900.
    BirthYearImpossible, "birth_year_impossible", 1 x Providers: ["temporal_consistency/birth_year_impossible"];
    /// The birth year lies between 1900 and 1919.
    BirthYearUnlikely, "birth_year_unlikely", 1 x Providers: ["temporal_consistency/birth_year_unlikely"];
    /// The graduation came in childhood.
    GraduationTooEarly, "graduation_too_early", 1 x Providers: ["temporal_consistency/graduation_too_early"];
    /// The graduation came after the age of fifty.
    GraduationTooLate, "graduation_too_late", 1 x Providers: ["temporal_consistency/graduation_too_late"];
    /// The years in practice are negative.
    YearsNegative, "years_negative", 1 x Providers: ["temporal_consistency/years_negative"];
    /// There are more years in practice than since the graduation.
    YearsImpossible, "years_impossible", 1 x Providers: ["temporal_consistency/years_impossible"];
    /// There are more years in practice than a career has.
    YearsTooMany, "years_too_many", 1 x Providers: [
        "temporal_consistency/years_too_many",
        "temporal_consistency/years_impossible"
    ];
    /// The license has expired.
    LicenseExpired, "license_expired", 1 x Providers: ["temporal_consistency/license_expired"];
    /// The license expires in a future too far away.
    LicenseTooFar, "license_too_far", 1 x Providers: ["temporal_consistency/license_too_far"];
    /// The day on which the license expires is no date.
    LicenseUnreadable, "license_unreadable", 1 x Providers: ["temporal_consistency/license_date_unreadable"];

    /// The state of the license does not exist.
    LicenseStateUnknown, "license_state_unknown", 1 x Providers: ["license_validation/state_unknown"];
    /// The last digit of the DEA number is not the check digit.
    DeaCheckDigit, "dea_check_digit", 1 x Providers: ["license_validation/dea_malformed"];
    /// The taxonomy code has no valid form.
    TaxonomyMalformed, "taxonomy_malformed", 1 x Providers: ["taxonomy_validation/malformed"];

    /// The e-mail address is missing or blank.
    EmailMissing, "email_missing", 1 x Providers: ["contact_validation/email_missing"];
    /// The e-mail address has no valid form.
    EmailMalformed, "email_malformed", 1 x Providers: ["contact_validation/email_malformed"];
    /// The e-mail address says that it is made up.
    EmailSuspicious, "email_suspicious", 1 x Providers: ["contact_validation/email_suspicious"];
    /// Three providers have the same e-mail address, written in different cases.
    EmailShared, "email_shared", 3 x Providers, grouped: ["contact_validation/email_shared"];
    /// The phone number is missing or blank.
    PhoneMissing, "phone_missing", 1 x Providers: ["contact_validation/phone_missing"];
    /// The phone number has no valid form.
    PhoneMalformed, "phone_malformed", 1 x Providers: ["contact_validation/phone_malformed"];

    /// Two providers have the same name, state and specialty, written differently.
    NearDuplicate, "near_duplicate", 2 x Providers, grouped: ["provider_duplicates/same_name_state_specialty"];

    /// A facility has no affiliation at all.
    FacilityUnused, "facility_unused", 1 x Facilities: ["cross_reference_integrity/facility_without_affiliation"];
    /// The ZIP code has no valid form.
    ZipMalformed, "zip_malformed", 1 x Facilities: ["address_validation/zip_malformed"];
    /// The state of the facility does not exist.
    FacilityStateUnknown, "facility_state_unknown", 1 x Facilities: ["address_validation/state_unknown"];
    /// The ZIP code is one of another state.
    ZipOfAnotherState, "zip_of_another_state", 1 x Facilities: ["address_validation/zip_of_another_state"];
}

/// Whose places the defects of a kind take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Seats {
    /// So many providers.
    Providers(u64),
    /// So many facilities.
    Facilities(u64),
    /// Rows of its own.
    None,
}

impl Defect {
    /// Whose places one defect of this kind takes.
    pub(super) const fn seats(self) -> Seats {
        match (self, self.table()) {
            (Self::ProviderUnknown, _) => Seats::None,
            (_, Table::Facilities) => Seats::Facilities(self.rows()),
            (_, Table::Providers) => Seats::Providers(self.rows()),
            (_, Table::Affiliations) => Seats::Providers(1),
        }
    }

    /// How many affiliations a provider with this defect has, where the defect decides that.
    pub(super) const fn affiliations(self) -> Option<u64> {
        match self {
            Self::NoAffiliation => Some(0),
            Self::NoPrimary | Self::NoneActive => Some(1),
            Self::TooMany => Some(TOO_MANY),
            Self::SeveralPrimaries
            | Self::Overlapping
            | Self::AffiliationReversed
            | Self::AffiliationUnreadable
            | Self::FacilityUnknown => Some(2),
            _ => None,
        }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Defect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|it| it.as_str() == text);
        found.copied().ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|it| it.as_str()).collect();
            format!("there is no defect `{text}`; there are {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for defect in Defect::ALL {
            assert_eq!(defect.to_string().parse(), Ok(*defect));
            assert!(defect.description().ends_with('.'), "{defect}");
        }
        assert!("npi".parse::<Defect>().unwrap_err().starts_with("there is no defect `npi`; "));
    }

    #[test]
    fn providers_without_affiliations_come_first_and_then_those_with_a_given_number_of_them() {
        let seated = Defect::ALL.iter().filter(|it| matches!(it.seats(), Seats::Providers(_)));
        let given: Vec<_> = seated.map(|it| it.affiliations()).collect();
        assert_eq!(given.first(), Some(&Some(0)));
        assert!(given.is_sorted_by_key(Option::is_none));
        assert_eq!(given.iter().filter(|it| **it == Some(0)).count(), 1);
    }
}
