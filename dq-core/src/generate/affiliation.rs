//! Affiliations: who works where, from when to when.

use crate::generate::dataset::Dataset;
use crate::generate::defect::Defect;
use crate::generate::facility;
use crate::generate::layout::{Seat, SeatedDefect};
use crate::generate::provider;
use crate::generate::random::{Random, Stream};
use crate::generate::table::Column;
use crate::generate::text;
use crate::generate::words::workplaces;
use crate::value::Date;

/// The longest time ago that an affiliation starts, and the shortest, in days.
const START_DAYS: (i32, i32) = (1825, 30);

/// A row of `provider_facility_affiliations`.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "the column is called so")]
pub(super) struct Affiliation {
    pub(super) affiliation_id: u64,
    /// The defect that this row violates a check for.
    pub(super) defect: Option<RowDefect>,
    provider_id: String,
    facility_id: String,
    start: String,
    end: Option<String>,
    position: &'static str,
    department: &'static str,
    is_primary: bool,
    employment: &'static str,
    has_privileges: bool,
    staff_category: &'static str,
    committees: Option<&'static str>,
    data_source: &'static str,
    confidence: f64,
    verified: String,
    touched: String,
}

/// A defect of an affiliation, and whether this row is the first that has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowDefect {
    pub(super) kind: Defect,
    pub(super) is_first: bool,
}

/// Whether an affiliation has ended.
#[derive(Clone, Copy)]
enum Term {
    Active,
    Ended,
}

/// Makes the affiliations of one provider.
struct Maker<'a> {
    dataset: &'a Dataset,
    random: Random,
    provider_id: String,
    /// The number of the provider's first facility among those that are used.
    first_facility: u64,
    /// Between the numbers of two of its facilities.
    stride: u64,
    /// No affiliation starts earlier.
    earliest: Date,
}

/// Adds the affiliations of the provider `index` to `rows`; their ids are yet to be given.
pub(super) fn of_provider(dataset: &Dataset, index: u64, rows: &mut Vec<Affiliation>) {
    let seat = dataset.provider_seat(index);
    let count = dataset.affiliation_count(&seat);
    let mut random = Random::new(dataset.seed(), Stream::Affiliation, index);
    let steps = (dataset.facilities_used() - 1) / count.saturating_sub(1).max(1);
    let stride = 1 + random.below(steps);
    let mut maker = Maker {
        dataset,
        random,
        provider_id: provider::id(index),
        first_facility: dataset.first_facility(&seat),
        stride,
        earliest: provider::career_start(dataset, index),
    };
    for number in 0..count {
        rows.push(maker.make(number, &seat));
    }
}

/// Adds affiliations of a provider that does not exist.
pub(super) fn of_nobody(dataset: &Dataset, instance: u64, rows: &mut Vec<Affiliation>) {
    let index = dataset.rows().providers + instance;
    let mut maker = Maker {
        dataset,
        random: Random::new(dataset.seed(), Stream::Affiliation, index),
        provider_id: provider::id(index),
        first_facility: instance,
        stride: 1,
        earliest: dataset.as_of_plus(-START_DAYS.0),
    };
    for number in 0..Defect::ProviderUnknown.rows() {
        let mut row = maker.clean(number);
        row.defect = Some(RowDefect { kind: Defect::ProviderUnknown, is_first: number == 0 });
        rows.push(row);
    }
}

impl Maker<'_> {
    fn make(&mut self, number: u64, seat: &Seat) -> Affiliation {
        let mut row = self.clean(number);
        if let Some(defect) = &seat.defect {
            self.spoil(&mut row, number, defect);
        }
        row
    }

    /// The first one is primary and active, the others neither primary nor always active.
    fn clean(&mut self, number: u64) -> Affiliation {
        let is_first = number == 0;
        let term = if is_first || self.random.percent(70) { Term::Active } else { Term::Ended };
        let latest = self.dataset.as_of_plus(-START_DAYS.1);
        let start = self.random.between(self.earliest.days(), latest.days());
        let start = Date::from_days(start);
        let end = self.end(start, term);
        let random = &mut self.random;
        Affiliation {
            affiliation_id: 0,
            defect: None,
            provider_id: self.provider_id.clone(),
            facility_id: facility::id(
                self.dataset.facility(self.first_facility + number * self.stride),
            ),
            start: text::day(start),
            end,
            position: random.pick(workplaces::POSITIONS),
            department: random.pick(workplaces::DEPARTMENTS),
            is_primary: is_first,
            employment: random.pick(workplaces::EMPLOYMENT_TYPES),
            has_privileges: random.percent(60),
            staff_category: random.pick(workplaces::STAFF_CATEGORIES),
            committees: random.percent(15).then(|| random.pick(workplaces::COMMITTEES)),
            data_source: random.pick(workplaces::DATA_SOURCES),
            confidence: facility::confidence(random),
            verified: text::day(self.dataset.past_day(random, 400)),
            touched: self.dataset.touched(random).0,
        }
    }

    fn end(&mut self, start: Date, term: Term) -> Option<String> {
        let day = match term {
            Term::Active if self.random.percent(75) => return None,
            Term::Active => self.dataset.as_of_plus(self.random.between(0, 730)),
            Term::Ended => {
                let last = self.dataset.as_of_plus(-1).days();
                Date::from_days(self.random.between(start.days() + 1, last))
            }
        };
        Some(text::day(day))
    }

    /// Spoils the affiliation `number` of a provider.
    fn spoil(&mut self, row: &mut Affiliation, number: u64, defect: &SeatedDefect) {
        let is_first = number == 0;
        let start = Date::parse(row.start.as_bytes()).unwrap_or(self.earliest);
        let mut has_defect = !is_first;
        match defect.kind {
            Defect::NoPrimary => row.is_primary = false,
            Defect::SeveralPrimaries => row.is_primary = true,
            Defect::NoneActive => row.end = self.end(start, Term::Ended),
            Defect::Overlapping => {
                has_defect = true;
                row.facility_id = facility::id(self.dataset.facility(self.first_facility));
                if !is_first {
                    // The first one is active today, and so is this one.
                    let start = self.dataset.as_of_plus(-self.random.between(1, START_DAYS.1 - 1));
                    row.start = start.to_string();
                    row.end = None;
                }
            }
            Defect::AffiliationReversed if !is_first => {
                let end = start.days() - self.random.between(1, 400);
                row.end = Some(Date::from_days(end).to_string());
            }
            Defect::AffiliationUnreadable if !is_first => self.garble(row),
            Defect::FacilityUnknown if !is_first => {
                let unknown = self.dataset.rows().facilities + defect.instance;
                row.facility_id = facility::id(unknown);
            }
            _ => {}
        }
        if has_defect && defect.kind.table() == Defect::Overlapping.table() {
            row.defect = Some(RowDefect {
                kind: defect.kind,
                is_first: is_first || defect.kind != Defect::Overlapping,
            });
        }
    }

    fn garble(&mut self, row: &mut Affiliation) {
        let garbled = self.random.pick(&["2023-02-30", "soon", "31.12.2021", "20220101"]);
        if self.random.percent(50) {
            garbled.clone_into(&mut row.start);
        } else {
            row.end = Some(garbled.to_owned());
        }
    }
}

/// The columns of `provider_facility_affiliations`.
#[rustfmt::skip]
pub(super) const COLUMNS: &[Column<Affiliation>] = &[
    Column::integer("affiliation_id", "INTEGER PRIMARY KEY", |it| Some(it.affiliation_id as i64)),
    Column::text("provider_id", "VARCHAR(50) NOT NULL REFERENCES healthcare_providers (provider_id)", |it| Some(&it.provider_id)),
    Column::text("facility_id", "VARCHAR(50) NOT NULL REFERENCES healthcare_facilities (facility_id)", |it| Some(&it.facility_id)),
    Column::text("start_date", "DATE NOT NULL", |it| Some(&it.start)),
    Column::text("end_date", "DATE", |it| it.end.as_deref()),
    Column::text("position_title", "VARCHAR(100)", |it| Some(it.position)),
    Column::text("department", "VARCHAR(100)", |it| Some(it.department)),
    Column::boolean("is_primary_affiliation", "BOOLEAN DEFAULT FALSE", |it| Some(it.is_primary)),
    Column::text("employment_type", "VARCHAR(50)", |it| Some(it.employment)),
    Column::boolean("admitting_privileges", "BOOLEAN DEFAULT FALSE", |it| Some(it.has_privileges)),
    Column::text("medical_staff_category", "VARCHAR(50)", |it| Some(it.staff_category)),
    Column::text("committee_memberships", "TEXT", |it| it.committees),
    Column::text("data_source", "VARCHAR(50) NOT NULL DEFAULT 'UNKNOWN'", |it| Some(it.data_source)),
    Column::decimal("confidence_score", "DECIMAL(3,2) DEFAULT 0.50", |it| Some(it.confidence)),
    Column::text("last_verified", "DATE", |it| Some(&it.verified)),
    Column::text("created_at", "TIMESTAMP DEFAULT CURRENT_TIMESTAMP", |it| Some(&it.touched)),
    Column::text("updated_at", "TIMESTAMP DEFAULT CURRENT_TIMESTAMP", |it| Some(&it.touched)),
];
