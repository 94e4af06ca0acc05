//! Slots: to which of the 16384 parts of a cluster a key belongs.

/// How many slots there are.
pub(crate) const COUNT: u16 = 16384;

/// The slot of `key`: of its part in the first braces, if there is one, else of all of it.
pub(crate) fn of(key: &[u8]) -> u16 {
    crc16(tag(key)) % COUNT
}

/// The part of `key` that decides its slot.
fn tag(key: &[u8]) -> &[u8] {
    let mut outer = key.splitn(2, |it| *it == b'{');
    let (_, Some(rest)) = (outer.next(), outer.next()) else { return key };
    let mut inner = rest.splitn(2, |it| *it == b'}');
    match (inner.next(), inner.next()) {
        (Some(tag), Some(_)) if !tag.is_empty() => tag,
        _ => key,
    }
}

/// CRC-16/XMODEM, which Redis uses.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc: u16, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_redis() {
        // As `CLUSTER KEYSLOT` answers.
        for (key, slot) in [("foo", 12182), ("123456789", 12739), ("", 0), ("somekey", 11058)] {
            assert_eq!(of(key.as_bytes()), slot, "{key}");
        }
    }

    #[test]
    fn text_in_the_first_braces_decides() {
        assert_eq!(of(b"dq:{foo}:a"), of(b"foo"));
        assert_eq!(of(b"{foo}{bar}"), of(b"foo"));
        assert_eq!(of(b"a{}{foo}"), crc16(b"a{}{foo}") % COUNT);
        assert_eq!(of(b"a{foo"), crc16(b"a{foo") % COUNT);
    }
}
