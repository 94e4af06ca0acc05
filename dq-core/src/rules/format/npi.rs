//! `npi`: a US National Provider Identifier.
//!
//! Ten digits, of which the first is 1 or 2 and the last is the check digit: the Luhn formula of
//! ISO/IEC 7812-1 over the prefix `80840` (80 for health applications, 840 for the United States) and the
//! ten digits. Source: the final rule at 69 Federal Register 3434 (January 23, 2004), 45 CFR 162.406, and
//! "Requirements for National Provider Identifier (NPI) and NPI Check Digit" of the Centers for
//! Medicare & Medicaid Services.

use crate::rules::format::luhn;

/// What the digits of the prefix 80840 add to the Luhn sum.
const PREFIX_SUM: u32 = 24;

#[inline]
pub(super) fn matches(text: &[u8]) -> bool {
    let Ok(text @ [b'1' | b'2', ..]) = <&[u8; 10]>::try_from(text) else { return false };
    let (mut sum, mut are_digits) = (PREFIX_SUM, true);
    for [odd, even] in text.as_chunks().0 {
        let (odd, even) = (u32::from(odd.wrapping_sub(b'0')), u32::from(even.wrapping_sub(b'0')));
        are_digits &= odd <= 9 && even <= 9;
        sum += luhn::doubled(odd) + even;
    }
    are_digits && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use crate::rules::format::Format;
    use crate::rules::format::assert_format;

    #[test]
    fn npi_needs_ten_digits_a_first_of_1_or_2_and_the_check_digit() {
        let valid = ["1234567893", "1245319599", "1003000126", "2000000002", "1000000004"];
        let invalid = [
            "1234567890",
            "123456789",
            "12345678931",
            "0234567899",
            "3234567891",
            "123456789X",
            "1234-67893",
        ];
        assert_format(Format::Npi, &valid, &invalid);
    }

    #[test]
    fn npi_is_luhn_with_its_prefix() {
        for number in 1_234_500_000_u64..1_234_502_000 {
            let luhn = Format::Luhn.matches(format!("80840{number}").as_bytes());
            assert_eq!(Format::Npi.matches(number.to_string().as_bytes()), luhn, "{number}");
        }
    }
}
