//! `phone`: a number of the North American Numbering Plan.
//!
//! Ten digits. Before them may stand the country code `1` or `+1`; a parenthesis may open before them, and
//! blanks (U+0020), hyphens, dots and parentheses may stand between them, in any number. Extensions
//! and letters are refused. Which area codes and exchanges exist is not looked at: they change.
//! Source: "About the North American Numbering Plan" of the NANP Administrator (three digits of area code,
//! seven of local number), and ITU-T E.164 for `+1`.

pub(super) fn matches(text: &[u8]) -> bool {
    let (international, national) = match text {
        [b'+', rest @ ..] => (true, rest),
        all => (false, all),
    };
    if !matches!(national, [b'0'..=b'9' | b'(', .., b'0'..=b'9']) {
        return false;
    }
    let mut digits = 0;
    for byte in national {
        match byte {
            b'0'..=b'9' => digits += 1,
            b' ' | b'-' | b'.' | b'(' | b')' => {}
            _ => return false,
        }
    }
    match digits {
        10 => !international,
        11 => national.starts_with(b"1"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::format::Format;
    use crate::rules::format::assert_format;

    #[test]
    fn phone_is_ten_digits_of_the_plan_however_punctuated() {
        #[rustfmt::skip]
        let valid = [
            "2125550123", "212-555-0123", "(212) 555-0123", "212.555.0123", "212 555 0123", "+12125550123",
            "+1 (212) 555-0123", "1-212-555-0123", "12125550123", "(212)555-0123", "(093) 693-3841",
        ];
        #[rustfmt::skip]
        let invalid = [
            "212555012", "21255501234", "22125550123", "+2125550123",
            "+442079460958", "212-555-0123 x5", "212/555-0123", "555-0123", "212-555-CALL", "--------", "+", "++12125550123", "-2125550123",
            "121255501234",
        ];
        assert_format(Format::Phone, &valid, &invalid);
    }
}
