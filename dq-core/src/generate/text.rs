//! Numbers, days and times as text: without the machinery of format strings, which would take a third
//! of the time that rows take.

use crate::value::Date;

/// Every number of two digits, one after the other.
const PAIRS: &str = "00010203040506070809101112131415161718192021222324252627282930313233343536373839\
4041424344454647484950515253545556575859606162636465666768697071727374757677787980818283848586878889\
90919293949596979899";

/// The parts in one text.
pub(super) fn concat<const N: usize>(parts: [&str; N]) -> String {
    let mut text = String::with_capacity(parts.iter().map(|it| it.len()).sum());
    for part in parts {
        text.push_str(part);
    }
    text
}

/// Appends the last two digits of `number`.
pub(super) fn push_two(text: &mut String, number: u64) {
    let start = (number % 100 * 2) as usize;
    text.push_str(PAIRS.get(start..start + 2).unwrap_or_default());
}

/// Appends the last four digits of `number`.
pub(super) fn push_four(text: &mut String, number: u64) {
    push_two(text, number / 100);
    push_two(text, number);
}

/// Appends `number` with at least `digits` digits.
pub(super) fn push_number(text: &mut String, number: u64, digits: u32) {
    let has = number.checked_ilog10().unwrap_or_default() + 1;
    let mut rest = has.max(digits);
    if rest % 2 == 1 {
        rest -= 1;
        let digit = number / power_of_ten(rest) % 10;
        text.push(char::from(b'0' + digit as u8));
    }
    while rest > 0 {
        rest -= 2;
        push_two(text, number / power_of_ten(rest));
    }
}

/// `YYYY-MM-DD`.
pub(super) fn day(date: Date) -> String {
    let mut text = String::with_capacity(10);
    push_day(&mut text, date);
    text
}

/// `YYYY-MM-DD HH:MM:SS`.
pub(super) fn time(date: Date, (hour, minute, second): (u64, u64, u64)) -> String {
    let mut text = String::with_capacity(19);
    push_day(&mut text, date);
    for (separator, number) in [(' ', hour), (':', minute), (':', second)] {
        text.push(separator);
        push_two(&mut text, number);
    }
    text
}

/// Appends a day of the years 0 to 9999.
fn push_day(text: &mut String, date: Date) {
    let (year, month, day) = date.civil();
    push_four(text, u64::from(year.unsigned_abs()));
    text.push('-');
    push_two(text, month.into());
    text.push('-');
    push_two(text, day.into());
}

/// Ten to the power of `exponent`, or the largest power that there is.
fn power_of_ten(exponent: u32) -> u64 {
    10_u64.checked_pow(exponent).unwrap_or(10_000_000_000_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_format_strings() {
        let ends = [0, 1, 9, 10, 99, 100, 12_345, 123_456, u64::MAX - 1, u64::MAX];
        for number in ends.into_iter().chain((0..64).map(|it| 1 << it)) {
            for digits in [1, 2, 3, 7, 8] {
                let mut text = "#".to_owned();
                push_number(&mut text, number, digits);
                assert_eq!(text, format!("#{number:0width$}", width = digits as usize));
            }
        }
    }

    #[test]
    fn days_and_times_are_those_of_the_calendar() {
        for days in (-40_000..80_000).step_by(17) {
            let date = Date::from_days(days);
            assert_eq!(day(date), date.to_string());
        }
        let date = Date::from_days(20_454);
        assert_eq!(time(date, (23, 5, 59)), "2026-01-01 23:05:59");
        assert_eq!(concat(["a", "", "bc"]), "abc");
    }
}
