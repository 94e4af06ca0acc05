//! Functions of days. Arguments arrive as days, never NULL.

use crate::rules::expression::datum::Datum;
use crate::value::Date;

pub(super) fn date<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Date(date)] = arguments else { return Datum::Invalid };
    Datum::Date(*date)
}

/// A day in one of the forms that are met, or NULL.
pub(super) fn try_date<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [value] = arguments else { return Datum::Invalid };
    let american = |it: &Datum<'_>| match it {
        Datum::Text(text) => american(text),
        _ => None,
    };
    value.date().or_else(|| american(value)).map_or(Datum::Null, Datum::Date)
}

/// Reads `MM/DD/YYYY`; month and day may have one digit.
fn american(text: &[u8]) -> Option<Date> {
    let mut parts = std::str::from_utf8(text).ok()?.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let is_number = |it: &str, lengths: &[usize]| {
        lengths.contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit())
    };
    let is_date = is_number(month, &[1, 2]) && is_number(day, &[1, 2]) && is_number(year, &[4]);
    if !is_date || parts.next().is_some() {
        return None;
    }
    Date::from_civil(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

pub(super) fn year<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Date(date)] = arguments else { return Datum::Invalid };
    Datum::integer(date.civil().0)
}

pub(super) fn month<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Date(date)] = arguments else { return Datum::Invalid };
    Datum::integer(date.civil().1)
}

pub(super) fn day<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Date(date)] = arguments else { return Datum::Invalid };
    Datum::integer(date.civil().2)
}

pub(super) fn days_between<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Date(from), Datum::Date(to)] = arguments else { return Datum::Invalid };
    Datum::integer(i64::from(to.days()) - i64::from(from.days()))
}

/// A year is full on the same day of the same month; of February 29, on March 1 of a common year.
pub(super) fn age_years<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Date(from), Datum::Date(to)] = arguments else { return Datum::Invalid };
    let (earlier, later, sign) = if from <= to { (from, to, 1) } else { (to, from, -1) };
    let (born, month, day) = earlier.civil();
    let (now, month_now, day_now) = later.civil();
    let years = now - born - i32::from((month_now, day_now) < (month, day));
    Datum::integer(sign * years)
}
