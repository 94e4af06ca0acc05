//! Days and points in time, counted off year by year.

use std::sync::LazyLock;

use regex::Regex;

const MICROS_PER_DAY: i64 = 24 * 60 * 60 * 1_000_000;

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn month_days(year: i64) -> [i64; 12] {
    [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// The first day of each year from 0 to 10000, counted off from 1970-01-01.
static YEARS: LazyLock<Vec<i64>> = LazyLock::new(|| {
    let mut days: i64 = -(0..1970).map(|year| month_days(year).iter().sum::<i64>()).sum::<i64>();
    let first_day = |year| {
        let first = days;
        days += month_days(year).iter().sum::<i64>();
        first
    };
    (0..=10_000).map(first_day).collect()
});

/// Days from 1970-01-01 to a day, if there is such a day.
fn day_number(year: i64, month: usize, day: i64) -> Option<i64> {
    let months = month_days(year);
    if !(1..=12).contains(&month) || day < 1 || day > months[month - 1] {
        return None;
    }
    Some(YEARS[year as usize] + months[..month - 1].iter().sum::<i64>() + day - 1)
}

pub(crate) fn show_day(days: i64) -> String {
    let year = YEARS.partition_point(|it| *it <= days) - 1;
    let (mut month, mut day) = (1, days - YEARS[year] + 1);
    for length in month_days(year as i64) {
        if day <= length {
            break;
        }
        day -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{day:02}")
}

pub(crate) fn show_moment(micros: i64) -> String {
    let day = show_day(micros.div_euclid(MICROS_PER_DAY));
    let rest = micros.rem_euclid(MICROS_PER_DAY);
    let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    format!("{day} {hours:02}:{minutes:02}:{seconds:02}{fraction}")
}

static MOMENT: LazyLock<Regex> = LazyLock::new(|| {
    let time = r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?";
    let zone = r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))?";
    Regex::new(&format!("^([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})(?:[T ]{time}{zone})?$")).unwrap()
});

/// The point in time that a text spells, in microseconds; the midnight of a day.
pub(crate) fn parse_moment(text: &str) -> Option<i64> {
    let found = MOMENT.captures(text)?;
    let number =
        |group: usize| found.get(group).map_or(0, |it| it.as_str().parse::<i64>().unwrap());
    let day = day_number(number(1), number(2) as usize, number(3))?;
    let (hour, minute, second) = (number(4), number(5), number(6));
    let (zone_hour, zone_minute) = (number(9), number(10));
    if hour > 23 || minute > 59 || second > 59 || zone_hour > 23 || zone_minute > 59 {
        return None;
    }
    let fraction = found.get(7).map_or("", |it| it.as_str());
    let six: String = fraction.chars().chain(std::iter::repeat('0')).take(6).collect();
    let micros: i64 = six.parse().unwrap();
    let mut minutes = hour * 60 + minute;
    match found.get(8).map(|it| it.as_str()) {
        Some("-") => minutes += zone_hour * 60 + zone_minute,
        _ => minutes -= zone_hour * 60 + zone_minute,
    }
    Some(day * MICROS_PER_DAY + (minutes * 60 + second) * 1_000_000 + micros)
}

/// The day that a text of ten characters spells.
pub(crate) fn parse_day(text: &str) -> Option<i64> {
    if text.len() == 10 { parse_moment(text).map(day_of) } else { None }
}

/// The day of a point in time.
pub(crate) fn day_of(micros: i64) -> i64 {
    micros.div_euclid(MICROS_PER_DAY)
}

/// The midnight of a day.
pub(crate) fn midnight(day: i64) -> i64 {
    day * MICROS_PER_DAY
}

#[test]
fn days_are_counted_off() {
    assert_eq!(parse_day("1970-01-01"), Some(0));
    assert_eq!(parse_day("2000-03-01"), Some(11_017));
    assert_eq!(parse_day("1900-02-29"), None);
    assert_eq!(show_day(11_017), "2000-03-01");
    assert_eq!(show_day(-1), "1969-12-31");
    assert_eq!(parse_moment("1970-01-01T01:00+02:00"), Some(-3_600_000_000));
    assert_eq!(show_moment(-1), "1969-12-31 23:59:59.999999");
}
