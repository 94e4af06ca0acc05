//! How long the checks of one record take. See README.md in this folder.

#[path = "random.rs"]
#[expect(dead_code, reason = "only some of it is needed here")]
mod random;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::{Write, stdout};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use dq_core::clock::{Clock, SystemClock};
use dq_core::rules::RuleSet;
use dq_core::validate::record::{RecordValidator, Verdict};
use dq_core::value::{Date, OwnedValue};
use serde_json::{Map, Value};

use crate::random::Random;

const RECORDS: u64 = 1000;
const ROUNDS: usize = 50;

type Record = Vec<(&'static str, OwnedValue)>;

fn main() -> Result<()> {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/rules.yaml");
    let rules = RuleSet::read(&rules, &BTreeMap::new())?;
    let as_of = Date::from_civil(2026, 11, 23).context("there is such a day")?;
    let validator = RecordValidator::new(&rules, "healthcare_providers", as_of)?;
    let records: Vec<_> = (0..RECORDS).map(provider).collect();
    let texts: Vec<_> = records.iter().map(|it| json(it).to_string()).collect();

    let [first, ..] = &records[..] else { anyhow::bail!("there are records") };
    let report = validator.check(&first[..]);
    let judged = report.checks.iter().filter(|it| it.verdict != Verdict::NeedsOtherRows).count();
    ensure!(judged >= 20 && !report.has_errors(), "{judged} checks judge a record");

    let values = median(|| {
        records.iter().map(|it| validator.check(&it[..]).violations().count()).sum::<usize>()
    });
    let json = median(|| {
        let count = |it: &String| validator.check_json(it).map_or(0, |it| it.violations().count());
        texts.iter().map(count).sum::<usize>()
    });
    let line = format!("{judged} checks of a record: {values:.1} µs; from JSON: {json:.1} µs");
    Ok(writeln!(stdout(), "{line}")?)
}

/// Microseconds for each record: the median of some rounds over all of them.
fn median(round: impl Fn() -> usize) -> f64 {
    let clock = SystemClock;
    let time = |_| {
        let start = clock.now();
        black_box(round());
        (clock.now() - start).as_secs_f64() * 1e6 / RECORDS as f64
    };
    let mut times: Vec<_> = (0..ROUNDS).map(time).collect();
    times.sort_by(f64::total_cmp);
    times.get(ROUNDS / 2).copied().unwrap_or(f64::NAN)
}

/// A provider with all fields that the rules name, one in ten of which are missing.
fn provider(number: u64) -> Record {
    let mut random = Random::new(9, number);
    let last_name = random.pick(&["Garcia", "O'Neil", "Smith-Jones", "nguyen", "Li"]);
    let birth_year = 1925 + random.below(85) as i64;
    let fields: [(&'static str, OwnedValue); 17] = [
        ("provider_id", format!("PRV-{number:08}").into()),
        ("npi_number", (1_234_567_890 + number).to_string().into()),
        ("full_name", format!("Ada {last_name}").into()),
        ("last_name", last_name.into()),
        ("email", format!("ada.{number}@example.org").into()),
        ("phone_number", format!("(212) 555-{:04}", number % 10_000).into()),
        ("license_number", format!("NY{:06}", random.below(1_000_000)).into()),
        ("license_state", random.pick(&["NY", "CA", "TX", "XX"]).into()),
        ("license_expiry_date", random.pick(&["2027-06-30", "2024-01-31"]).into()),
        ("specialty_primary", random.pick(&["Cardiology", "Family Medicine", " "]).into()),
        ("gender", random.pick(&["M", "F", "U"]).into()),
        ("record_status", random.pick(&["ACTIVE", "INACTIVE", "active"]).into()),
        ("years_in_practice", (random.below(50) as i64).into()),
        ("birth_year", birth_year.into()),
        ("graduation_year", (birth_year + 15 + random.below(20) as i64).into()),
        ("source_confidence", (random.below(101) as f64 / 100.0).into()),
        ("updated_at", "2026-11-01 12:30:00".into()),
    ];
    fields.into_iter().filter(|_| !random.percent(10)).collect()
}

fn json(record: &Record) -> Value {
    let value = |value: &OwnedValue| match value {
        OwnedValue::Integer(it) => Value::from(*it),
        OwnedValue::Float(it) => Value::from(*it),
        other => Value::from(other.as_value().to_string()),
    };
    let fields = record.iter().map(|(name, it)| ((*name).to_owned(), value(it)));
    Value::Object(fields.collect::<Map<_, _>>())
}
