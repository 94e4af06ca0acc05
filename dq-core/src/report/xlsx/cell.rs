//! One value as a cell: text stays text, and no digit is lost.

use std::borrow::Cow;
use std::fmt::Write;

use rust_xlsxwriter::Format;
use rust_xlsxwriter::Worksheet;
use rust_xlsxwriter::XlsxError;

use crate::report::words::count;
use crate::value::{Date, Timestamp, Value};

/// How much text a cell holds, in units of UTF-16.
pub(crate) const TEXT_UNITS_MAX: usize = 32_767;

/// Excel shows fifteen digits of a number.
const DIGITS_END: u64 = 1_000_000_000_000_000;

/// The day that Excel counts as 25,569.
const EPOCH: i32 = 25_569;

/// Excel takes 1900 for a leap year: earlier days are a day off.
const DAYS: std::ops::Range<i32> = 61..2_958_466;

const MICROS_OF_DAY: i64 = 86_400_000_000;

/// How cells look.
#[derive(Debug)]
pub(crate) struct Styles {
    header: Format,
    /// Text that would be a formula if somebody typed it.
    quoted: Format,
    quoted_header: Format,
    date: Format,
    seconds: Format,
    millis: Format,
}

impl Styles {
    pub(crate) fn new() -> Self {
        let number = |it: &str| Format::new().set_num_format(it);
        Self {
            header: Format::new().set_bold(),
            quoted: Format::new().set_quote_prefix(),
            quoted_header: Format::new().set_bold().set_quote_prefix(),
            date: number("yyyy-mm-dd"),
            seconds: number("yyyy-mm-dd hh:mm:ss"),
            millis: number("yyyy-mm-dd hh:mm:ss.000"),
        }
    }
}

/// A value as it is put into a cell.
pub(crate) enum Cell<'a> {
    Empty,
    Boolean(bool),
    Number(f64),
    Date(f64),
    Seconds(f64),
    Millis(f64),
    Text(Cow<'a, str>),
    /// The start of a text that was too long.
    Cut(String),
}

impl<'a> Cell<'a> {
    pub(crate) fn of(value: Value<'a>) -> Self {
        match value {
            Value::Null => Self::Empty,
            Value::Boolean(it) => Self::Boolean(it),
            Value::Integer(it) if it.unsigned_abs() < DIGITS_END => Self::Number(it as f64),
            Value::Float(it) if it.is_finite() => Self::Number(it),
            Value::Date(it) => day(it),
            Value::Timestamp(it) => moment(it),
            Value::Text(it) => text(String::from_utf8_lossy(it)),
            Value::Bytes(it) => text(Cow::Owned(hex(it))),
            Value::Integer(_) | Value::Float(_) => Self::Text(Cow::Owned(value.to_string())),
        }
    }

    /// How wide it is, in characters.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Boolean(_) => 5,
            Self::Number(it) => it.to_string().len(),
            Self::Date(_) => 10,
            Self::Seconds(_) => 19,
            Self::Millis(_) => 23,
            Self::Text(it) => it.chars().count(),
            Self::Cut(_) => TEXT_UNITS_MAX,
        }
    }

    pub(crate) fn write(
        &self,
        worksheet: &mut Worksheet,
        (row, column): (u32, u16),
        styles: &Styles,
    ) -> Result<(), XlsxError> {
        let mut number = |it: f64, format: &Format| {
            worksheet.write_number_with_format(row, column, it, format).map(|_| ())
        };
        match self {
            Self::Empty => Ok(()),
            Self::Date(it) => number(*it, &styles.date),
            Self::Seconds(it) => number(*it, &styles.seconds),
            Self::Millis(it) => number(*it, &styles.millis),
            Self::Boolean(it) => worksheet.write_boolean(row, column, *it).map(|_| ()),
            Self::Number(it) => worksheet.write_number(row, column, *it).map(|_| ()),
            Self::Text(it) => write_text(worksheet, (row, column), it, styles),
            Self::Cut(it) => write_text(worksheet, (row, column), it, styles),
        }
    }
}

/// Text of a file is never a formula; where it looks like one, it is also marked, so that it is none after
/// somebody has edited it.
fn write_text(
    worksheet: &mut Worksheet,
    (row, column): (u32, u16),
    text: &str,
    styles: &Styles,
) -> Result<(), XlsxError> {
    if is_like_formula(text) {
        worksheet.write_string_with_format(row, column, text, &styles.quoted).map(|_| ())
    } else {
        worksheet.write_string(row, column, text).map(|_| ())
    }
}

/// Writes the name of a column, which is text as any other.
pub(crate) fn write_name(
    worksheet: &mut Worksheet,
    column: u16,
    name: &str,
    styles: &Styles,
) -> Result<(), XlsxError> {
    let name = fitting(name.into());
    let format = if is_like_formula(&name) { &styles.quoted_header } else { &styles.header };
    worksheet.write_string_with_format(0, column, name.as_ref(), format).map(|_| ())
}

fn is_like_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

fn day<'a>(day: Date) -> Cell<'a> {
    match day.days().checked_add(EPOCH).filter(|it| DAYS.contains(it)) {
        Some(serial) => Cell::Date(f64::from(serial)),
        None => Cell::Text(Cow::Owned(day.to_string())),
    }
}

fn moment<'a>(moment: Timestamp) -> Cell<'a> {
    let micros = moment.micros();
    let serial = moment.date().days().checked_add(EPOCH).filter(|it| DAYS.contains(it));
    let of_day = micros.rem_euclid(MICROS_OF_DAY) as f64 / MICROS_OF_DAY as f64;
    match serial.map(|it| f64::from(it) + of_day) {
        Some(serial) if micros % 1_000_000 == 0 => Cell::Seconds(serial),
        Some(serial) if micros % 1_000 == 0 => Cell::Millis(serial),
        _ => Cell::Text(Cow::Owned(moment.to_string())),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = "0x".to_owned();
    for byte in bytes {
        let written = write!(text, "{byte:02x}");
        debug_assert!(written.is_ok(), "writing to memory cannot fail");
    }
    text
}

fn text(text: Cow<'_, str>) -> Cell<'_> {
    let whole = text.len();
    match fitting(text) {
        Cow::Owned(start) if start.len() != whole => Cell::Cut(start),
        text => Cell::Text(text),
    }
}

/// The text, or as much of its start as a cell holds, with how much there was.
pub(crate) fn fitting(text: Cow<'_, str>) -> Cow<'_, str> {
    // No text has more units of UTF-16 than bytes of UTF-8.
    if text.len() <= TEXT_UNITS_MAX || text.encode_utf16().count() <= TEXT_UNITS_MAX {
        return text;
    }
    let end = format!("… [cut: {} characters]", count(text.chars().count() as u64));
    let mut room = TEXT_UNITS_MAX - end.encode_utf16().count();
    let fits = |it: &char| {
        let units = it.len_utf16();
        let fits = units <= room;
        room = room.saturating_sub(units);
        fits
    };
    let start: String = text.chars().take_while(fits).collect();
    Cow::Owned(start + &end)
}
