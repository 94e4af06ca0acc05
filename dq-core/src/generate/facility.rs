//! Facilities.

use crate::generate::dataset::Dataset;
use crate::generate::defect::Defect;
use crate::generate::layout::SeatedDefect;
use crate::generate::random::{Random, Stream};
use crate::generate::table::Column;
use crate::generate::text;
use crate::generate::words::places::{self, Place};
use crate::generate::words::workplaces;

/// A row of `healthcare_facilities`.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "the column is called so")]
pub(super) struct Facility {
    pub(super) facility_id: String,
    name: String,
    kind: &'static str,
    street: String,
    suite: Option<String>,
    place: &'static Place,
    state: &'static str,
    zip: String,
    phone: String,
    fax: String,
    website: String,
    email: String,
    beds: Option<i64>,
    employees: i64,
    ownership: &'static str,
    ccn: Option<String>,
    data_source: &'static str,
    confidence: f64,
    updated: String,
    verified: String,
    created: String,
}

/// The id of the facility `index`.
pub(super) fn id(index: u64) -> String {
    let mut id = String::with_capacity(11);
    id.push_str("FAC-");
    text::push_number(&mut id, index + 1, 7);
    id
}

/// Where the facility `index` is.
pub(super) fn place(dataset: &Dataset, index: u64) -> &'static Place {
    dataset.places().pick(&mut Random::new(dataset.seed(), Stream::Facility, index))
}

impl Facility {
    /// The facility `index`, without defects.
    pub(super) fn new(dataset: &Dataset, index: u64) -> Self {
        // The place is drawn first, so that `place` need not draw the rest.
        let mut random = Random::new(dataset.seed(), Stream::Facility, index);
        let random = &mut random;
        let place = dataset.places().pick(random);
        let kinds = workplaces::FACILITY_TYPES;
        let (kind, endings) =
            kinds.get(random.below(kinds.len() as u64) as usize).copied().unwrap_or_default();
        let ending = random.pick(endings);
        let name = match random.below(4) {
            0 => format!(
                "{} {ending}",
                random.pick(&["St. Mary's", "Mercy", "Lakeside", "Northside"])
            ),
            1 => format!("{} County {ending}", place.county),
            _ => format!("{} {ending}", place.city),
        };
        let is_hospital = kind.ends_with("Hospital") || kind == "Academic Medical Center";
        let beds = is_hospital.then(|| 20 + random.below(900) as i64);
        let host = random.pick(workplaces::HOSTS);
        let (updated, created) = dataset.touched(random);
        Self {
            facility_id: id(index),
            name,
            kind,
            street: format!("{} {}", 1 + random.below(9999), random.pick(workplaces::STREETS)),
            suite: random.percent(30).then(|| format!("Suite {}", 100 + random.below(900))),
            place,
            state: place.state,
            zip: zip(random, place.zip_prefix),
            phone: phone(random, place),
            fax: phone(random, place),
            website: format!("https://www.{host}/locations/{}", index + 1),
            email: format!("info{}@{host}", index + 1),
            beds,
            employees: beds.unwrap_or(4) * 4 + random.below(60) as i64,
            ownership: random.pick(workplaces::OWNERSHIPS),
            ccn: is_hospital.then(|| ccn(random, place)),
            data_source: random.pick(workplaces::DATA_SOURCES),
            confidence: confidence(random),
            updated,
            verified: dataset.past_day(random, 400).to_string(),
            created,
        }
    }

    /// Spoils the facility.
    pub(super) fn spoil(&mut self, dataset: &Dataset, defect: &SeatedDefect) {
        let random = &mut defect.random(dataset.seed());
        match defect.kind {
            Defect::ZipMalformed => {
                let zip = self.zip.chars().take(5);
                self.zip = match random.below(3) {
                    0 => zip.take(4).collect(),
                    1 => zip.chain("-12".chars()).collect(),
                    _ => zip.take(4).chain("O".chars()).collect(),
                };
            }
            Defect::FacilityStateUnknown => self.state = random.pick(&["XX", "ZZ", "QQ"]),
            Defect::ZipOfAnotherState => {
                let mut other = dataset.places().pick(random);
                while other.state == self.state {
                    other = dataset.places().pick(random);
                }
                self.zip = zip(random, other.zip_prefix);
            }
            _ => {}
        }
    }
}

/// Five digits, in some cases nine.
fn zip(random: &mut Random, prefix: &str) -> String {
    let five = format!("{prefix}{:02}", random.below(100));
    if random.percent(20) { format!("{five}-{:04}", random.below(10_000)) } else { five }
}

/// A number of the place, in one of the forms in which people write it.
pub(super) fn phone(random: &mut Random, place: &Place) -> String {
    let area = place.area_code;
    let (exchange, line) = (200 + random.below(800), random.below(10_000));
    let form = random.below(20);
    let [before, after_area, between] = match form {
        12..16 => ["", "-", "-"],
        16..18 => ["", ".", "."],
        18 => ["+1 ", " ", " "],
        _ => ["(", ") ", "-"],
    };
    let mut phone = String::with_capacity(24);
    phone.push_str(before);
    text::push_number(&mut phone, area.into(), 1);
    phone.push_str(after_area);
    text::push_number(&mut phone, exchange, 1);
    phone.push_str(between);
    text::push_four(&mut phone, line);
    if form > 18 {
        phone.push_str(" ext. ");
        text::push_number(&mut phone, 10 + random.below(990), 1);
    }
    phone
}

/// The number of a hospital: the state and a number from 0001 to 0879.
fn ccn(random: &mut Random, place: &Place) -> String {
    format!("{}{:04}", places::cms_state_code(place.state), 1 + random.below(879))
}

/// From 0.50 to 1.00.
pub(super) fn confidence(random: &mut Random) -> f64 {
    (50 + random.below(51)) as f64 / 100.0
}

/// The columns of `healthcare_facilities`.
#[rustfmt::skip]
pub(super) const COLUMNS: &[Column<Facility>] = &[
    Column::text("facility_id", "VARCHAR(50) PRIMARY KEY", |it| Some(&it.facility_id)),
    Column::text("facility_name", "VARCHAR(300) NOT NULL", |it| Some(&it.name)),
    Column::text("facility_type", "VARCHAR(50)", |it| Some(it.kind)),
    Column::text("organization_type", "VARCHAR(50)", |it| Some(if it.beds.is_some() { "Inpatient" } else { "Outpatient" })),
    Column::text("address_line1", "VARCHAR(200)", |it| Some(&it.street)),
    Column::text("address_line2", "VARCHAR(200)", |it| it.suite.as_deref()),
    Column::text("city", "VARCHAR(100)", |it| Some(it.place.city)),
    Column::text("state_province", "VARCHAR(100)", |it| Some(it.state)),
    Column::text("postal_code", "VARCHAR(20)", |it| Some(&it.zip)),
    Column::text("country", "VARCHAR(100) DEFAULT 'USA'", |_| Some("USA")),
    Column::text("phone", "VARCHAR(50)", |it| Some(&it.phone)),
    Column::text("fax", "VARCHAR(50)", |it| Some(&it.fax)),
    Column::text("website", "VARCHAR(200)", |it| Some(&it.website)),
    Column::text("email", "VARCHAR(100)", |it| Some(&it.email)),
    Column::integer("bed_count", "INTEGER", |it| it.beds),
    Column::integer("employee_count", "INTEGER", |it| Some(it.employees)),
    Column::text("specialties_offered", "TEXT", |_| None),
    Column::text("accreditation_status", "VARCHAR(100)", |it| it.beds.map(|_| "Accredited")),
    Column::text("accreditation_date", "DATE", |it| it.beds.map(|_| it.verified.as_str())),
    Column::text("medicare_provider_number", "VARCHAR(20)", |it| it.ccn.as_deref()),
    Column::text("county", "VARCHAR(100)", |it| Some(it.place.county)),
    Column::text("msa_code", "VARCHAR(20)", |_| None),
    Column::text("cbsa_code", "VARCHAR(20)", |_| None),
    Column::text("network_affiliation", "VARCHAR(200)", |_| None),
    Column::text("ownership", "VARCHAR(100)", |it| Some(it.ownership)),
    Column::text("data_source", "VARCHAR(50) NOT NULL DEFAULT 'UNKNOWN'", |it| Some(it.data_source)),
    Column::decimal("source_confidence", "DECIMAL(3,2) DEFAULT 0.50", |it| Some(it.confidence)),
    Column::text("last_updated", "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP", |it| Some(&it.updated)),
    Column::text("last_verified", "DATE", |it| Some(&it.verified)),
    Column::text("validation_status", "VARCHAR(20) DEFAULT 'PENDING'", |_| Some("VERIFIED")),
    Column::text("created_by", "VARCHAR(50) DEFAULT 'SYSTEM'", |_| Some("SYSTEM")),
    Column::text("created_at", "TIMESTAMP DEFAULT CURRENT_TIMESTAMP", |it| Some(&it.created)),
    Column::text("updated_by", "VARCHAR(50) DEFAULT 'SYSTEM'", |_| Some("SYSTEM")),
    Column::text("updated_at", "TIMESTAMP DEFAULT CURRENT_TIMESTAMP", |it| Some(&it.updated)),
];
