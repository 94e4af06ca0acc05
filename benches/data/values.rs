//! Single values, some of them with a defect: names, keys, numbers of providers, addresses, days.

use rusqlite::types::Value;

use crate::data::words::{DOMAINS, FIRST_NAMES, LAST_NAMES};
use crate::random::{Random, shuffled};

pub(crate) fn name(index: u64) -> (&'static str, &'static str) {
    let mut random = Random::new(5, index);
    (random.pick(FIRST_NAMES), random.pick(LAST_NAMES))
}

/// Some ids are in small letters, wherever they stand.
pub(crate) fn provider_id(index: u64) -> String {
    let prefix = if Random::new(6, index).percent(3) { "prv" } else { "PRV" };
    format!("{prefix}-{index:08}")
}

pub(crate) fn facility_id(index: u64) -> String {
    format!("FAC-{index:07}")
}

/// Ten digits; the last makes the Luhn sum of 80840 and all ten a multiple of ten. Defects: another
/// last digit, none at all, a letter, that of another provider.
pub(crate) fn npi(random: &mut Random, index: u64) -> Value {
    match random.below(100) {
        0..4 => text(valid_npi(index, 1 + random.below(9))),
        4..6 => Value::Null,
        6..8 => text(random.pick(&["", "   "])),
        8..11 => text(format!("N{}", shuffled(index, 100_000_000))),
        11..13 => text(valid_npi(index.saturating_sub(1 + random.below(1000)), 0)),
        _ => text(valid_npi(index, 0)),
    }
}

fn valid_npi(index: u64, off_by: u64) -> String {
    let body = 100_000_000 + shuffled(index, 100_000_000);
    let mut sum = 24; // of 80840
    let mut rest = body;
    for position in 0..9 {
        let digit = rest % 10;
        rest /= 10;
        sum += if position % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit };
    }
    format!("{body}{}", (10 - sum % 10 + off_by) % 10)
}

pub(crate) fn email(random: &mut Random, index: u64) -> Value {
    let of = |index: u64| {
        let (first, last) = name(index);
        let last = last.replace(['\'', ' '], "");
        let domain = DOMAINS.iter().cycle().nth((index % 5) as usize).copied().unwrap_or_default();
        format!("{first}.{last}{index}@{domain}").to_lowercase()
    };
    match random.below(100) {
        0..2 => Value::Null,
        2..4 => text(random.pick(&["", "  "])),
        4..6 => text(of(index).replace('@', " at ")),
        6..8 => text(of(index).to_uppercase()),
        8..10 => text(of(index.saturating_sub(1 + random.below(1000)))),
        _ => text(of(index)),
    }
}

pub(crate) fn last_name(random: &mut Random, last: &str) -> Value {
    match random.below(100) {
        0..3 => text(random.pick(&["", " "])),
        3..7 => text(format!("{last}{}", random.below(10))),
        _ => text(last),
    }
}

pub(crate) fn phone(random: &mut Random) -> Value {
    let (area, exchange, line) =
        (200 + random.below(800), 200 + random.below(800), random.below(10_000));
    text(match random.below(100) {
        0..3 => format!("{area}-{exchange}-{line:04}"),
        _ => format!("({area}) {exchange}-{line:04}"),
    })
}

pub(crate) fn license(random: &mut Random, state: &str) -> Value {
    match random.below(100) {
        0..3 => Value::Null,
        3..7 => text(format!("{state}-{}", random.below(100_000))),
        _ => text(format!("{state}{:06}", random.below(1_000_000))),
    }
}

pub(crate) fn update(random: &mut Random) -> Value {
    let day = date(random, 2024, 2);
    text(match random.below(100) {
        0..4 => format!("{day}T{:02}:00Z", random.below(24)),
        _ => {
            format!("{day} {:02}:{:02}:{:02}", random.below(24), random.below(60), random.below(60))
        }
    })
}

pub(crate) fn date(random: &mut Random, from_year: u64, years: u64) -> String {
    let (year, month, day) =
        (from_year + random.below(years), 1 + random.below(12), 1 + random.below(28));
    format!("{year}-{month:02}-{day:02}")
}

pub(crate) fn or_blank(random: &mut Random, per_mille: u64, value: String) -> Value {
    text(if random.below(1000) < per_mille { String::new() } else { value })
}

pub(crate) fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

pub(crate) fn number(value: u64) -> Value {
    Value::Integer(value as i64)
}
