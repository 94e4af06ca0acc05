//! Which rows have which defects.
//!
//! Rows are shuffled, and the defects take the first positions of the shuffle, kind after kind. So a
//! row knows its defect without knowing of other rows, and the rows of a group find each other.

use crate::error::Result;
use crate::generate::defect::{Defect, Seats};
use crate::generate::random::{Random, Shuffle, Stream};
use crate::generate::recipe::{Recipe, Rows, refused};

/// Which rows of one table have which defects.
#[derive(Debug)]
pub(super) struct Layout {
    order: Shuffle,
    ranges: Vec<SeatRange>,
}

/// The positions that the defects of one kind take.
#[derive(Debug)]
struct SeatRange {
    defect: Defect,
    start: u64,
    end: u64,
    /// How many positions one defect takes.
    size: u64,
}

/// What a row is among those of its table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    /// Its position in the shuffle.
    pub(super) position: u64,
    pub(super) defect: Option<SeatedDefect>,
}

/// A defect, as one row has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeatedDefect {
    pub(super) kind: Defect,
    /// Which of its kind.
    pub(super) instance: u64,
    /// Which of the rows that the defect takes.
    pub(super) member: u64,
    /// The position of the first of these rows.
    leader: u64,
}

impl Layout {
    /// Seats the defects of the providers.
    pub(super) fn of_providers(recipe: &Recipe, rows: &Rows) -> Result<Self> {
        let order = Shuffle::new(recipe.seed, Stream::ProviderOrder, rows.providers);
        let seats = |defect: Defect| match defect.seats() {
            Seats::Providers(size) => Some(size),
            _ => None,
        };
        let ranges = seat(recipe, rows, seats);
        fits(&ranges, rows.providers, "providers")?;
        Ok(Self { order, ranges })
    }

    /// Seats the defects of the facilities.
    pub(super) fn of_facilities(recipe: &Recipe, rows: &Rows) -> Result<Self> {
        let order = Shuffle::new(recipe.seed, Stream::FacilityOrder, rows.facilities);
        let seats = |defect: Defect| match defect.seats() {
            Seats::Facilities(size) => Some(size),
            _ => None,
        };
        let ranges = seat(recipe, rows, seats);
        fits(&ranges, rows.facilities, "facilities")?;
        Ok(Self { order, ranges })
    }

    /// What the row `index` is.
    pub(super) fn seat(&self, index: u64) -> Seat {
        let position = self.order.position(index);
        let after = self.ranges.partition_point(|it| it.end <= position);
        let range = self.ranges.get(after).filter(|it| it.start <= position);
        let defect = range.map(|it| {
            let (instance, member) =
                ((position - it.start) / it.size, (position - it.start) % it.size);
            SeatedDefect { kind: it.defect, instance, member, leader: position - member }
        });
        Seat { position, defect }
    }

    /// The row at a position of the shuffle.
    pub(super) fn index(&self, position: u64) -> u64 {
        self.order.index(position)
    }

    /// The first row of those that share a defect.
    pub(super) fn leader(&self, defect: &SeatedDefect) -> u64 {
        self.order.index(defect.leader)
    }

    /// How many rows have a defect for which this holds.
    pub(super) fn count(&self, holds: impl Fn(Defect) -> bool) -> u64 {
        self.ranges.iter().filter(|it| holds(it.defect)).map(|it| it.end - it.start).sum()
    }

    /// Each kind of defect, with how many rows have it.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (Defect, u64)> {
        self.ranges.iter().map(|it| (it.defect, it.end - it.start))
    }
}

impl SeatedDefect {
    /// The numbers by which this row's defect is drawn.
    pub(super) fn random(&self, seed: u64) -> Random {
        Random::new(seed, Stream::Defect, self.leader * 64 + self.kind as u64)
    }
}

fn seat(recipe: &Recipe, rows: &Rows, seats: impl Fn(Defect) -> Option<u64>) -> Vec<SeatRange> {
    let mut ranges = Vec::new();
    let mut start: u64 = 0;
    for defect in Defect::ALL {
        let Some(size) = seats(*defect) else { continue };
        let end = start.saturating_add(recipe.count(*defect, rows).saturating_mul(size));
        ranges.push(SeatRange { defect: *defect, start, end, size });
        start = end;
    }
    ranges
}

fn fits(ranges: &[SeatRange], rows: u64, what: &str) -> Result<()> {
    let wanted = ranges.last().map_or(0, |it| it.end);
    if wanted <= rows {
        return Ok(());
    }
    Err(refused(format!(
        "cannot put defects into {wanted} of {rows} {what}: choose a lower rate of defects, fewer of a kind, or more rows"
    )))
}
