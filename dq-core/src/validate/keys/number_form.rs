//! Keys that are a number behind a fixed text, such as `PRV-00001234` or `1234`.

use crate::value::pack;

/// Tells keys of one form from all others, and reads their numbers.
///
/// A key has the form if it is the prefix and then up to [`DIGITS_MAX`] digits: exactly as many as in
/// the key that the form was made of, or more without a leading zero. So no two keys of a form have the
/// same number, and a key alone decides whether it has the form: equal keys always go the same way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NumberForm {
    prefix: u128,
    /// The bits of the prefix.
    mask: u128,
    prefix_bytes: usize,
    digits_min: usize,
}

/// How many digits a number has at most. Eight bytes are read as one word.
const DIGITS_MAX: usize = 8;

/// The bits of a number.
pub(crate) const NUMBER_BITS: u32 = 27;

const _: () = assert!(10_u64.pow(DIGITS_MAX as u32) < 1 << NUMBER_BITS, "numbers have room");

impl NumberForm {
    /// The form of the keys that are like `key`; none if that does not end in a digit, or is long.
    pub(crate) fn of(key: &[u8]) -> Option<Self> {
        let digits = key.iter().rev().take(DIGITS_MAX).take_while(|it| it.is_ascii_digit()).count();
        let (prefix, _) = key.split_at_checked(key.len() - digits)?;
        (digits > 0 && pack(key).is_some()).then_some(())?;
        let (prefix_bytes, mask) = (prefix.len(), mask(prefix.len()));
        Some(Self { prefix: pack(prefix)? & mask, mask, prefix_bytes, digits_min: digits })
    }

    /// The number of `key`, if it has this form.
    #[inline]
    pub(crate) fn number(&self, key: &[u8]) -> Option<u32> {
        let digits = key.len().checked_sub(self.prefix_bytes)?;
        if digits < self.digits_min || digits > DIGITS_MAX {
            return None;
        }
        if self.prefix_bytes <= size_of::<u64>()
            && let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk())
        {
            // The common case: the first eight bytes hold the prefix, and the last eight the digits.
            let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
            if (first ^ self.prefix as u64) & self.mask as u64 != 0 {
                return None;
            }
            return self.spelt(last >> (8 * (DIGITS_MAX - digits)), digits);
        }
        self.number_of_unusual(key, digits)
    }

    /// As [`number`](Self::number), for a short key, or one behind a long prefix.
    #[inline(never)]
    fn number_of_unusual(&self, key: &[u8], digits: usize) -> Option<u32> {
        let bytes = pack(key)?;
        if (bytes ^ self.prefix) & self.mask != 0 {
            return None;
        }
        self.spelt((bytes >> (8 * self.prefix_bytes)) as u64, digits)
    }

    /// The number that so many characters spell, the first in the lowest byte, if it is of this form.
    #[inline]
    fn spelt(&self, text: u64, digits: usize) -> Option<u32> {
        let has_leading_zero = text as u8 == b'0';
        if digits > self.digits_min && has_leading_zero {
            return None;
        }
        read(text, digits)
    }

    /// Writes the key that has this number.
    pub(crate) fn write(&self, number: u32, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(
            self.prefix.to_le_bytes().get(..self.prefix_bytes).unwrap_or_default(),
        );
        let width = self.digits_min;
        out.extend_from_slice(format!("{number:0width$}").as_bytes());
    }
}

/// The lowest `bytes` bytes of a word.
fn mask(bytes: usize) -> u128 {
    (1 << (8 * bytes)) - 1
}

/// The number that `digits` characters spell, the first in the lowest byte; none if one is not a digit.
/// All eight at once: neighbours are joined to pairs, pairs to fours, and those to one number.
#[inline]
pub(crate) fn read(text: u64, digits: usize) -> Option<u32> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    let missing = 8 * (DIGITS_MAX - digits) as u32;
    // What stands before the first digit reads as zeros.
    let values = (text ^ ZEROS) << missing;
    let is_digit =
        (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080 == 0;
    let pairs = (values.wrapping_mul(10) + (values >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    let number = (fours.wrapping_mul(10_000) + (fours >> 32)) as u32;
    is_digit.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(like: &str, key: &str) -> Option<u32> {
        NumberForm::of(like.as_bytes())?.number(key.as_bytes())
    }

    #[test]
    fn a_key_of_the_form_is_its_number() {
        assert_eq!(number("PRV-00000001", "PRV-00610490"), Some(610_490));
        assert_eq!(number("PRV-00000001", "PRV-99999999"), Some(99_999_999));
        assert_eq!(number("7", "0"), Some(0));
        assert_eq!(number("7", "12345678"), Some(12_345_678));
        assert_eq!(number("a01", "a00"), Some(0));
        assert_eq!(number("a01", "a100"), Some(100));
        assert_eq!(number("No. 0123456789", "No. 0199999999"), Some(99_999_999));
    }

    #[test]
    fn what_could_be_taken_for_another_key_has_not_the_form() {
        for key in ["", "PRV-", "prv-00000006", "PRV-0000001", "PRV-000000001", "PRV-0000000x"] {
            assert_eq!(number("PRV-00000001", key), None, "{key}");
        }
        for key in ["01", "007", "-1", "+1", " 1", "1 ", "1.0", "123456789", "/", ":", "\u{b2}"] {
            assert_eq!(number("7", key), None, "{key}");
        }
        assert_eq!(number("a01", "a1"), None);
        assert_eq!(number("a01", "a001"), None);
    }

    #[test]
    fn keys_without_a_number_make_no_form() {
        for key in ["", "a", "12a", "a key of more than 15 bytes 1"] {
            assert_eq!(NumberForm::of(key.as_bytes()), None, "{key}");
        }
    }

    #[test]
    fn a_number_is_written_as_its_key() {
        for key in ["PRV-00610490", "0", "12345678", "a07", "a123"] {
            let form = NumberForm::of(key.as_bytes()).unwrap();
            let mut written = Vec::new();
            form.write(form.number(key.as_bytes()).unwrap(), &mut written);
            assert_eq!(written, key.as_bytes());
        }
    }

    #[test]
    fn every_byte_but_a_digit_is_refused_at_every_place() {
        let form = NumberForm::of(b"00000000").unwrap();
        for place in 0..8 {
            for byte in 0..=u8::MAX {
                let mut key = *b"12345678";
                key[place] = byte;
                let expected = std::str::from_utf8(&key).ok().filter(|_| byte.is_ascii_digit());
                assert_eq!(form.number(&key), expected.map(|it| it.parse().unwrap()), "{key:?}");
            }
        }
    }
}
