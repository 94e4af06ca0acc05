//! A data set, as a function of its recipe: any row can be made without those before it.

use crate::error::Result;
use crate::generate::defect::{Defect, TOO_MANY};
use crate::generate::layout::{Layout, Seat, SeatedDefect};
use crate::generate::provider;
use crate::generate::random::{Random, Shuffle, Stream};
use crate::generate::recipe::{Recipe, Rows, refused};
use crate::generate::text;
use crate::generate::words::names::{Name, Names};
use crate::generate::words::places::Places;
use crate::generate::words::professions::{GENERAL_PRACTICE, SPECIALTIES, Specialty};
use crate::value::Date;

/// How many numbers of nine digits start with 1 or 2.
const NPI_BODIES: u64 = 200_000_000;

/// A data set that has not been written yet.
#[derive(Debug)]
pub(super) struct Dataset {
    recipe: Recipe,
    rows: Rows,
    providers: Layout,
    facilities: Layout,
    names: Names,
    /// Which name comes when.
    name_order: Shuffle,
    npis: Shuffle,
    places: Places,
    spread: Spread,
}

/// How many affiliations the providers have whose defects leave that open.
#[derive(Debug)]
struct Spread {
    order: Shuffle,
    /// The position in the shuffle of providers from which the number is open.
    start: u64,
    /// How many providers have three affiliations, and how many two; the others have one.
    threes: u64,
    twos: u64,
}

impl Dataset {
    /// # Errors
    ///
    /// `UsageInvalid` for a recipe that cannot be followed.
    pub(super) fn new(recipe: Recipe) -> Result<Self> {
        recipe.check()?;
        let rows = recipe.rows()?;
        let providers = Layout::of_providers(&recipe, &rows)?;
        let facilities = Layout::of_facilities(&recipe, &rows)?;
        let spread = Spread::new(&recipe, &rows, &providers)?;
        let (names, places) = (Names::new(), Places::new());
        let name_order = Shuffle::new(recipe.seed, Stream::Name, names.count());
        let npis = Shuffle::new(recipe.seed, Stream::Npi, NPI_BODIES);
        let dataset =
            Self { recipe, rows, providers, facilities, names, name_order, npis, places, spread };
        dataset.has_enough_facilities()?;
        Ok(dataset)
    }

    fn has_enough_facilities(&self) -> Result<()> {
        let has_too_many = self.providers.count(|it| it == Defect::TooMany) > 0;
        let wanted = if has_too_many { TOO_MANY } else { 3 };
        let used = self.facilities.count(|it| it == Defect::FacilityUnused);
        let used = self.rows.facilities - used;
        let employed = self.rows.providers - self.unemployed();
        if used < wanted {
            let message = format!(
                "cannot spread affiliations: {wanted} facilities are needed, and {used} may have some; choose more rows or fewer defects"
            );
            return Err(refused(message));
        }
        if employed < used {
            let message =
                format!("cannot give {used} facilities a provider: {employed} have affiliations");
            return Err(refused(message));
        }
        Ok(())
    }

    pub(super) fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    pub(super) fn seed(&self) -> u64 {
        self.recipe.seed
    }

    pub(super) fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The year of "today".
    pub(super) fn year(&self) -> i32 {
        self.recipe.as_of.civil().0
    }

    /// The day so many days after "today".
    pub(super) fn as_of_plus(&self, days: i32) -> Date {
        Date::from_days(self.recipe.as_of.days() + days)
    }

    /// A day before "today", at most so many days.
    pub(super) fn past_day(&self, random: &mut Random, days_max: i32) -> Date {
        self.as_of_plus(-random.between(1, days_max))
    }

    /// When a row was last changed, and when it was made, which is not later.
    pub(super) fn touched(&self, random: &mut Random) -> (String, String) {
        let updated = self.past_day(random, 365);
        let created = Date::from_days(updated.days() - random.between(0, 2000));
        let mut time = || (random.below(12), random.below(60), random.below(60));
        let created = text::time(created, time());
        let (hour, minute, second) = time();
        // The second half of the day: also on one day, made comes before changed.
        (text::time(updated, (hour + 12, minute, second)), created)
    }

    /// The name of a provider, and a specialty that no other provider of this name has.
    pub(super) fn name(&self, index: u64) -> (Name, &'static Specialty) {
        let names = self.names.count();
        let number = self.name_order.position(index % names);
        let lap = index / names;
        let mut random = Random::new(self.seed(), Stream::Name, number);
        let count = SPECIALTIES.len() as u64;
        // The lower of two draws: those at the start of the list are more common.
        let drawn = random.below(count).min(random.below(count));
        (self.names.name(number), specialty((drawn + lap) % count))
    }

    /// Any specialty.
    pub(super) fn any_specialty(random: &mut Random) -> &'static Specialty {
        specialty(random.below(SPECIALTIES.len() as u64))
    }

    /// A valid NPI that no other provider has.
    pub(super) fn npi(&self, index: u64) -> String {
        let body = 100_000_000 + self.npis.position(index);
        let mut npi = String::with_capacity(10);
        text::push_number(&mut npi, body, 9);
        npi.push(provider::check_digit(&npi));
        npi
    }

    /// The cities.
    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    pub(super) fn provider_seat(&self, index: u64) -> Seat {
        self.providers.seat(index)
    }

    pub(super) fn facility_seat(&self, index: u64) -> Seat {
        self.facilities.seat(index)
    }

    pub(super) fn provider_leader(&self, defect: &SeatedDefect) -> u64 {
        self.providers.leader(defect)
    }

    /// How many affiliations a provider has.
    pub(super) fn affiliation_count(&self, seat: &Seat) -> u64 {
        let given = seat.defect.and_then(|it| it.kind.affiliations());
        given.unwrap_or_else(|| self.spread.count(seat.position))
    }

    /// How many facilities have affiliations.
    pub(super) fn facilities_used(&self) -> u64 {
        self.rows.facilities - self.unused()
    }

    /// The facility of this number among those that have affiliations; numbers start over.
    pub(super) fn facility(&self, number: u64) -> u64 {
        // Facilities without affiliations are the first ones of the shuffle.
        self.facilities.index(self.unused() + number % self.facilities_used())
    }

    /// The number of the first facility of a provider. Every facility is that of some provider:
    /// providers without affiliations are the first ones of the shuffle, and the others take turns.
    pub(super) fn first_facility(&self, seat: &Seat) -> u64 {
        (seat.position + self.facilities_used() - self.unemployed() % self.facilities_used())
            % self.facilities_used()
    }

    /// How many times a provider who does not exist is named.
    pub(super) fn nobodies(&self) -> u64 {
        self.recipe.count(Defect::ProviderUnknown, &self.rows)
    }

    /// How many defects of each kind there are.
    pub(super) fn defects(&self) -> impl Iterator<Item = (Defect, u64)> {
        Defect::ALL.iter().map(|it| (*it, self.recipe.count(*it, &self.rows)))
    }

    fn unused(&self) -> u64 {
        self.facilities.count(|it| it == Defect::FacilityUnused)
    }

    fn unemployed(&self) -> u64 {
        self.providers.count(|it| it == Defect::NoAffiliation)
    }
}

impl Spread {
    fn new(recipe: &Recipe, rows: &Rows, providers: &Layout) -> Result<Self> {
        let given: u64 =
            providers.kinds().filter_map(|(kind, rows)| Some(kind.affiliations()? * rows)).sum();
        let start = providers.count(|it| it.affiliations().is_some());
        let open = rows.providers - start;
        let nobody = recipe.count(Defect::ProviderUnknown, rows) * Defect::ProviderUnknown.rows();
        let taken = given + open + nobody;
        let more = rows.affiliations.checked_sub(taken).filter(|it| *it <= 2 * open);
        let Some(more) = more else {
            let message = format!(
                "cannot make {} affiliations where defects and one for each other provider make {taken}: choose fewer defects",
                rows.affiliations
            );
            return Err(refused(message));
        };
        let threes = (more / 5).max(more.saturating_sub(open));
        let order = Shuffle::new(recipe.seed, Stream::AffiliationCount, open);
        Ok(Self { order, start, threes, twos: more - 2 * threes })
    }

    fn count(&self, position: u64) -> u64 {
        let rank = self.order.position(position.saturating_sub(self.start));
        if rank < self.threes {
            3
        } else if rank < self.threes + self.twos {
            2
        } else {
            1
        }
    }
}

fn specialty(number: u64) -> &'static Specialty {
    SPECIALTIES.get(number as usize).unwrap_or(&GENERAL_PRACTICE)
}
