//! `dea`: a registration number of the US Drug Enforcement Administration.
//!
//! Nine characters. The first is the letter of a kind of registrant, one of `ABCDEFGHJKLMNPRSTUX`. The second
//! is a capital letter, the initial of the registrant's name, or `9` for one under a business's name. Seven
//! digits follow, of which the last is the check digit: the last digit of the sum of the first, third and
//! fifth digit and twice the sum of the second, fourth and sixth. Suffixes of hospitals
//! (`AB1234563-012`) are refused.
//!
//! Source: 21 CFR 1301.35 (certificates of registration bear a number). The letters are those of the
//! "DEA Registration Record Layout" of the Drug Enforcement Administration: its codes of business activities,
//! and the first letters that it lists, A, B, F and G (practitioners, pharmacies, hospitals), M (mid-level
//! practitioners), P and R (manufacturers, distributors, researchers); and X, which practitioners with a
//! waiver had. No regulation describes the check digit; this is how the boards of pharmacy teach it.

pub(super) fn matches(text: &[u8]) -> bool {
    let Ok([kind, initial, digits @ ..]) = <&[u8; 9]>::try_from(text) else { return false };
    if !matches!(kind, b'A'..=b'H' | b'J'..=b'N' | b'P' | b'R'..=b'U' | b'X')
        || !matches!(initial, b'A'..=b'Z' | b'9')
        || !digits.iter().all(u8::is_ascii_digit)
    {
        return false;
    }
    let [first, second, third, fourth, fifth, sixth, check] =
        digits.map(|it| u32::from(it.wrapping_sub(b'0')));
    (first + third + fifth + 2 * (second + fourth + sixth)) % 10 == check
}

#[cfg(test)]
mod tests {
    use crate::rules::format::Format;
    use crate::rules::format::assert_format;

    #[test]
    fn dea_needs_a_registrant_an_initial_and_the_check_digit() {
        let valid = [
            "AP5836727",
            "F91234563",
            "AB1234563",
            "BB1388568",
            "MJ0000000",
            "XZ9999991",
            "RX1111119",
        ];
        let invalid = [
            "AP5836728",
            "ap5836727",
            "Ap5836727",
            "IP5836727",
            "OP5836727",
            "9P5836727",
            "A85836727",
            "AP583672",
            "AP58367270",
            "AP-5836727",
            "AP583672A",
            "AB1234563-012",
            "5836727",
        ];
        assert_format(Format::Dea, &valid, &invalid);
    }

    #[test]
    fn one_digit_in_ten_is_the_check_digit() {
        for number in 123_400_u32..123_500 {
            let text = |check| format!("BS{number:06}{check}");
            let right = (0..10).filter(|it| Format::Dea.matches(text(*it).as_bytes()));
            assert_eq!(right.count(), 1, "{number}");
        }
    }
}
