//! `luhn`: digits only, at least two, of which the last is the check digit of the others.
//!
//! From the right, every second digit is doubled (minus 9 if that is above 9); the sum of all is a
//! multiple of 10. Source: ISO/IEC 7812-1, annex B; US patent 2,950,048 (H. P. Luhn, 1960).

pub(super) fn matches(text: &[u8]) -> bool {
    if text.len() < 2 || !text.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let value = |byte: u8| u32::from(byte.wrapping_sub(b'0'));
    // In pairs from the right; a digit that is left over is not doubled.
    let (first, pairs) = text.as_rchunks();
    let first: u32 = first.iter().map(|it| value(*it)).sum();
    let sum = pairs
        .iter()
        .fold(first, |sum, [odd, even]| (sum + doubled(value(*odd)) + value(*even)) % 10);
    sum.is_multiple_of(10)
}

/// The sum of the digits of twice a digit, without a branch that data could mislead.
#[inline]
pub(super) fn doubled(digit: u32) -> u32 {
    digit * 2 - 9 * u32::from(digit > 4)
}

#[cfg(test)]
mod tests {
    use crate::rules::format::Format;
    use crate::rules::format::assert_format;

    #[test]
    fn luhn_needs_digits_with_their_check_digit() {
        let valid = ["79927398713", "4111111111111111", "00", "18", "0018"];
        let invalid = [
            "79927398710",
            "4111111111111112",
            "0",
            "5",
            "19",
            "4111 1111 1111 1111",
            "-18",
            "1八",
        ];
        assert_format(Format::Luhn, &valid, &invalid);
    }
}
