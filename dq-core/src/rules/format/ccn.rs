//! `ccn`: a CMS certification number, which identifies a provider or supplier of the US Medicare and
//! Medicaid programs.
//!
//! It starts with a state code: two digits, or a capital letter and a digit. For providers four characters
//! follow: four digits; three digits and `E` or `F` (emergency hospitals); or a capital letter for the kind of
//! provider or unit, a digit or capital letter, and two digits. For suppliers eight follow: `C` (surgical
//! centres), `D` (laboratories) or `X` (portable X-ray) and seven digits. Letters are capital, and there are
//! no hyphens. Whether the state code and the number are in use is not looked at.
//!
//! Source: Centers for Medicare & Medicaid Services, State Operations Manual (publication 100-07), chapter 2,
//! sections 2779A to 2779F, and letter S&C 16-09-ALL of March 11, 2016 (state codes with a letter).

pub(super) fn matches(text: &[u8]) -> bool {
    let [b'0'..=b'9' | b'A'..=b'Z', b'0'..=b'9', rest @ ..] = text else { return false };
    let are_digits = |it: &[u8]| it.iter().all(u8::is_ascii_digit);
    match rest {
        [digits @ .., b'E' | b'F'] if rest.len() == 4 && are_digits(digits) => true,
        [b'A'..=b'Z', b'0'..=b'9' | b'A'..=b'Z', digits @ ..] if rest.len() == 4 => {
            are_digits(digits)
        }
        [b'C' | b'D' | b'X', digits @ ..] if rest.len() == 8 => are_digits(digits),
        digits => digits.len() == 4 && are_digits(digits),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::format::Format;
    use crate::rules::format::assert_format;

    #[test]
    fn ccn_is_a_state_and_a_provider_or_supplier() {
        #[rustfmt::skip]
        let valid = [
            "050146", "A10001", "50014F", "05012E", "33S024", "14T119", "05P001", "21J001", "05SA12", "45C0001234",
            "05D0642827", "10X0000012",
        ];
        #[rustfmt::skip]
        let invalid = [
            "05014", "0501466", "AA0146", "a10001", "5A0146", "33s024", "50014f", "50014G", "3300S4", "330S24", "33S0S4", "33SSS4", "33S02F",
            "05-0146", "45c0001234", "45A0001234", "45C000123", "45C000123A", "45C00012345", "0501460000",
        ];
        assert_format(Format::Ccn, &valid, &invalid);
    }
}
