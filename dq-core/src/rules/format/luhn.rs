//! `luhn`: digits only, at least two, of which the last is the check digit of the others.
//!
//! From the right, every second digit is doubled (minus 9 if that is above 9); the sum of all is a
//! multiple of 10. Source: ISO/IEC 7812-1, annex B; US patent 2,950,048 (H. P. Luhn, 1960).

pub(super) fn matches(text: &[u8]) -> bool {
    if text.len() < 2 || !text.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u64 = text
        .iter()
        .rev()
        .map(|byte| u64::from(byte - b'0'))
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit) {
            (0, _) => digit,
            (_, 0..=4) => digit * 2,
            _ => digit * 2 - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use crate::rules::format::Format;
    use crate::rules::format::assert_format;

    #[test]
    fn luhn_needs_digits_with_their_check_digit() {
        let valid = ["79927398713", "4111111111111111", "00", "18", "0018"];
        let invalid = ["79927398710", "4111111111111112", "0", "5", "19", "4111 1111 1111 1111", "-18", "1八"];
        assert_format(Format::Luhn, &valid, &invalid);
    }
}
