//! Providers.

mod columns;
mod defects;

use crate::generate::dataset::Dataset;
use crate::generate::facility;
use crate::generate::random::{Random, Stream};
use crate::generate::words::names::Name;
use crate::generate::words::professions::{MEDICAL_SCHOOLS, SUB_SPECIALTIES, Specialty, Training};
use crate::generate::words::workplaces;
use crate::value::Date;

pub(super) use columns::COLUMNS;
pub(super) use defects::with_check_digit;

/// A row of `healthcare_providers`.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) provider_id: String,
    npi: Option<String>,
    name: Name,
    full_name: Option<String>,
    first_name: Option<&'static str>,
    last_name: Option<&'static str>,
    middle_initial: String,
    degree: &'static str,
    specialty: &'static Specialty,
    taxonomy_code: String,
    secondary: Option<&'static str>,
    sub_specialty: Option<&'static str>,
    email: Option<String>,
    phone: Option<String>,
    license_number: String,
    license_state: &'static str,
    license_expiry: String,
    dea: Option<String>,
    board: Option<String>,
    years: i32,
    birth_year: i32,
    school: &'static str,
    graduation_year: i32,
    data_source: &'static str,
    confidence: f64,
    updated: String,
    verified: String,
    is_golden: bool,
    status: &'static str,
    created: String,
}

/// When a provider was born and graduated.
struct Career {
    birth_year: i32,
    graduation_year: i32,
}

impl Career {
    /// The first thing that is drawn of a provider, so that [`career_start`] need not draw the rest.
    fn draw(dataset: &Dataset, random: &mut Random) -> Self {
        let year = dataset.year();
        let birth_year = year - random.between(30, 74);
        let graduation_year = (birth_year + random.between(25, 31)).min(year - 1);
        Self { birth_year, graduation_year }
    }
}

/// The id of the provider `index`.
pub(super) fn id(index: u64) -> String {
    format!("PRV-{:08}", index + 1)
}

/// The day from which the provider `index` may work.
pub(super) fn career_start(dataset: &Dataset, index: u64) -> Date {
    let mut random = Random::new(dataset.seed(), Stream::Provider, index);
    let year = Career::draw(dataset, &mut random).graduation_year;
    let graduated = Date::from_civil(year, 7, 1).unwrap_or(Date::from_days(0));
    graduated.max(dataset.as_of_plus(-1825))
}

impl Provider {
    /// The provider `index`, without defects.
    pub(super) fn new(dataset: &Dataset, index: u64) -> Self {
        let mut random = Random::new(dataset.seed(), Stream::Provider, index);
        let random = &mut random;
        let career = Career::draw(dataset, random);
        let (name, specialty) = dataset.name(index);
        let seat = dataset.provider_seat(index);
        let place = facility::place(dataset, dataset.facility(dataset.first_facility(&seat)));
        let degree = random.pick(specialty.training.degrees());
        let (updated, created) = dataset.touched(random);
        Self {
            provider_id: id(index),
            npi: Some(dataset.npi(index)),
            full_name: Some(full_name(&name, degree, random)),
            first_name: Some(name.first),
            last_name: Some(name.last),
            middle_initial: name.middle.to_string(),
            degree,
            specialty,
            taxonomy_code: specialty.taxonomy_code.to_owned(),
            secondary: random.percent(15).then(|| dataset.any_specialty(random).name),
            sub_specialty: random.percent(20).then(|| random.pick(SUB_SPECIALTIES)),
            email: Some(email(&name, index, random)),
            phone: Some(facility::phone(random, place)),
            license_number: format!("{}{:06}", place.state, random.below(1_000_000)),
            license_state: place.state,
            license_expiry: dataset.as_of_plus(random.between(30, 1095)).to_string(),
            dea: dea(random, &name, specialty.training),
            board: board(random, specialty),
            years: dataset.year() - career.graduation_year,
            birth_year: career.birth_year,
            school: random.pick(MEDICAL_SCHOOLS),
            graduation_year: career.graduation_year,
            data_source: random.pick(workplaces::DATA_SOURCES),
            confidence: facility::confidence(random),
            updated,
            verified: dataset.past_day(random, 400).to_string(),
            is_golden: random.percent(10),
            status: match random.below(100) {
                0..92 => "ACTIVE",
                92..98 => "INACTIVE",
                _ => "PENDING",
            },
            created,
            name,
        }
    }
}

/// The name, in one of the forms in which people write it.
fn full_name(name: &Name, degree: &str, random: &mut Random) -> String {
    let Name { first, middle, last, .. } = name;
    match random.below(10) {
        0 => format!("Dr. {first} {middle}. {last}"),
        1 => format!("{last}, {first} {middle}."),
        2 => format!("{first} {middle}. {last}, {degree}"),
        _ => format!("{first} {middle}. {last}"),
    }
}

/// An address that nobody else has.
fn email(name: &Name, index: u64, random: &mut Random) -> String {
    let last: String = name.last.chars().filter(char::is_ascii_alphanumeric).collect();
    let host = random.pick(workplaces::HOSTS);
    format!("{}.{last}{}@{host}", name.first, index + 1).to_lowercase()
}

/// Two letters, the second that of the last name, six digits, and their check digit.
fn dea(random: &mut Random, name: &Name, training: Training) -> Option<String> {
    let first = random.pick(training.dea_letters());
    let digits: Vec<u64> = (0..6).map(|_| random.below(10)).collect();
    let has_one = !first.is_empty() && random.percent(90);
    has_one.then(|| dea_number(first, name, &digits))
}

/// The number with its check digit: the last digit of the sum of the first, third and fifth digit and
/// twice the sum of the others.
fn dea_number(first: &str, name: &Name, digits: &[u64]) -> String {
    let weights = [1, 2].into_iter().cycle();
    let sum: u64 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
    let digits: String = digits.iter().map(u64::to_string).collect();
    let letter = name.last.chars().next().unwrap_or('A').to_ascii_uppercase();
    format!("{first}{letter}{digits}{}", sum % 10)
}

fn board(random: &mut Random, specialty: &Specialty) -> Option<String> {
    let is_certified = specialty.training == Training::Physician && random.percent(75);
    is_certified.then(|| format!("Board certified in {}", specialty.name))
}
