//! Days, points in time and times of day as the binary protocol sends them.
//!
//! ```text
//!   day, point: length 0, 4, 7 or 11 │ u16 year │ month │ day ┆ hour │ minute │ second ┆ u32 microseconds
//!   time:       length 0, 8 or 12    │ is negative │ u32 days │ hour │ minute │ second ┆ u32 microseconds
//! ```
//!
//! What is left out is zero. MySQL has days that no calendar has, such as `0000-00-00` and `2026-00-15`, and where
//! it is told to, `2026-02-31`: they stay the text that it writes for them.

use std::io::Write;

use crate::database::mysql::columns::append;
use crate::value::{Cell, Date, Span, Timestamp};

/// A day; its text if no calendar has it. `None` if `bytes` are no day.
pub(crate) fn date(bytes: &[u8], text: &mut Vec<u8>) -> Option<Cell> {
    let Moment { year, month, day, .. } = Moment::read(bytes)?;
    Some(match Date::from_civil(i32::from(year), month.into(), day.into()) {
        Some(it) => Cell::Date(it),
        None => Cell::Text(append(format!("{year:04}-{month:02}-{day:02}").as_bytes(), text)),
    })
}

/// A point in time; its text if no calendar has its day. `None` if `bytes` are no point in time.
pub(crate) fn timestamp(bytes: &[u8], text: &mut Vec<u8>) -> Option<Cell> {
    let it = Moment::read(bytes)?;
    let seconds = (i64::from(it.hour) * 60 + i64::from(it.minute)) * 60 + i64::from(it.second);
    let day = Date::from_civil(i32::from(it.year), it.month.into(), it.day.into());
    if let Some(day) = day {
        let micros = day.midnight().micros() + seconds * 1_000_000 + i64::from(it.micros);
        return Some(Cell::Timestamp(Timestamp::from_micros(micros)));
    }
    let written = format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        it.year, it.month, it.day, it.hour, it.minute, it.second
    );
    let start = text.len();
    text.extend_from_slice(written.as_bytes());
    write_fraction(it.micros, 6, text);
    Some(Cell::Text(span_from(start, text)))
}

/// A time, from -838:59:59 to 838:59:59, with as many digits after the point as it needs. `None` if `bytes` are
/// no time.
pub(crate) fn time(bytes: &[u8], text: &mut Vec<u8>) -> Option<Cell> {
    let (length, rest) = bytes.split_first()?;
    if usize::from(*length) != rest.len() || !matches!(length, 0 | 8 | 12) {
        return None;
    }
    let at = |position: usize| rest.get(position).copied().unwrap_or(0);
    let days = u32::from_le_bytes([at(1), at(2), at(3), at(4)]);
    let micros = u32::from_le_bytes([at(8), at(9), at(10), at(11)]);
    let hours = u64::from(days) * 24 + u64::from(at(5));
    let sign = if at(0) == 0 { "" } else { "-" };
    let start = text.len();
    write!(text, "{sign}{hours:02}:{:02}:{:02}", at(6), at(7)).ok()?;
    let digits = (0..6).take_while(|it| micros % 10_u32.pow(*it) == 0).last().unwrap_or(0);
    write_fraction(micros, 6 - digits, text);
    Some(Cell::Text(span_from(start, text)))
}

/// Appends a point and the first `digits` of six digits, unless they are all zero.
fn write_fraction(micros: u32, digits: u32, text: &mut Vec<u8>) {
    if micros > 0 {
        text.extend_from_slice(format!(".{micros:06}").as_bytes());
        text.truncate(text.len() - (6 - digits) as usize);
    }
}

fn span_from(start: usize, text: &[u8]) -> Span {
    Span::new(start as u32, (text.len() - start) as u32)
}

/// What a day or point in time is made of.
#[derive(Clone, Copy, Debug)]
struct Moment {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    micros: u32,
}

impl Moment {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first()?;
        if usize::from(*length) != rest.len() || !matches!(length, 0 | 4 | 7 | 11) {
            return None;
        }
        let at = |position: usize| rest.get(position).copied().unwrap_or(0);
        Some(Self {
            year: u16::from_le_bytes([at(0), at(1)]),
            month: at(2),
            day: at(3),
            hour: at(4),
            minute: at(5),
            second: at(6),
            micros: u32::from_le_bytes([at(7), at(8), at(9), at(10)]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Reader = fn(&[u8], &mut Vec<u8>) -> Option<Cell>;

    fn written(reader: Reader, bytes: &[u8]) -> String {
        let mut text = Vec::new();
        match reader(bytes, &mut text) {
            Some(Cell::Date(it)) => format!("day {it}"),
            Some(Cell::Timestamp(it)) => format!("point {it}"),
            Some(Cell::Text(span)) => String::from_utf8(span.of(&text).unwrap().to_vec()).unwrap(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn days_that_no_calendar_has_stay_text() {
        assert_eq!(written(date, &[4, 0xea, 7, 11, 23]), "day 2026-11-23");
        assert_eq!(written(date, &[0]), "0000-00-00");
        assert_eq!(written(date, &[4, 0xea, 7, 0, 15]), "2026-00-15");
        assert_eq!(written(date, &[4, 0xea, 7, 2, 31]), "2026-02-31");
        assert_eq!(written(date, &[4, 0, 0, 1, 1]), "day 0000-01-01");
    }

    #[test]
    fn points_in_time_have_microseconds() {
        assert_eq!(written(timestamp, &[4, 0xea, 7, 11, 23]), "point 2026-11-23 00:00:00");
        let full = [11, 0x0f, 0x27, 12, 31, 23, 59, 59, 0x3f, 0x42, 0x0f, 0];
        assert_eq!(written(timestamp, &full), "point 9999-12-31 23:59:59.999999");
        assert_eq!(written(timestamp, &[0]), "0000-00-00 00:00:00");
        let odd = [11, 0xea, 7, 0, 1, 2, 3, 4, 5, 0, 0, 0];
        assert_eq!(written(timestamp, &odd), "2026-00-01 02:03:04.000005");
    }

    #[test]
    fn times_go_beyond_a_day_and_below_zero() {
        assert_eq!(written(time, &[0]), "00:00:00");
        assert_eq!(written(time, &[8, 1, 34, 0, 0, 0, 22, 59, 59]), "-838:59:59");
        assert_eq!(written(time, &[8, 0, 0, 0, 0, 0, 14, 5, 0]), "14:05:00");
        let half = [12, 0, 0, 0, 0, 0, 23, 59, 59, 0x20, 0xa1, 7, 0];
        assert_eq!(written(time, &half), "23:59:59.5");
    }

    #[test]
    fn what_is_cut_off_is_no_value() {
        assert_eq!(written(date, &[4, 1, 2]), "None");
        assert_eq!(written(timestamp, &[5, 1, 2, 3, 4, 5]), "None");
        assert_eq!(written(time, &[]), "None");
    }
}
