//! The newest of days and points in time.

use std::fmt;

use crate::value::Date;
use crate::value::Timestamp;
use crate::value::Value;
use crate::value::lens;

/// The time of a run, against which ages are measured: a point, or the whole of a day that was asked
/// for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    day: Date,
    from: Timestamp,
    until: Timestamp,
}

/// A day, or a point in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Moment {
    Day(Date),
    Point(Timestamp),
}

/// A span of time, as its author wrote it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Age {
    number: u32,
    unit: &'static str,
    unit_micros: i64,
}

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// The units, with their spans in seconds.
const UNITS: [(&str, i64); 5] = [("s", 1), ("min", 60), ("h", 3600), ("d", 86_400), ("w", 604_800)];

/// The newest of the days, and of the points in time, up to now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments {
    now: Now,
    day: Option<Date>,
    point: Option<Timestamp>,
    /// How many lie in the future.
    future: u64,
}

impl Now {
    /// A point in time.
    pub(crate) fn at(point: Timestamp) -> Self {
        Self { day: point.date(), from: point, until: point }
    }

    /// The whole of a day.
    pub(crate) fn all_of(day: Date) -> Self {
        let midnight = day.midnight();
        let until = midnight.micros().saturating_add(MICROS_PER_DAY - 1);
        Self { day, from: midnight, until: Timestamp::from_micros(until) }
    }

    /// The last point in time that does not lie in the future.
    pub(crate) fn until(self) -> Timestamp {
        self.until
    }

    /// The day: "today".
    pub(crate) fn day(self) -> Date {
        self.day
    }

    /// How long ago something was, in microseconds. Days are counted as wholes.
    fn age(self, moment: Moment) -> i64 {
        let micros = match moment {
            Moment::Point(it) => self.from.micros().saturating_sub(it.micros()),
            Moment::Day(it) => {
                let days = i64::from(self.day.days()) - i64::from(it.days());
                days.saturating_mul(MICROS_PER_DAY)
            }
        };
        micros.max(0)
    }

    fn is_before(self, moment: Moment) -> bool {
        match moment {
            Moment::Point(it) => self.until < it,
            Moment::Day(it) => self.day < it,
        }
    }

    /// The oldest moment of the same kind as `moment` that is no older than `age`.
    fn oldest(self, age: Age, moment: Moment) -> Moment {
        match moment {
            Moment::Point(_) => {
                let micros = self.from.micros().saturating_sub(age.micros());
                Moment::Point(Timestamp::from_micros(micros))
            }
            Moment::Day(_) => {
                let days = i64::from(self.day.days()) - age.micros() / MICROS_PER_DAY;
                let days = days.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
                Moment::Day(Date::from_days(days as i32))
            }
        }
    }
}

impl Age {
    /// Reads a number and a unit, such as `36h`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let end = text.find(|it: char| !it.is_ascii_digit())?;
        let (number, unit) = text.split_at_checked(end)?;
        let (unit, seconds) = UNITS.into_iter().find(|(it, _)| *it == unit.trim_start())?;
        Some(Self { number: number.parse().ok()?, unit, unit_micros: seconds * MICROS_PER_SECOND })
    }

    fn micros(self) -> i64 {
        i64::from(self.number).saturating_mul(self.unit_micros)
    }
}

impl Moment {
    /// The day or the point in time that a value is, or that its text spells.
    pub(crate) fn of(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Date(it) => Some(Self::Day(it)),
            Value::Text(text) => match Date::parse(text) {
                Some(it) => Some(Self::Day(it)),
                None => Timestamp::parse(text).map(Self::Point),
            },
            other => lens::timestamp_of(other).map(Self::Point),
        }
    }
}

impl Moments {
    pub(crate) fn new(now: Now) -> Self {
        Self { now, day: None, point: None, future: 0 }
    }

    /// The newest value up to now, if there is one, and how many lie in the future, as others found them.
    pub(crate) fn found(now: Now, newest: Option<Moment>, future: u64) -> Self {
        let mut moments = Self { future, ..Self::new(now) };
        if let Some(newest) = newest {
            moments.add(newest);
        }
        moments
    }

    #[inline]
    pub(crate) fn add(&mut self, moment: Moment) {
        match moment {
            _ if self.now.is_before(moment) => self.future += 1,
            Moment::Day(it) => self.day = self.day.max(Some(it)),
            Moment::Point(it) => self.point = self.point.max(Some(it)),
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.day = self.day.max(other.day);
        self.point = self.point.max(other.point);
        self.future += other.future;
    }

    /// What ages are measured against.
    pub(crate) fn now(&self) -> Now {
        self.now
    }

    /// How many values lie in the future.
    pub(crate) fn future(&self) -> u64 {
        self.future
    }

    /// The newest value that does not lie in the future.
    pub(crate) fn newest(&self) -> Option<Moment> {
        let both = self.point.map(Moment::Point).into_iter().chain(self.day.map(Moment::Day));
        both.min_by_key(|it| self.now.age(*it))
    }

    /// Whether the newest value is no older than `max`, and the oldest that would not be.
    pub(crate) fn is_fresh(&self, newest: Moment, max: Age) -> (bool, Moment) {
        (self.now.age(newest) <= max.micros(), self.now.oldest(max, newest))
    }
}

impl fmt::Display for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.until { self.from.fmt(f) } else { self.day.fmt(f) }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(it) => it.fmt(f),
            Self::Point(it) => it.fmt(f),
        }
    }
}
