//! A table of clinics and what they report, with typing errors whose places are known.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dq_core::source::memory::MemorySource;

use crate::tables::{Random, source};

pub(crate) const NAMES: [&str; 12] = [
    "report", "clinic", "name", "street", "city", "state", "zip", "phone", "measure", "title",
    "score", "visits",
];

const STREETS: [&str; 8] = [
    "Main Street",
    "Oak Avenue",
    "River Road",
    "Hill Lane",
    "Park Drive",
    "Lake View",
    "Mill Way",
    "High Street",
];
const CITIES: [&str; 10] = [
    "Springfield",
    "Fairview",
    "Riverside",
    "Georgetown",
    "Franklin",
    "Greenville",
    "Bristol",
    "Clinton",
    "Salem",
    "Madison",
];
const STATES: [&str; 5] = ["OH", "OH", "OH", "PA", "KY"];
const KINDS: [&str; 4] =
    ["General Hospital", "Medical Center", "Community Clinic", "Eye Institute"];
const MEASURES: [(&str, &str); 8] = [
    ("HRT-1", "Aspirin given on arrival"),
    ("HRT-2", "Aspirin prescribed at discharge"),
    ("LNG-4b", "Oxygen measured within a day"),
    ("LNG-7", "Influenza vaccine offered"),
    ("SRG-12", "Antibiotics before the incision"),
    ("SRG-15", "Antibiotics stopped in time"),
    ("CHD-1", "Home care plan handed over"),
    ("CHD-2", "Reliever medication given"),
];

/// The table, and where its errors are.
pub(crate) struct Clinics {
    pub(crate) rows: Vec<Vec<Option<String>>>,
    /// Row and column of each wrong cell.
    pub(crate) wrong: BTreeSet<(usize, usize)>,
}

impl Clinics {
    /// 60 clinics that report each measure four times, with an error in about 2 of 100 cells.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut rows: Vec<Vec<Option<String>>> = Vec::new();
        for clinic in 0..60 {
            let fixed = clinic_of(clinic, &mut random);
            for (measure, title) in MEASURES.iter().cycle().take(MEASURES.len() * 4) {
                let mut row = vec![(rows.len() + 1).to_string()];
                row.extend(fixed.iter().cloned());
                row.extend([(*measure).to_owned(), (*title).to_owned()]);
                row.extend(figures(&mut random));
                rows.push(row.into_iter().map(Some).collect());
            }
        }
        let mut clinics = Self { rows, wrong: BTreeSet::new() };
        for row in 0..clinics.rows.len() {
            for column in 1..NAMES.len() {
                clinics.misspell(row, column, &mut random);
            }
        }
        clinics
    }

    /// Replaces a character here and there.
    fn misspell(&mut self, row: usize, column: usize, random: &mut Random) {
        if random.below(50) != 0 {
            return;
        }
        let mut characters: Vec<_> = self.cell(row, column).chars().collect();
        let position = random.below(characters.len());
        characters[position] = *random.pick(&['q', 'z', '#', '~']);
        let wrong: String = characters.into_iter().collect();
        if wrong != self.cell(row, column) {
            self.rows[row][column] = Some(wrong);
            self.wrong.insert((row, column));
        }
    }

    pub(crate) fn source(&self) -> MemorySource {
        source(&NAMES, &self.rows)
    }

    pub(crate) fn cell(&self, row: usize, column: usize) -> &str {
        self.rows[row][column].as_deref().unwrap()
    }

    /// The rows whose value of `to` is not the strict majority of those with the same value of `from`; all
    /// rows of a group without one.
    pub(crate) fn minority(&self, from: usize, to: usize) -> Vec<usize> {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for row in 0..self.rows.len() {
            groups.entry(self.cell(row, from)).or_default().push(row);
        }
        let mut minority = Vec::new();
        for rows in groups.values() {
            let mut counts: HashMap<&str, usize> = HashMap::new();
            for row in rows {
                *counts.entry(self.cell(*row, to)).or_default() += 1;
            }
            let majority =
                counts.iter().find(|(_, count)| **count * 2 > rows.len()).map(|it| *it.0);
            let is_minority = |row: &&usize| majority != Some(self.cell(**row, to));
            minority.extend(rows.iter().filter(|_| counts.len() > 1).filter(is_minority));
        }
        minority
    }
}

/// What all reports of a clinic have in common.
fn clinic_of(clinic: usize, random: &mut Random) -> [String; 7] {
    let city = random.below(CITIES.len());
    [
        format!("{}", 10_000 + clinic * 137),
        format!("{} {}", CITIES[city], KINDS[(clinic + city) % KINDS.len()]),
        format!("{} {}", 1 + random.below(3000), random.pick(&STREETS)),
        CITIES[city].to_owned(),
        STATES[city % STATES.len()].to_owned(),
        format!("{:05}", 40_000 + city * 331),
        format!("{}", 2_050_000_000_u64 + random.below(9_999_999) as u64),
    ]
}

/// What each report has of its own.
fn figures(random: &mut Random) -> [String; 2] {
    let score = match random.below(9) {
        0 => "none".to_owned(),
        _ => format!("{}%", random.below(101)),
    };
    [score, format!("{} visits", random.below(900))]
}
