//! Short text as one number.

/// How many bytes [`pack`] takes.
const PACKED_BYTES_MAX: usize = 15;

/// Up to 15 bytes as one number: the first byte is the lowest, the highest is how many there are. Equal
/// numbers are equal bytes; `None` if there are more.
///
/// Reads words of four bytes from both ends, which overlap, instead of copying a number of bytes that the
/// processor cannot foresee.
#[inline]
pub(crate) fn pack(bytes: &[u8]) -> Option<u128> {
    let length = bytes.len();
    let value = match length {
        0..4 => bytes.iter().rev().fold(0, |value, byte| value << 8 | u128::from(*byte)),
        4..=PACKED_BYTES_MAX => {
            let word = |at: usize| {
                let word = bytes.get(at..)?.first_chunk()?;
                Some(u128::from(u32::from_le_bytes(*word)) << (8 * at))
            };
            let (middle, last) = (length / 8 * 4, length - 4);
            word(0)? | word(middle)? | word(last - middle)? | word(last)?
        }
        _ => return None,
    };
    Some(value | (length as u128) << 120)
}

/// Up to 15 bytes as a number of the same order: that of the bytes, then of the length.
#[inline]
pub(crate) fn pack_ordered(bytes: &[u8]) -> Option<u128> {
    pack(bytes).map(u128::swap_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_text_is_its_bytes_and_their_number() {
        let text = b"abcdefghijklmnop";
        for length in 0..=15 {
            let mut expected = [0; 16];
            expected[..length].copy_from_slice(&text[..length]);
            expected[15] = length as u8;
            assert_eq!(pack(&text[..length]), Some(u128::from_le_bytes(expected)));
        }
        assert_eq!(pack(text), None);
        assert_ne!(pack(b"a"), pack(b"a\0"));
    }

    #[test]
    fn ordered_numbers_have_the_order_of_their_bytes() {
        let mut texts = [&b"b"[..], b"", b"a\0", b"a", b"ab", b"\xff", b"a\0b", b"abcdefghijklmno"];
        let mut packed = texts.map(|it| pack_ordered(it).unwrap());
        texts.sort_unstable();
        packed.sort_unstable();
        assert_eq!(packed, texts.map(|it| pack_ordered(it).unwrap()));
    }
}
