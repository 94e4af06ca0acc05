//! Functions of days. Arguments arrive as days, never NULL.

use crate::rules::expression::datum::Datum;

pub(super) fn date<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Date(date)] = arguments else { return Datum::Invalid };
    Datum::Date(*date)
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
