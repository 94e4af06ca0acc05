//! Days and points in time of the proleptic Gregorian calendar.
//!
//! The conversions between days and dates are the `days_from_civil` and `civil_from_days` algorithms
//! of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Date(i32);

impl Date {
    /// The day that lies `days` after 1970-01-01.
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// The day of `time` in UTC.
    pub fn of(time: SystemTime) -> Self {
        let days = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => (after.as_secs() as i64).div_euclid(SECONDS_PER_DAY),
            Err(before) => -(before.duration().as_secs() as i64).div_euclid(SECONDS_PER_DAY) - 1,
        };
        Self(days as i32)
    }

    /// The day `year`-`month`-`day`, if there is such a day.
    pub fn from_civil(year: i32, month: u32, day: u32) -> Option<Self> {
        if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
            return None;
        }
        let year = i64::from(year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = (i64::from(month) + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(Self((era * 146_097 + day_of_era - 719_468) as i32))
    }

    /// Year, month and day.
    pub fn civil(self) -> (i32, u32, u32) {
        let days = i64::from(self.0) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year as i32, month as u32, day as u32)
    }

    /// The first point in time of this day; the nearest that a [`Timestamp`] can hold if the day lies
    /// some 290,000 years from now.
    pub const fn midnight(self) -> Timestamp {
        Timestamp((self.0 as i64 * SECONDS_PER_DAY).saturating_mul(MICROS_PER_SECOND))
    }

    /// Reads `YYYY-MM-DD`, and nothing else.
    #[inline]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text else { return None };
        let year = two_digits(y1, y2)? * 100 + two_digits(y3, y4)?;
        Self::from_civil(year as i32, two_digits(m1, m2)?, two_digits(d1, d2)?)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// A point in time without a time zone, in microseconds since 1970-01-01 00:00:00.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The point that lies `micros` microseconds after 1970-01-01 00:00:00.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01 00:00:00.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The point `time` in UTC; the nearest that there is if it lies some 290,000 years from now.
    pub fn of(time: SystemTime) -> Self {
        let micros = |it: std::time::Duration| i64::try_from(it.as_micros()).unwrap_or(i64::MAX);
        Self(match time.duration_since(UNIX_EPOCH) {
            Ok(after) => micros(after),
            Err(before) => -micros(before.duration()),
        })
    }

    /// The day of this point.
    pub fn date(self) -> Date {
        Date((self.0.div_euclid(SECONDS_PER_DAY * MICROS_PER_SECOND)) as i32)
    }

    /// Reads a day, or a day, `T` or one space, `HH:MM`, optionally `:SS` and a fraction, and
    /// optionally `Z` or an offset `±HH:MM`, which is subtracted. A leap second is no second.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let midnight = i64::from(Date::parse(date)?.days()) * SECONDS_PER_DAY;
        let Some((separator, time)) = rest.split_first() else {
            return Some(Self(midnight * MICROS_PER_SECOND));
        };
        if !matches!(separator, b'T' | b' ') {
            return None;
        }
        let (time, offset) = split_offset(time)?;
        let (minutes, seconds) = time.split_at_checked(5)?;
        let mut second_of_day = hours_and_minutes(minutes)? * 60;
        let mut micros = 0;
        if let Some((b':', seconds)) = seconds.split_first() {
            let (whole, fraction) = seconds.split_at_checked(2)?;
            second_of_day += i64::from(digits(whole).filter(|it| *it < 60)?);
            micros = fraction_micros(fraction)?;
        } else if !seconds.is_empty() {
            return None;
        }
        Some(Self((midnight + second_of_day - offset * 60) * MICROS_PER_SECOND + micros))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.0.div_euclid(MICROS_PER_SECOND).rem_euclid(SECONDS_PER_DAY);
        let micros = self.0.rem_euclid(MICROS_PER_SECOND);
        write!(
            f,
            "{} {:02}:{:02}:{:02}",
            self.date(),
            second / 3600,
            second / 60 % 60,
            second % 60
        )?;
        if micros > 0 { write!(f, ".{micros:06}") } else { Ok(()) }
    }
}

fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[inline]
fn two_digits(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (u32::from(tens.wrapping_sub(b'0')), u32::from(ones.wrapping_sub(b'0')));
    (tens <= 9 && ones <= 9).then_some(tens * 10 + ones)
}

/// The number that `text` spells in decimal digits alone; at most nine of them.
fn digits(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
    })
}

/// Minutes since midnight of `HH:MM`.
fn hours_and_minutes(text: &[u8]) -> Option<i64> {
    let [h1, h2, b':', m1, m2] = *text else { return None };
    let hours = digits(&[h1, h2]).filter(|it| *it < 24)?;
    let minutes = digits(&[m1, m2]).filter(|it| *it < 60)?;
    Some(i64::from(hours * 60 + minutes))
}

/// The time without its zone, and the offset of the zone in minutes.
fn split_offset(time: &[u8]) -> Option<(&[u8], i64)> {
    if let Some(time) = time.strip_suffix(b"Z") {
        return Some((time, 0));
    }
    let Some(at) = time.iter().position(|byte| matches!(byte, b'+' | b'-')) else {
        return Some((time, 0));
    };
    let (time, zone) = time.split_at_checked(at)?;
    let (sign, zone) = zone.split_first()?;
    let minutes = hours_and_minutes(zone)?;
    Some((time, if *sign == b'-' { -minutes } else { minutes }))
}

/// Microseconds of a fraction such as `.25`; digits after the sixth are cut off.
fn fraction_micros(text: &[u8]) -> Option<i64> {
    let Some((dot, fraction)) = text.split_first() else { return Some(0) };
    if *dot != b'.' || fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let padded = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(6);
    Some(padded.fold(0, |number, byte| number * 10 + i64::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_eight_centuries_survives_the_round_trip() {
        let first = Date::from_civil(1600, 1, 1).unwrap().days();
        let last = Date::from_civil(2400, 12, 31).unwrap().days();
        assert_eq!(last - first + 1, 801 * 365 + 195);
        for days in first..=last {
            let (year, month, day) = Date::from_days(days).civil();
            assert_eq!(Date::from_civil(year, month, day), Some(Date::from_days(days)));
        }
        assert_eq!(Date::from_civil(1970, 1, 1), Some(Date::from_days(0)));
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for text in
            ["2025-02-29", "1900-02-29", "2025-13-01", "2025-00-01", "2025-1-1", "2025-01-32"]
        {
            assert_eq!(Date::parse(text.as_bytes()), None, "{text}");
        }
        assert!(Date::parse(b"2000-02-29").is_some());
    }

    #[test]
    fn timestamps_are_read_with_and_without_a_zone() {
        let parse = |text: &str| Timestamp::parse(text.as_bytes()).map(|it| it.to_string());
        assert_eq!(parse("2026-11-23").as_deref(), Some("2026-11-23 00:00:00"));
        assert_eq!(parse("2026-11-23 14:05").as_deref(), Some("2026-11-23 14:05:00"));
        assert_eq!(parse("2026-11-23T14:05:06.25Z").as_deref(), Some("2026-11-23 14:05:06.250000"));
        assert_eq!(parse("2026-11-23T00:30:00+01:00").as_deref(), Some("2026-11-22 23:30:00"));
        assert_eq!(parse("2026-11-23 23:30-01:30").as_deref(), Some("2026-11-24 01:00:00"));
        for zone in ["z", " Z", "+01", "+0100", "+1:00", " +01:00", "UTC", "+01:00Z", "+24:00"] {
            assert_eq!(parse(&format!("2026-11-23 14:05{zone}")), None, "{zone}");
        }
        for text in ["2026-11-23T", "2026-11-23 24:00", "2026-11-23 10:60", "2026-11-23x10:00", "x"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
