//! `uuid`: 32 hexadecimal digits, in either case, in groups of 8, 4, 4, 4 and 12 with hyphens between.
//!
//! Every version and variant is accepted, also the nil and the max UUID; braces, `urn:uuid:` and digits
//! without hyphens are refused. Source: RFC 9562, section 4.

pub(super) fn matches(text: &[u8]) -> bool {
    let is_right = |(place, byte): (usize, &u8)| match place {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.iter().enumerate().all(is_right)
}

#[cfg(test)]
mod tests {
    use crate::rules::format::Format;
    use crate::rules::format::assert_format;

    #[test]
    fn uuid_is_five_groups_of_hexadecimal_digits() {
        let valid = [
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ];
        let invalid = [
            "f81d4fae7dec11d0a76500a0c91e6bf6",
            "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}",
            "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf61",
            "g81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "f81d4fae-7dec-11d0-a765a00a0c91e6bf6",
            "f81d4fae-7dec-11d0a-765-00a0c91e6bf6",
            "f81d4fae_7dec_11d0_a765_00a0c91e6bf6",
        ];
        assert_format(Format::Uuid, &valid, &invalid);
    }
}
