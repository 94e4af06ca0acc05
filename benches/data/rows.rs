//! The rows of the three tables, each a function of its number.

use rusqlite::types::Value;

use crate::data::values::{
    date, email, facility_id, last_name, license, name, npi, number, or_blank, phone, provider_id,
    text, update,
};
use crate::data::words::{
    CITIES, DEGREES, EMPLOYMENT, FACILITY_TYPES, POSITIONS, SOURCES, SPECIALTIES, STATES,
};
use crate::random::{Random, shuffled};

pub(crate) fn provider(index: u64) -> [Value; 20] {
    let mut random = Random::new(1, index);
    let (first, last) = name(index);
    let full_name = or_blank(&mut random, 30, format!("{first} {last}"));
    let birth_year =
        if random.percent(4) { 1880 + random.below(40) } else { 1940 + random.below(56) };
    let career_start = if random.percent(3) { random.below(18) } else { 24 + random.below(8) };
    let graduation_year = birth_year + career_start;
    let years = if random.percent(4) {
        61 + random.below(30)
    } else {
        2026_u64.saturating_sub(graduation_year).min(60)
    };
    let specialty = random.pick(SPECIALTIES);
    let state = if random.percent(3) { "XX" } else { random.pick(STATES) };
    let expiry =
        if random.percent(5) { date(&mut random, 2019, 6) } else { date(&mut random, 2027, 4) };
    let confidence = if random.percent(3) { 130 + random.below(20) } else { 40 + random.below(61) };
    [
        text(provider_id(index)),
        npi(&mut random, index),
        full_name,
        text(first),
        last_name(&mut random, last),
        text(random.pick(DEGREES)),
        or_blank(&mut random, 40, specialty.to_owned()),
        email(&mut random, index),
        phone(&mut random),
        license(&mut random, state),
        text(state),
        text(expiry),
        number(years),
        text(if random.percent(3) { "U" } else { random.pick(&["M", "F"]) }),
        number(birth_year),
        number(graduation_year),
        text(random.pick(SOURCES)),
        Value::Real(confidence as f64 / 100.0),
        text(if random.percent(4) {
            "active"
        } else {
            random.pick(&["ACTIVE", "ACTIVE", "INACTIVE", "RETIRED"])
        }),
        update(&mut random),
    ]
}

pub(crate) fn facility(index: u64) -> [Value; 10] {
    let mut random = Random::new(2, index);
    let city = random.pick(CITIES);
    let zip = 10_000 + random.below(89_999);
    [
        text(facility_id(index)),
        text(format!(
            "{city} {} {index}",
            random.pick(&["General Hospital", "Clinic", "Medical Center"])
        )),
        text(random.pick(FACILITY_TYPES)),
        text(format!("{} Main Street", 1 + random.below(9999))),
        text(city),
        text(random.pick(STATES)),
        text(if random.percent(4) { format!("{}", zip / 10) } else { format!("{zip}") }),
        phone(&mut random),
        number(if random.percent(5) { 5000 + random.below(1000) } else { 1 + random.below(1200) }),
        update(&mut random),
    ]
}

/// Every provider has one affiliation and every second one another, in shuffled order. What is wrong
/// with them is drawn per provider: it is about all affiliations of one.
pub(crate) fn affiliation(index: u64, providers: u64, facilities: u64) -> [Value; 8] {
    let slot = shuffled(index, providers + providers / 2);
    let is_second = slot >= providers;
    let provider = if is_second { (slot - providers) * 2 } else { slot };
    let mut of_provider = Random::new(3, provider);
    let is_lost = of_provider.percent(4);
    let has_no_primary = of_provider.percent(3);
    let has_two_primaries = of_provider.percent(8);
    let is_primary = if is_second { has_two_primaries } else { !has_no_primary };
    let mut random = Random::new(4, index);
    let facility = random.below(facilities) + if random.percent(3) { 9_000_000 } else { 0 };
    let start = date(&mut random, 2005, 15);
    let end = match random.below(100) {
        0..60 => Value::Null,
        60..64 => text(date(&mut random, 1995, 8)),
        _ => text(date(&mut random, 2021, 5)),
    };
    [
        number(index + 1),
        text(provider_id(provider + if is_lost { 90_000_000 } else { 0 })),
        text(facility_id(facility)),
        text(start),
        end,
        text(random.pick(POSITIONS)),
        number(u64::from(is_primary)),
        text(random.pick(EMPLOYMENT)),
    ]
}
