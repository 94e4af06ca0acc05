//! PostgreSQL's `numeric` as it is sent: digits to the base 10000.
//!
//! ```text
//!   i16 number of digits │ i16 weight of the first │ u16 sign │ u16 places after the point │ i16 digits …
//! ```

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITE: u16 = 0xD000;
const NEGATIVE_INFINITE: u16 = 0xF000;

/// Digits of the base in decimal.
const GROUP: usize = 4;

/// Appends the number in `bytes` as PostgreSQL writes it; without zeros at the end of its fraction where
/// `is_short`. Gives whether it is a number at all.
pub(crate) fn write_text(bytes: &[u8], is_short: bool, text: &mut Vec<u8>) -> bool {
    let Some((head, digits)) = bytes.split_at_checked(8) else { return false };
    let [n0, n1, w0, w1, s0, s1, p0, p1] = *head else { return false };
    let count = usize::from(u16::from_be_bytes([n0, n1]));
    let weight = i32::from(i16::from_be_bytes([w0, w1]));
    let places = usize::from(u16::from_be_bytes([p0, p1]));
    if digits.len() != 2 * count {
        return false;
    }
    match u16::from_be_bytes([s0, s1]) {
        0 => {}
        NEGATIVE => text.push(b'-'),
        NAN => return write_word(b"NaN", text),
        INFINITE => return write_word(b"Infinity", text),
        NEGATIVE_INFINITE => return write_word(b"-Infinity", text),
        _ => return false,
    }
    let group = |position: i32| {
        let at = usize::try_from(weight - position).ok()?;
        let (pairs, _) = digits.as_chunks::<2>();
        pairs.get(at).map(|it| u16::from_be_bytes(*it))
    };
    // The groups before the point have positions from the weight down to 0.
    if weight < 0 {
        text.push(b'0');
    }
    for position in (0..=weight).rev() {
        let number = group(position).unwrap_or(0);
        if position == weight {
            text.extend_from_slice(number.to_string().as_bytes());
        } else {
            text.extend_from_slice(&padded(number));
        }
    }
    write_fraction(places, is_short, group, text);
    true
}

fn write_fraction(
    places: usize,
    is_short: bool,
    group: impl Fn(i32) -> Option<u16>,
    text: &mut Vec<u8>,
) {
    if places == 0 {
        return;
    }
    let whole = text.len();
    text.push(b'.');
    let end = text.len() + places;
    let mut position = -1;
    while text.len() < end {
        text.extend_from_slice(&padded(group(position).unwrap_or(0)));
        position -= 1;
    }
    text.truncate(end);
    if is_short {
        while text.last() == Some(&b'0') {
            text.pop();
        }
        if text.len() == whole + 1 {
            text.pop();
        }
    }
}

fn write_word(word: &[u8], text: &mut Vec<u8>) -> bool {
    text.extend_from_slice(word);
    true
}

/// The four decimal digits of a digit.
fn padded(number: u16) -> [u8; GROUP] {
    let digit = |it: u16| b'0' + (it % 10) as u8;
    [digit(number / 1000), digit(number / 100), digit(number / 10), digit(number)]
}

/// The number that `text` spells, as PostgreSQL wants it sent; `None` if it spells none. Understands
/// `-12.50`, and neither exponents nor words.
pub(crate) fn from_text(text: &str) -> Option<Vec<u8>> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (NEGATIVE, rest),
        None => (0, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    let is_number =
        is_digits(whole) && is_digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    if !is_number {
        return None;
    }
    let lead = whole.len().next_multiple_of(GROUP) - whole.len();
    let tail = fraction.len().next_multiple_of(GROUP) - fraction.len();
    let digits = std::iter::repeat_n(b'0', lead)
        .chain(whole.bytes())
        .chain(fraction.bytes())
        .chain(std::iter::repeat_n(b'0', tail));
    let digits: Vec<u8> = digits.collect();
    let (groups, _) = digits.as_chunks::<GROUP>();
    let groups: Vec<u16> = groups
        .iter()
        .map(|it| it.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
        .collect();
    let weight = i16::try_from((whole.len() + lead) / GROUP).ok()? - 1;
    let mut bytes = Vec::with_capacity(8 + 2 * groups.len());
    bytes.extend_from_slice(&u16::try_from(groups.len()).ok()?.to_be_bytes());
    bytes.extend_from_slice(&weight.to_be_bytes());
    bytes.extend_from_slice(&sign.to_be_bytes());
    bytes.extend_from_slice(&u16::try_from(fraction.len()).ok()?.to_be_bytes());
    for group in groups {
        bytes.extend_from_slice(&group.to_be_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], is_short: bool) -> Option<String> {
        let mut text = Vec::new();
        write_text(bytes, is_short, &mut text).then(|| String::from_utf8(text).unwrap())
    }

    #[test]
    fn numbers_survive_the_round_trip() {
        for number in [
            "0",
            "7",
            "-12.50",
            "10000",
            "123456789.000123",
            "0.0001",
            "-0.00000001",
            "99999999",
            "1.0",
        ] {
            let bytes = from_text(number).unwrap();
            assert_eq!(text(&bytes, false).as_deref(), Some(number));
        }
        let sent = "123456789012345678901234567890.12345678901234567890";
        assert_eq!(text(&from_text(sent).unwrap(), false).as_deref(), Some(sent));
    }

    #[test]
    fn zeros_at_the_end_go_where_nobody_declared_them() {
        for (number, short) in [("1.50", "1.5"), ("1.00", "1"), ("100", "100"), ("0.00", "0")] {
            assert_eq!(text(&from_text(number).unwrap(), true).as_deref(), Some(short));
        }
    }

    #[test]
    fn digits_that_are_left_out_are_zeros() {
        // 10^8, whose two last digits PostgreSQL does not send, and 5.
        let sent = [0, 1, 0, 2, 0, 0, 0, 0, 0, 1];
        assert_eq!(text(&sent, false).as_deref(), Some("100000000"));
        // 10^-8
        let sent = [0, 1, 0xff, 0xfe, 0, 0, 0, 8, 0, 1];
        assert_eq!(text(&sent, false).as_deref(), Some("0.00000001"));
        assert_eq!(text(&[0, 0, 0, 0, 0xc0, 0, 0, 0], false).as_deref(), Some("NaN"));
        assert_eq!(text(&[0, 0, 0, 0, 0xf0, 0, 0, 0], false).as_deref(), Some("-Infinity"));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for word in ["", ".", "-", "1e5", "NaN", "1.2.3", " 1"] {
            assert_eq!(from_text(word), None, "{word}");
        }
        assert_eq!(text(&[0, 1], false), None);
        assert_eq!(text(&[0, 2, 0, 0, 0, 0, 0, 0, 0, 1], false), None);
    }
}
