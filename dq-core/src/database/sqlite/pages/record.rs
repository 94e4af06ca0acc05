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

/// The whole number of a serial type from 1 to 6, 8 or 9 at the start of `bytes`.
#[inline]
pub(crate) fn integer(serial: u64, bytes: &[u8]) -> Option<i64> {
    Some(match serial {
        1 => i64::from(i8::from_be_bytes(*bytes.first_chunk()?)),
        2 => i64::from(i16::from_be_bytes(*bytes.first_chunk()?)),
        3 => {
            let (high, low) = bytes.split_first_chunk()?;
            i64::from(i8::from_be_bytes(*high)) << 16
                | i64::from(u16::from_be_bytes(*low.first_chunk()?))
        }
        4 => i64::from(i32::from_be_bytes(*bytes.first_chunk()?)),
        5 => {
            let (high, low) = bytes.split_first_chunk()?;
            i64::from(i16::from_be_bytes(*high)) << 32
                | i64::from(u32::from_be_bytes(*low.first_chunk()?))
        }
        6 => i64::from_be_bytes(*bytes.first_chunk()?),
        8 => 0,
        9 => 1,
        _ => return None,
    })
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
