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
        let mut rows = Vec::new();
        for clinic in 0..60 {
            let city = random.below(CITIES.len());
            let fixed = [
                format!("{}", 10_000 + clinic * 137),
                format!("{} {}", CITIES[city], KINDS[(clinic + city) % KINDS.len()]),
                format!("{} {}", 1 + random.below(3000), random.pick(&STREETS)),
                CITIES[city].to_owned(),
                STATES[city % STATES.len()].to_owned(),
                format!("{:05}", 40_000 + city * 331),
                format!("{}", 2_050_000_000_u64 + random.below(9_999_999) as u64),
            ];
            for (measure, title) in MEASURES.iter().cycle().take(MEASURES.len() * 4) {
                let report = (rows.len() + 1).to_string();
                let score = if random.below(9) == 0 {
                    "none".to_owned()
                } else {
                    format!("{}%", random.below(101))
                };
                let visits = format!("{} visits", random.below(900));
                let mut row = vec![report];
                row.extend(fixed.iter().cloned());
                row.extend([(*measure).to_owned(), (*title).to_owned(), score, visits]);
                rows.push(row.into_iter().map(Some).collect::<Vec<_>>());
            }
        }
        let mut clinics = Self { rows, wrong: BTreeSet::new() };
        clinics.misspell(&mut random);
        clinics
    }

    /// Replaces a character here and there.
    fn misspell(&mut self, random: &mut Random) {
        for (place, row) in self.rows.iter_mut().enumerate() {
            for (column, cell) in row.iter_mut().enumerate().skip(1) {
                if random.below(50) != 0 {
                    continue;
                }
                let right = cell.clone().unwrap();
                let mut characters: Vec<_> = right.chars().collect();
                let position = random.below(characters.len());
                characters[position] = *random.pick(&['q', 'z', '#', '~']);
                let wrong: String = characters.into_iter().collect();
                if wrong != right {
                    *cell = Some(wrong);
                    self.wrong.insert((place, column));
                }
            }
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
            rows.iter().for_each(|row| *counts.entry(self.cell(*row, to)).or_default() += 1);
            let majority =
                counts.iter().find(|(_, count)| **count * 2 > rows.len()).map(|it| *it.0);
            let is_minority = |row: &&usize| majority != Some(self.cell(**row, to));
            minority.extend(rows.iter().filter(|_| counts.len() > 1).filter(is_minority));
        }
        minority
    }
}
