//! Providers.

mod columns;
mod defects;

use std::borrow::Cow;

use crate::generate::dataset::Dataset;
use crate::generate::facility;
use crate::generate::layout::Seat;
use crate::generate::random::{Random, Stream};
use crate::generate::text;
use crate::generate::words::names::Name;
use crate::generate::words::professions::{MEDICAL_SCHOOLS, SUB_SPECIALTIES, Specialty, Training};
use crate::generate::words::workplaces;
use crate::value::Date;

pub(super) use columns::COLUMNS;
pub(super) use defects::check_digit;

/// A row of `healthcare_providers`.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "the column is called so")]
pub(super) struct Provider {
    pub(super) provider_id: String,
    npi: Option<String>,
    name: Name,
    full_name: Option<String>,
    first_name: Option<&'static str>,
    last_name: Option<&'static str>,
    middle_initial: &'static str,
    degree: &'static str,
    specialty: &'static Specialty,
    taxonomy_code: Cow<'static, str>,
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
    let mut id = String::with_capacity(12);
    id.push_str("PRV-");
    text::push_number(&mut id, index + 1, 8);
    id
}

/// The day from which the provider `index` may work.
pub(super) fn career_start(dataset: &Dataset, index: u64) -> Date {
    let mut random = Random::new(dataset.seed(), Stream::Provider, index);
    let year = Career::draw(dataset, &mut random).graduation_year;
    let graduated = Date::from_civil(year, 7, 1).unwrap_or(Date::from_days(0));
    graduated.max(dataset.as_of_plus(-1825))
}

impl Provider {
    /// The provider `index`, who has this seat, without defects.
    pub(super) fn new(dataset: &Dataset, index: u64, seat: &Seat) -> Self {
        let mut random = Random::new(dataset.seed(), Stream::Provider, index);
        let random = &mut random;
        let career = Career::draw(dataset, random);
        let (name, specialty) = dataset.name(index);
        let place = facility::place(dataset, dataset.facility(dataset.first_facility(seat)));
        let degree = random.pick(specialty.training.degrees());
        let (updated, created) = dataset.touched(random);
        Self {
            provider_id: id(index),
            npi: Some(dataset.npi(index)),
            full_name: Some(full_name(&name, degree, random)),
            first_name: Some(name.first),
            last_name: Some(name.last),
            middle_initial: name.middle,
            degree,
            specialty,
            taxonomy_code: specialty.taxonomy_code.into(),
            secondary: random.percent(15).then(|| Dataset::any_specialty(random).name),
            sub_specialty: random.percent(20).then(|| random.pick(SUB_SPECIALTIES)),
            email: Some(email(&name, index, random)),
            phone: Some(facility::phone(random, place)),
            license_number: license_number(place.state, random),
            license_state: place.state,
            license_expiry: text::day(dataset.as_of_plus(random.between(30, 1095))),
            dea: dea(random, &name, specialty.training),
            board: board(random, specialty),
            years: dataset.year() - career.graduation_year,
            birth_year: career.birth_year,
            school: random.pick(MEDICAL_SCHOOLS),
            graduation_year: career.graduation_year,
            data_source: random.pick(workplaces::DATA_SOURCES),
            confidence: facility::confidence(random),
            updated,
            verified: text::day(dataset.past_day(random, 400)),
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
        0 => text::concat(["Dr. ", first, " ", middle, ". ", last]),
        1 => text::concat([last, ", ", first, " ", middle, "."]),
        2 => text::concat([first, " ", middle, ". ", last, ", ", degree]),
        _ => text::concat([first, " ", middle, ". ", last]),
    }
}

/// An address that nobody else has.
fn email(name: &Name, index: u64, random: &mut Random) -> String {
    let host = random.pick(workplaces::HOSTS);
    let mut email = String::with_capacity(64);
    email.push_str(name.first);
    email.push('.');
    email.extend(name.last.chars().filter(char::is_ascii_alphanumeric));
    text::push_number(&mut email, index + 1, 1);
    email.push('@');
    email.push_str(host);
    email.make_ascii_lowercase();
    email
}

/// The state and six digits.
fn license_number(state: &str, random: &mut Random) -> String {
    let mut number = String::with_capacity(8);
    number.push_str(state);
    text::push_number(&mut number, random.below(1_000_000), 6);
    number
}

/// Two letters, the second that of the last name, six digits, and their check digit.
fn dea(random: &mut Random, name: &Name, training: Training) -> Option<String> {
    let first = random.pick(training.dea_letters());
    let digits = std::array::from_fn(|_| random.below(10));
    let has_one = !first.is_empty() && random.percent(90);
    has_one.then(|| dea_number(first, name, digits))
}

/// The number with its check digit: the last digit of the sum of the first, third and fifth digit and
/// twice the sum of the others.
fn dea_number(first: &str, name: &Name, digits: [u64; 6]) -> String {
    let weights = [1, 2].into_iter().cycle();
    let sum: u64 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
    let mut number = String::with_capacity(9);
    number.push_str(first);
    number.push(name.last.chars().next().unwrap_or('A').to_ascii_uppercase());
    for digit in digits.into_iter().chain([sum % 10]) {
        number.push(char::from(b'0' + digit as u8));
    }
    number
}

fn board(random: &mut Random, specialty: &Specialty) -> Option<String> {
    let is_certified = specialty.training == Training::Physician && random.percent(75);
    is_certified.then(|| text::concat(["Board certified in ", specialty.name]))
}
