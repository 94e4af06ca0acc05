//! `nucc_taxonomy`: a code of the US Health Care Provider Taxonomy, such as `207Q00000X`.
//!
//! Ten characters: three digits, two digits or capital letters, four digits, and `X`. The first two are the
//! grouping of the provider, the next two the classification, the next five the specialisation, and the
//! last is kept for the future. Whether the code is in the published set is not looked at: it
//! changes twice a year; `one_of` with a file does that.
//!
//! Source: National Uniform Claim Committee, "Health Care Provider Taxonomy Code Set" (ASC X12 external code
//! source 682); the places of digits and letters are those of all codes that it has published.

pub(super) fn matches(text: &[u8]) -> bool {
    let Ok([one, two, three, letters @ .., six, seven, eight, nine, b'X']) =
        <&[u8; 10]>::try_from(text)
    else {
        return false;
    };
    let is_letter = |it: &u8| it.is_ascii_digit() || it.is_ascii_uppercase();
    [one, two, three, six, seven, eight, nine].into_iter().all(u8::is_ascii_digit)
        && letters.iter().all(is_letter)
}

#[cfg(test)]
mod tests {
    use crate::rules::format::Format;
    use crate::rules::format::assert_format;

    #[test]
    fn nucc_taxonomy_is_ten_characters_that_end_in_x() {
        let valid = [
            "207Q00000X",
            "207QG0300X",
            "2084P0804X",
            "193200000X",
            "261QM0801X",
            "3336C0003X",
            "101YA0400X",
        ];
        let invalid = [
            "207q00000X",
            "207Q00000x",
            "207Q00000",
            "207Q0000X",
            "207Q000000X",
            "207Q00000Y",
            "2070000000",
            "A07Q00000X",
            "20QQ00000X",
            "207QAA000X",
            "207Q-0000X",
            "207Q 0000X",
        ];
        assert_format(Format::NuccTaxonomy, &valid, &invalid);
    }
}
