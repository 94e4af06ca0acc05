//! Records: a header with the type and length of each value, then the values.

use crate::database::sqlite::pages::varint;

/// How many bytes the value of a serial type takes; `None` for the types that SQLite reserves.
#[inline]
pub(crate) fn value_bytes(serial: u64) -> Option<u64> {
    match serial {
        0 | 8 | 9 => Some(0),
        1..=4 => Some(serial),
        5 => Some(6),
        6 | 7 => Some(8),
        10 | 11 => None,
        _ => Some((serial - 12) >> 1),
    }
}

/// How many bytes a text or blob takes; any number for other types.
#[inline]
pub(crate) fn text_bytes(serial: u64) -> u64 {
    serial.wrapping_sub(12) >> 1
}

/// The serial types of NULL and of floating-point numbers, and how many bytes one of the latter takes.
pub(crate) const NULL: u64 = 0;
pub(crate) const FLOAT: u64 = 7;
pub(crate) const FLOAT_BYTES: u64 = 8;

/// Whether a serial type is that of a whole number.
#[inline]
pub(crate) fn is_integer(serial: u64) -> bool {
    matches!(serial, 1..=6 | 8 | 9)
}

/// How many bytes a serial type from 1 to 6, 8 or 9 takes.
#[inline]
pub(crate) fn integer_bytes(serial: u64) -> u64 {
    match serial {
        1..=4 => serial,
        5 => 6,
        6 => 8,
        _ => 0,
    }
}

/// The whole number of a serial type from 1 to 6, 8 or 9 at the start of `bytes`.
#[inline]
pub(crate) fn integer(serial: u64, bytes: &[u8]) -> Option<i64> {
    match serial {
        1..=6 => {
            let size = integer_bytes(serial);
            let word = match bytes.first_chunk() {
                Some(word) => i64::from_be_bytes(*word),
                None => word_of(bytes.get(..size as usize)?),
            };
            Some(word >> (64 - 8 * size))
        }
        8 => Some(0),
        9 => Some(1),
        _ => None,
    }
}

/// The big-endian word that begins with the few bytes of `bytes`.
#[cold]
fn word_of(bytes: &[u8]) -> i64 {
    bytes.iter().rev().fold(0_u64, |word, byte| word >> 8 | u64::from(*byte) << 56) as i64
}

/// The number of serial type 7 at the start of `bytes`.
pub(crate) fn float(bytes: &[u8]) -> Option<f64> {
    Some(f64::from_be_bytes(*bytes.first_chunk()?))
}

/// Whether a serial type is that of text.
#[inline]
pub(crate) fn is_text(serial: u64) -> bool {
    serial >= 13 && serial & 1 == 1
}

/// Splits a record into its header, without the length, and the offset of its first value.
#[inline]
pub(crate) fn split(record: &[u8]) -> Option<(&[u8], u64)> {
    let mut rest = record;
    let header_bytes = varint::take(&mut rest)?;
    let taken = record.len() - rest.len();
    let header = record.get(taken..usize::try_from(header_bytes).ok()?)?;
    Some((header, header_bytes))
}

/// How many bytes of a record its first `columns` columns need, judged by its beginning; `None` if
/// that holds not the whole header.
pub(crate) fn bytes_needed(beginning: &[u8], columns: usize) -> Option<u64> {
    let (mut header, mut end) = split(beginning)?;
    for _ in 0..columns {
        if header.is_empty() {
            break;
        }
        end = end.checked_add(value_bytes(varint::take(&mut header)?)?)?;
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_their_sign() {
        assert_eq!(integer(1, &[0xFF]), Some(-1));
        assert_eq!(integer(2, &[0x80, 0x00]), Some(-32_768));
        assert_eq!(integer(3, &[0xFF, 0xFF, 0xFE]), Some(-2));
        assert_eq!(integer(3, &[0x7F, 0xFF, 0xFF]), Some(8_388_607));
        assert_eq!(integer(4, &[0x80, 0, 0, 0]), Some(-2_147_483_648));
        assert_eq!(integer(5, &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFD]), Some(-3));
        assert_eq!(integer(6, &[0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), Some(i64::MAX));
        assert_eq!((integer(8, &[]), integer(9, &[])), (Some(0), Some(1)));
        assert_eq!(integer(4, &[1, 2, 3]), None);
    }

    #[test]
    fn the_header_tells_how_much_is_needed() {
        // Two columns: a text of 5 bytes and a whole number of 2.
        let record = [3, 23, 2, b'h', b'e', b'l', b'l', b'o', 1, 0];
        assert_eq!(bytes_needed(&record, 1), Some(8));
        assert_eq!(bytes_needed(&record, 2), Some(10));
        assert_eq!(bytes_needed(&record, 9), Some(10));
        assert_eq!(bytes_needed(&record[..2], 2), None);
        assert_eq!(bytes_needed(&[], 0), None);
    }
}
