//! `us_state`: two capital letters for a state, the District of Columbia, a territory, a freely
//! associated state, or military mail.
//!
//! Source: USPS Publication 28, "Postal Addressing Standards", appendix B.

/// The codes, in the order of the alphabet.
const CODES: [&[u8; 2]; 62] = [
    b"AA", b"AE", b"AK", b"AL", b"AP", b"AR", b"AS", b"AZ", b"CA", b"CO", b"CT", b"DC", b"DE",
    b"FL", b"FM", b"GA", b"GU", b"HI", b"IA", b"ID", b"IL", b"IN", b"KS", b"KY", b"LA", b"MA",
    b"MD", b"ME", b"MH", b"MI", b"MN", b"MO", b"MP", b"MS", b"MT", b"NC", b"ND", b"NE", b"NH",
    b"NJ", b"NM", b"NV", b"NY", b"OH", b"OK", b"OR", b"PA", b"PR", b"PW", b"RI", b"SC", b"SD",
    b"TN", b"TX", b"UT", b"VA", b"VI", b"VT", b"WA", b"WI", b"WV", b"WY",
];

pub(super) fn matches(text: &[u8]) -> bool {
    <&[u8; 2]>::try_from(text).is_ok_and(|code| CODES.binary_search(&code).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::rules::format::Format;
    use crate::rules::format::assert_format;

    #[test]
    fn us_state_is_a_code_of_the_postal_service() {
        let valid = ["AK", "CA", "DC", "PR", "GU", "AE", "WY", "AA", "PW"];
        let invalid = ["ca", "Ca", "C", "CAL", "XX", "ZZ", "UM", "N.Y.", "C1"];
        assert_format(Format::UsState, &valid, &invalid);
    }

    #[test]
    fn codes_are_in_order() {
        assert!(CODES.is_sorted_by(|a, b| a < b));
    }
}
