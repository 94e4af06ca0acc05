//! What can be wrong with a provider.

use crate::generate::dataset::Dataset;
use crate::generate::defect::Defect;
use crate::generate::layout::SeatedDefect;
use crate::generate::provider::{Provider, dea_number};
use crate::generate::random::Random;
use crate::generate::text;

impl Provider {
    /// Spoils the provider.
    pub(in crate::generate) fn spoil(&mut self, dataset: &Dataset, defect: &SeatedDefect) {
        let random = &mut defect.random(dataset.seed());
        match defect.kind {
            Defect::NoAffiliation => self.status = "ACTIVE",
            Defect::NpiMissing => self.npi = missing(random),
            Defect::EmailMissing => self.email = missing(random),
            Defect::PhoneMissing => self.phone = missing(random),
            Defect::FullNameMissing => self.full_name = missing(random),
            Defect::NamePartsMissing => (self.first_name, self.last_name) = (None, None),
            Defect::NpiShared | Defect::EmailShared | Defect::NearDuplicate => {
                self.share(dataset, defect);
            }
            _ => {
                self.spoil_name(defect.kind, random);
                self.spoil_number(defect.kind, random);
                self.spoil_contact(defect.kind, random);
                self.spoil_career(dataset.year(), defect.kind, random);
                self.spoil_license(dataset, defect.kind, random);
            }
        }
    }

    /// Takes over what the first row of the group has.
    fn share(&mut self, dataset: &Dataset, defect: &SeatedDefect) {
        if defect.member == 0 {
            return;
        }
        let leader = dataset.provider_leader(defect);
        let first = Self::new(dataset, leader, &dataset.provider_seat(leader));
        match defect.kind {
            Defect::NpiShared => self.npi = first.npi,
            Defect::EmailShared => {
                let change = if defect.member == 1 { str::to_uppercase } else { str::to_owned };
                self.email = first.email.as_deref().map(change);
            }
            _ => {
                let change = if defect.instance.is_multiple_of(2) { upper } else { spaced };
                self.full_name = first.full_name.as_deref().map(change);
                (self.first_name, self.last_name) = (first.first_name, first.last_name);
                (self.name, self.middle_initial) = (first.name, first.middle_initial);
                (self.degree, self.specialty) = (first.degree, first.specialty);
                self.taxonomy_code = first.taxonomy_code;
                self.license_state = first.license_state;
            }
        }
    }

    fn spoil_name(&mut self, kind: Defect, random: &mut Random) {
        let Some(full) = &mut self.full_name else { return };
        match kind {
            Defect::FirstNameDiffers => self.first_name = Some("Zebulon"),
            Defect::LastNameDiffers => self.last_name = Some("Quatermain"),
            Defect::SuspiciousName => {
                full.push(' ');
                full.push_str(random.pick(&["Test", "TEST", "(dummy)", "Sample"]));
            }
            Defect::NameUntrimmed => full.push_str(random.pick(&[" ", "  "])),
            Defect::NameControlCharacter => full.insert(0, '\u{1}'),
            _ => {}
        }
    }

    fn spoil_number(&mut self, kind: Defect, random: &mut Random) {
        let Some(npi) = &self.npi else { return };
        let body: String = npi.chars().take(9).collect();
        let check = npi.chars().next_back().and_then(|it| it.to_digit(10)).unwrap_or_default();
        self.npi = Some(match kind {
            Defect::NpiMalformed => format!("{body}{}", random.pick(&["", "X", "12"])),
            Defect::NpiCheckDigit => format!("{body}{}", (check + 1 + random.below(9) as u32) % 10),
            // What began with 1 becomes odd and the rest even, so that numbers still differ.
            Defect::NpiFirstDigit => {
                let rest: String = body.chars().skip(1).collect();
                let firsts = if body.starts_with('1') { ["3", "5", "7"] } else { ["4", "6", "8"] };
                let mut npi = text::concat([random.pick(&firsts), &rest]);
                npi.push(check_digit(&npi));
                npi
            }
            _ => return,
        });
    }

    fn spoil_contact(&mut self, kind: Defect, random: &mut Random) {
        let Some(email) = &self.email else { return };
        match kind {
            Defect::EmailMalformed => {
                let with = random.pick(&[" at ", "@@", ""]);
                self.email = Some(email.replace('@', with));
            }
            Defect::EmailSuspicious => {
                self.email = Some(format!("{}.{email}", random.pick(&["test", "dummy"])));
            }
            Defect::PhoneMalformed => {
                let forms =
                    ["555-0123", "(212) 555-CALL", "+44 20 7946 0958", "12345", "212-555-01234"];
                self.phone = Some(random.pick(&forms).to_owned());
            }
            _ => {}
        }
    }

    /// Moves what depends on a year along with it, so that nothing else becomes wrong.
    fn spoil_career(&mut self, year: i32, kind: Defect, random: &mut Random) {
        match kind {
            Defect::BirthYearImpossible => {
                self.birth_year = random.between(1860, 1899);
                self.graduation_year = self.birth_year + 26;
            }
            Defect::BirthYearUnlikely => {
                self.birth_year = random.between(1900, 1919);
                self.graduation_year = self.birth_year + 26;
            }
            Defect::GraduationTooEarly => {
                self.graduation_year = self.birth_year + random.between(0, 12);
            }
            Defect::GraduationTooLate => {
                self.birth_year = year - 75;
                self.graduation_year = self.birth_year + random.between(52, 70);
                self.years = year - self.graduation_year;
            }
            Defect::YearsNegative => self.years = -random.between(1, 9),
            Defect::YearsImpossible => {
                self.graduation_year = year - 10;
                self.birth_year = self.graduation_year - 27;
                self.years = random.between(16, 40);
            }
            Defect::YearsTooMany => self.years = random.between(61, 90),
            _ => {}
        }
    }

    fn spoil_license(&mut self, dataset: &Dataset, kind: Defect, random: &mut Random) {
        let day = |days| dataset.as_of_plus(days).to_string();
        match kind {
            Defect::LicenseExpired => self.license_expiry = day(-random.between(1, 900)),
            Defect::LicenseTooFar => self.license_expiry = day(random.between(4000, 20_000)),
            Defect::LicenseUnreadable => {
                let garbled = ["2027-02-29", "never", "2027/06/30", "30.06.2027", "00/00/0000"];
                random.pick(&garbled).clone_into(&mut self.license_expiry);
            }
            Defect::LicenseStateUnknown => self.license_state = random.pick(&["XX", "ZZ", "QQ"]),
            Defect::DeaCheckDigit => {
                let digits = std::array::from_fn(|_| random.below(10));
                let mut number = dea_number("B", &self.name, digits);
                let check = number.pop().and_then(|it| it.to_digit(10)).unwrap_or_default();
                number.push_str(&((check + 1 + random.below(9) as u32) % 10).to_string());
                self.dea = Some(number);
            }
            Defect::TaxonomyMalformed => {
                let cut = self.taxonomy_code.chars().take(9).collect::<String>();
                let ends = ["", "0", "-", "x"];
                self.taxonomy_code = (cut + random.pick(&ends)).into();
            }
            _ => {}
        }
    }
}

/// The digit that, behind the nine of `body`, makes the Luhn sum of 80840 and all ten digits a multiple
/// of ten.
pub(in crate::generate) fn check_digit(body: &str) -> char {
    // What the prefix 80840 adds to the sum.
    let prefix = 24;
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit.wrapping_sub(b'0'));
            if place.is_multiple_of(2) { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    char::from(b'0' + ((10 - (sum + prefix) % 10) % 10) as u8)
}

/// No value, or one that cannot be seen.
fn missing(random: &mut Random) -> Option<String> {
    match random.below(3) {
        0 => None,
        1 => Some(String::new()),
        _ => Some("  ".to_owned()),
    }
}

fn upper(text: &str) -> String {
    text.to_uppercase()
}

/// The same words, further apart.
fn spaced(text: &str) -> String {
    text.replace(' ', "  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_that_of_the_published_example() {
        assert_eq!(check_digit("123456789"), '3');
        assert_eq!(check_digit("124531959"), '9');
    }
}
