//! `us_zip`: a US ZIP code of five digits, or ZIP+4 of five, a hyphen, and four.
//!
//! Source: USPS Publication 28, "Postal Addressing Standards", section 221. Whether the code is in use is
//! not looked at.

#[inline]
pub(super) fn matches(text: &[u8]) -> bool {
    match text {
        [zip @ .., b'-', _, _, _, _] if zip.len() == 5 => {
            let four = text.iter().rev().take(4);
            zip.iter().chain(four).all(u8::is_ascii_digit)
        }
        zip => zip.len() == 5 && zip.iter().all(u8::is_ascii_digit),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::format::Format;
    use crate::rules::format::assert_format;

    #[test]
    fn us_zip_is_five_digits_and_perhaps_four_more() {
        let valid = ["12345", "00501", "12345-6789"];
        let invalid = [
            "1234",
            "123456",
            "123456789",
            "12345-",
            "12345-678",
            "12345-67890",
            "12345 6789",
            "1234A",
            "-1234",
            "1234-56789",
        ];
        assert_format(Format::UsZip, &valid, &invalid);
    }
}
