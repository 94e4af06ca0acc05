//! The variable-length integers of SQLite's file format.

/// Takes an integer off the front of `bytes`; `None` if they end before it does.
#[inline]
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let (first, rest) = bytes.split_first()?;
    if *first < 0x80 {
        *bytes = rest;
        return Some(u64::from(*first));
    }
    take_long(bytes)
}

/// Seven bits of each byte, as long as the eighth is set; of a ninth byte all bits.
#[inline(never)]
fn take_long(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for (position, byte) in bytes.iter().enumerate().take(9) {
        let last = position == 8;
        value =
            if last { value << 8 | u64::from(*byte) } else { value << 7 | u64::from(byte & 0x7F) };
        if last || *byte < 0x80 {
            *bytes = bytes.get(position + 1..)?;
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(mut bytes: &[u8]) -> (Option<u64>, usize) {
        let value = take(&mut bytes);
        (value, bytes.len())
    }

    #[test]
    fn integers_have_one_to_nine_bytes() {
        assert_eq!(taken(&[0x7F, 1]), (Some(127), 1));
        assert_eq!(taken(&[0x81, 0x00, 1]), (Some(128), 1));
        assert_eq!(taken(&[0xFF, 0x7F]), (Some(16_383), 0));
        assert_eq!(taken(&[0xFF; 10]), (Some(u64::MAX), 1));
        assert_eq!(taken(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x05, 7]), (Some(5), 1));
    }

    #[test]
    fn a_truncated_integer_is_none() {
        assert_eq!(taken(&[]).0, None);
        assert_eq!(taken(&[0x81]).0, None);
        assert_eq!(taken(&[0xFF; 8]).0, None);
    }
}
