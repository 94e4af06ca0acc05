//! Makes the data of the benchmarks: providers, their facilities, and the affiliations between them.
//!
//! Every row is a pure function of its number, so the same size gives the same rows everywhere. Each
//! kind of defect that the rules look for is in 3 to 5 percent of the rows. Affiliations come in an
//! order that has nothing to do with that of the providers, as they do where tables have grown.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rusqlite::types::Value;
use rusqlite::{Connection, Transaction, params_from_iter};

use crate::random::{Random, shuffled};

/// Part of the files' names: change it whenever the same size would give other rows.
pub(crate) const VERSION: u32 = 1;

const SCHEMA: &str = "
CREATE TABLE healthcare_providers (
    provider_id VARCHAR(50) PRIMARY KEY, npi_number VARCHAR(10), full_name VARCHAR(200) NOT NULL,
    first_name VARCHAR(100), last_name VARCHAR(100) NOT NULL, degree VARCHAR(50),
    specialty_primary VARCHAR(100), email VARCHAR(100), phone_number VARCHAR(20),
    license_number VARCHAR(50), license_state VARCHAR(2), license_expiry_date DATE,
    years_in_practice INTEGER, gender VARCHAR(10), birth_year INTEGER, graduation_year INTEGER,
    data_source VARCHAR(50) NOT NULL DEFAULT 'UNKNOWN', source_confidence DECIMAL(3,2) DEFAULT 0.50,
    record_status VARCHAR(20) DEFAULT 'ACTIVE', updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE healthcare_facilities (
    facility_id VARCHAR(50) PRIMARY KEY, facility_name VARCHAR(300) NOT NULL, facility_type VARCHAR(50),
    address_line1 VARCHAR(200), city VARCHAR(100), state_province VARCHAR(100), postal_code VARCHAR(20),
    phone VARCHAR(50), bed_count INTEGER, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE provider_facility_affiliations (
    affiliation_id INTEGER PRIMARY KEY, provider_id VARCHAR(50) NOT NULL, facility_id VARCHAR(50) NOT NULL,
    start_date DATE NOT NULL, end_date DATE, position_title VARCHAR(100),
    is_primary_affiliation BOOLEAN DEFAULT FALSE, employment_type VARCHAR(50)
);";

const INDEXES: &str = "
CREATE INDEX affiliations_by_provider ON provider_facility_affiliations (provider_id);
CREATE INDEX affiliations_by_facility ON provider_facility_affiliations (facility_id);
CREATE INDEX providers_by_update ON healthcare_providers (updated_at);
ANALYZE;";

pub(crate) const PROVIDER_COLUMNS: [&str; 20] = [
    "provider_id",
    "npi_number",
    "full_name",
    "first_name",
    "last_name",
    "degree",
    "specialty_primary",
    "email",
    "phone_number",
    "license_number",
    "license_state",
    "license_expiry_date",
    "years_in_practice",
    "gender",
    "birth_year",
    "graduation_year",
    "data_source",
    "source_confidence",
    "record_status",
    "updated_at",
];

pub(crate) const FACILITY_COLUMNS: [&str; 10] = [
    "facility_id",
    "facility_name",
    "facility_type",
    "address_line1",
    "city",
    "state_province",
    "postal_code",
    "phone",
    "bed_count",
    "updated_at",
];

pub(crate) const AFFILIATION_COLUMNS: [&str; 8] = [
    "affiliation_id",
    "provider_id",
    "facility_id",
    "start_date",
    "end_date",
    "position_title",
    "is_primary_affiliation",
    "employment_type",
];

const FIRST_NAMES: &[&str] = &[
    "James",
    "Mary",
    "Robert",
    "Patricia",
    "John",
    "Jennifer",
    "Michael",
    "Linda",
    "David",
    "Elizabeth",
    "William",
    "Barbara",
    "Richard",
    "Susan",
    "Joseph",
    "Jessica",
    "Thomas",
    "Sarah",
    "Charles",
    "Karen",
    "Wei",
    "Priya",
    "Omar",
    "Fatima",
    "Hiroshi",
    "Ana",
    "Olga",
    "Kwame",
    "Ingrid",
    "Mateo",
];
const LAST_NAMES: &[&str] = &[
    "Smith",
    "Johnson",
    "Williams",
    "Brown",
    "Jones",
    "Garcia",
    "Miller",
    "Davis",
    "Rodriguez",
    "Martinez",
    "Hernandez",
    "Lopez",
    "Gonzalez",
    "Wilson",
    "Anderson",
    "Thomas",
    "Taylor",
    "Moore",
    "Jackson",
    "Martin",
    "Lee",
    "Perez",
    "Thompson",
    "White",
    "Harris",
    "Sanchez",
    "Clark",
    "Ramirez",
    "Lewis",
    "Robinson",
    "O'Brien",
    "Nguyen",
    "Patel",
    "Kim",
    "Chen",
    "Okafor",
    "Yamamoto",
    "Kowalski",
    "Smith-Jones",
    "Van Dyke",
];
const DEGREES: &[&str] = &["MD", "DO", "NP", "PA", "DDS", "PhD", "PharmD"];
const SPECIALTIES: &[&str] = &[
    "Cardiology",
    "Oncology",
    "Family Medicine",
    "Internal Medicine",
    "Pediatrics",
    "Psychiatry",
    "Dermatology",
    "Neurology",
    "Orthopedic Surgery",
    "Radiology",
    "Emergency Medicine",
    "Anesthesiology",
    "Urology",
];
const DOMAINS: &[&str] =
    &["mercy.org", "lakeside-clinic.com", "stmary.org", "uhealth.edu", "valley.health.net"];
const STATES: &[&str] = &[
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS",
    "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY",
    "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV",
    "WI", "WY", "DC",
];
const SOURCES: &[&str] = &["NPPES", "STATE_BOARD", "CLAIMS", "SURVEY"];
const CITIES: &[&str] =
    &["Springfield", "Riverside", "Franklin", "Greenville", "Bristol", "Clinton", "Fairview"];
const FACILITY_TYPES: &[&str] = &["Hospital", "Clinic", "Nursing Home", "Laboratory", "Pharmacy"];
const POSITIONS: &[&str] =
    &["Attending Physician", "Consultant", "Resident", "Medical Director", "Staff Nurse"];
const EMPLOYMENT: &[&str] = &["FULL_TIME", "PART_TIME", "CONTRACT", "LOCUM"];

/// The files of one size.
#[derive(Debug)]
pub(crate) struct Data {
    /// The three tables.
    pub(crate) database: PathBuf,
    /// The providers once more.
    pub(crate) csv: PathBuf,
}

impl Data {
    /// Makes the files of `providers` providers below `folder`, unless they are there already.
    pub(crate) fn prepare(folder: &Path, providers: u64) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let name = format!("providers-{providers}-v{VERSION}");
        let database = folder.join(format!("{name}.db"));
        let csv = folder.join(format!("{name}.csv"));
        write_whole(&database, |path| write_database(path, providers))?;
        write_whole(&csv, |path| write_csv(path, providers))?;
        Ok(Self { database, csv })
    }
}

/// Writes beside `path` and renames at the end, so that what has the name is whole.
fn write_whole(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let unfinished = path.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_file(&unfinished)?;
    }
    write(&unfinished).with_context(|| format!("cannot make `{}`", path.display()))?;
    fs::rename(&unfinished, path)?;
    Ok(())
}

fn write_database(path: &Path, providers: u64) -> Result<()> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    connection.execute_batch("PRAGMA cache_size = -262144;")?;
    connection.execute_batch(SCHEMA)?;
    let facilities = providers / 20;
    let transaction = connection.transaction()?;
    insert(&transaction, "healthcare_facilities", (0..facilities).map(facility))?;
    insert(&transaction, "healthcare_providers", (0..providers).map(provider))?;
    let affiliations = providers + providers / 2;
    let rows = (0..affiliations).map(|it| affiliation(it, providers, facilities));
    insert(&transaction, "provider_facility_affiliations", rows)?;
    transaction.commit()?;
    connection.execute_batch(INDEXES)?;
    connection.close().map_err(|(_, error)| error.into())
}

fn insert<const N: usize>(
    transaction: &Transaction<'_>,
    table: &str,
    rows: impl Iterator<Item = [Value; N]>,
) -> Result<()> {
    let places = vec!["?"; N].join(", ");
    let mut statement = transaction.prepare(&format!("INSERT INTO {table} VALUES ({places})"))?;
    for row in rows {
        statement.execute(params_from_iter(row))?;
    }
    Ok(())
}

fn write_csv(path: &Path, providers: u64) -> Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, fs::File::create(path)?);
    writeln!(file, "{}", PROVIDER_COLUMNS.join(","))?;
    for index in 0..providers {
        for (position, value) in provider(index).iter().enumerate() {
            if position > 0 {
                file.write_all(b",")?;
            }
            match value {
                Value::Null | Value::Blob(_) => {}
                Value::Integer(number) => write!(file, "{number}")?,
                Value::Real(number) => write!(file, "{number:.2}")?,
                Value::Text(text) if text.trim().is_empty() => write!(file, "\"{text}\"")?,
                Value::Text(text) => file.write_all(text.as_bytes())?,
            }
        }
        file.write_all(b"\n")?;
    }
    Ok(file.flush()?)
}

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

fn name(index: u64) -> (&'static str, &'static str) {
    let mut random = Random::new(5, index);
    (random.pick(FIRST_NAMES), random.pick(LAST_NAMES))
}

/// Some ids are in small letters, wherever they stand.
fn provider_id(index: u64) -> String {
    let prefix = if Random::new(6, index).percent(3) { "prv" } else { "PRV" };
    format!("{prefix}-{index:08}")
}

fn facility_id(index: u64) -> String {
    format!("FAC-{index:07}")
}

/// Ten digits; the last makes the Luhn sum of 80840 and all ten a multiple of ten. Defects: another
/// last digit, none at all, a letter, that of another provider.
fn npi(random: &mut Random, index: u64) -> Value {
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

fn email(random: &mut Random, index: u64) -> Value {
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

fn last_name(random: &mut Random, last: &str) -> Value {
    match random.below(100) {
        0..3 => text(random.pick(&["", " "])),
        3..7 => text(format!("{last}{}", random.below(10))),
        _ => text(last),
    }
}

fn phone(random: &mut Random) -> Value {
    let (area, exchange, line) =
        (200 + random.below(800), 200 + random.below(800), random.below(10_000));
    text(match random.below(100) {
        0..3 => format!("{area}-{exchange}-{line:04}"),
        _ => format!("({area}) {exchange}-{line:04}"),
    })
}

fn license(random: &mut Random, state: &str) -> Value {
    match random.below(100) {
        0..3 => Value::Null,
        3..7 => text(format!("{state}-{}", random.below(100_000))),
        _ => text(format!("{state}{:06}", random.below(1_000_000))),
    }
}

fn update(random: &mut Random) -> Value {
    let day = date(random, 2024, 2);
    text(match random.below(100) {
        0..4 => format!("{day}T{:02}:00Z", random.below(24)),
        _ => {
            format!("{day} {:02}:{:02}:{:02}", random.below(24), random.below(60), random.below(60))
        }
    })
}

fn date(random: &mut Random, from_year: u64, years: u64) -> String {
    let (year, month, day) =
        (from_year + random.below(years), 1 + random.below(12), 1 + random.below(28));
    format!("{year}-{month:02}-{day:02}")
}

fn or_blank(random: &mut Random, per_mille: u64, value: String) -> Value {
    text(if random.below(1000) < per_mille { String::new() } else { value })
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

fn number(value: u64) -> Value {
    Value::Integer(value as i64)
}
