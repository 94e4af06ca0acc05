//! Two bounds, which belong to the range between them.

use crate::value::Date;
use crate::value::Number;

/// Two bounds of numbers or of days, either of which may be missing.
#[derive(Clone, Debug)]
pub(crate) enum Bounds {
    Numbers { min: Option<Number>, max: Option<Number> },
    Days { min: Option<Day>, max: Option<Day> },
}

/// A day, or the day of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Day {
    Today,
    On(Date),
}

impl Day {
    /// The day itself.
    pub(crate) fn on(self, today: Date) -> Date {
        match self {
            Self::Today => today,
            Self::On(date) => date,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "today" {
            return Some(Self::Today);
        }
        Date::parse(text.as_bytes()).map(Self::On)
    }
}

impl Bounds {
    /// Reads bounds; the error says what is wrong with those of `what`.
    pub(crate) fn parse(what: &str, min: Option<&str>, max: Option<&str>) -> Result<Self, String> {
        let number = |it: Option<&str>| {
            it.map(|it| Number::parse(it.as_bytes())).map_or(Some(None), |it| it.map(Some))
        };
        let day = |it: Option<&str>| it.map(Day::parse).map_or(Some(None), |it| it.map(Some));
        let bounds = match (number(min), number(max), day(min), day(max)) {
            (Some(None), Some(None), ..) => {
                return Err(format!("{what} needs `min`, `max` or both"));
            }
            (Some(min), Some(max), ..) => match (min, max) {
                (Some(low), Some(high)) if low > high => None,
                _ => Some(Self::Numbers { min, max }),
            },
            (_, _, Some(min), Some(max)) => match (min, max) {
                (Some(Day::On(low)), Some(Day::On(high))) if low > high => None,
                _ => Some(Self::Days { min, max }),
            },
            _ => {
                let expected =
                    "expected `min` and `max` as numbers, or as days such as 2026-01-31 or `today`";
                return Err(expected.to_owned());
            }
        };
        bounds.ok_or_else(|| "`min` is greater than `max`".to_owned())
    }
}
