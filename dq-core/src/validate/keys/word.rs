//! Keys in eight bytes.

use crate::validate::keys::hash::KeyHash;
use crate::validate::keys::number_form::read;
use crate::validate::keys::records::Scopes;
use crate::value::pack;

/// A key in eight bytes, with the scopes that its row is in: whole, or else a part of its hash.
///
/// ```text
/// bits   61 to 63   59, 60      0 to 58
///        scopes     0: digits   the number that up to 15 digits spell, and how many they are
///                   1: bytes    up to 7 bytes, and how many they are
///                   2: hash     59 bits of the hash of any other key, whose bytes lie elsewhere
///                   3: code     up to 4 bytes of ASCII, the number that up to 8 digits after them spell, and
///                               how many digits they are: `PRV-00610490`
/// ```
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Word(u64);

const SCOPES_AT: u32 = 61;
const KIND_AT: u32 = 59;
const BYTES: u64 = 1;
const HASH: u64 = 2;
const CODE: u64 = 3;

/// The number of digits lies above the highest number, that of bytes above the last byte.
const DIGITS_MAX: usize = 15;
const DIGITS_AT: u32 = 50;
const LENGTH_AT: u32 = 56;
const BYTES_MAX: usize = 7;

/// Of a code: seven bits for each byte of the prefix, then the number, then how many digits it has.
const PREFIX_MAX: usize = 4;
const CODE_DIGITS_MAX: usize = 8;
const NUMBER_AT: u32 = 28;
const WIDTH_AT: u32 = 55;

const _: () = assert!(10_u64.pow(DIGITS_MAX as u32) < 1 << DIGITS_AT, "numbers have room");

impl Word {
    /// The word of a key.
    #[inline]
    pub(crate) fn new(key: &[u8], hash: KeyHash) -> Self {
        let whole = digits(key).or_else(|| few_bytes(key)).or_else(|| code(key));
        whole.map_or_else(|| Self::of_hash(hash.of_long(key)), Self)
    }

    /// The word of any key with this hash, of which nothing else is known.
    #[inline]
    pub(crate) fn of_hash(hash: u64) -> Self {
        Self(hash & ((1 << KIND_AT) - 1) | HASH << KIND_AT)
    }

    /// This for a row in these scopes.
    #[inline]
    pub(crate) fn within(self, scopes: Scopes) -> Self {
        Self(self.0 | u64::from(scopes) << SCOPES_AT)
    }

    /// The scopes of the row.
    #[inline]
    pub(crate) fn scopes(self) -> Scopes {
        (self.0 >> SCOPES_AT) as u8
    }

    /// The word without its scopes.
    #[inline]
    pub(crate) fn bare(self) -> Self {
        Self(self.0 & ((1 << SCOPES_AT) - 1))
    }

    /// Whether this is all of the key, so that equal words are equal keys.
    #[inline]
    pub(crate) fn is_whole(self) -> bool {
        self.0 >> KIND_AT & (HASH | BYTES) != HASH
    }

    #[inline]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// The word with these bits.
    #[inline]
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Writes the key of a whole word.
    pub(crate) fn write_key(self, out: &mut Vec<u8>) {
        out.clear();
        let word = self.bare().0;
        match word >> KIND_AT {
            BYTES => {
                let length = (word >> LENGTH_AT) as usize & BYTES_MAX;
                out.extend_from_slice(word.to_le_bytes().get(..length).unwrap_or_default());
            }
            CODE => {
                let prefix = (0..PREFIX_MAX).map(|it| (word >> (7 * it)) as u8 & 0x7F);
                out.extend(prefix.take_while(|it| *it != 0));
                let (number, width) = (word >> NUMBER_AT & 0x7FF_FFFF, word >> WIDTH_AT & 0xF);
                put_digits(number, width as usize, out);
            }
            _ => put_digits(word & ((1 << DIGITS_AT) - 1), (word >> DIGITS_AT) as usize, out),
        }
    }
}

/// The word of up to 15 digits.
#[inline]
fn digits(key: &[u8]) -> Option<u64> {
    let length = key.len();
    let number = match (key.first_chunk(), key.last_chunk()) {
        _ if length == 0 || length > DIGITS_MAX => return None,
        (Some(first), Some(last)) => {
            let last = u64::from(read(u64::from_le_bytes(*last), 8)?);
            match length - 8 {
                0 => last,
                before => u64::from(read(u64::from_le_bytes(*first), before)?) * 100_000_000 + last,
            }
        }
        _ => u64::from(read(pack(key)? as u64, length)?),
    };
    Some(number | (length as u64) << DIGITS_AT)
}

/// The word of up to 7 bytes.
#[inline]
fn few_bytes(key: &[u8]) -> Option<u64> {
    let packed = Some(key).filter(|it| it.len() <= BYTES_MAX).and_then(pack)?;
    let bytes = packed as u64 & ((1 << LENGTH_AT) - 1);
    Some(bytes | (key.len() as u64) << LENGTH_AT | BYTES << KIND_AT)
}

/// The word of up to 8 digits after up to 4 other bytes of ASCII. The digits are as many of the last bytes as
/// can be, so that each key is cut at one place.
#[inline]
fn code(key: &[u8]) -> Option<u64> {
    let last = u64::from_le_bytes(*key.last_chunk()?);
    let digits = trailing_digits(last);
    let (prefix, _) = key.split_at_checked(key.len() - digits)?;
    if digits == 0 || prefix.len() > PREFIX_MAX {
        return None;
    }
    let mut word = 0;
    for byte in prefix.iter().rev() {
        if !(1..=0x7F).contains(byte) {
            return None;
        }
        word = word << 7 | u64::from(*byte);
    }
    let number = read(last >> (8 * (CODE_DIGITS_MAX - digits)), digits)?;
    Some(word | u64::from(number) << NUMBER_AT | (digits as u64) << WIDTH_AT | CODE << KIND_AT)
}

/// How many of the last bytes of eight are digits.
#[inline]
fn trailing_digits(eight: u64) -> usize {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    // The upper half of a digit is 3, and the lower half stays one if 6 is added to it.
    let low = (eight & !HIGH) + 0x0606_0606_0606_0606;
    let no_digits = (eight & HIGH ^ ZEROS) | low & HIGH;
    no_digits.leading_zeros() as usize / 8
}

fn put_digits(number: u64, width: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{number:0width$}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: KeyHash = KeyHash::ALL_BITS;

    #[test]
    fn a_whole_word_writes_its_key() {
        let keys = ["", "a", "1", "0", "00", "007", "1234567", "12345678", "1796039885", "\u{e9}"];
        let long = ["000000000000000", "999999999999999", "123456789012345", "\0", "\0\0", "1x"];
        let codes =
            ["PRV-00610490", "PRV-00000000", "AB123456", "A1B24444", "~~~~99999999", "1x23456789"];
        let mut written = Vec::new();
        for key in keys.iter().chain(&long).chain(&codes) {
            let word = Word::new(key.as_bytes(), HASH).within(0b101);
            assert!(word.is_whole(), "{key:?}");
            word.write_key(&mut written);
            assert_eq!(written, key.as_bytes());
        }
    }

    #[test]
    fn no_two_keys_have_the_same_whole_word() {
        let forms = |it: u32| {
            let prefixed = ["P", "PR", "PRV-", "P0"].map(|prefix| format!("{prefix}{it:08}"));
            [it.to_string(), format!("{it:05}"), format!("{it:04}PRV{it:05}")]
                .into_iter()
                .chain(prefixed)
        };
        let keys: Vec<_> = (0..2000_u32).flat_map(forms).collect();
        let mut words: Vec<_> = keys.iter().map(|it| Word::new(it.as_bytes(), HASH)).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), keys.len());
    }

    #[test]
    fn a_key_that_has_no_room_is_hashed() {
        let too_long = ["1234567890123456", "abcde12345678", "abcd123456789", "PRV-000000001"];
        let no_codes = ["12345678x", "abcdefgh", "a\u{e9}345678", "\0a123456", "abcde678"];
        for key in too_long.iter().chain(&no_codes) {
            assert!(!Word::new(key.as_bytes(), HASH).is_whole(), "{key}");
        }
    }

    #[test]
    fn a_word_has_scopes_beside_its_key() {
        for key in ["1234567890", "abc", "a long key with many bytes"] {
            let word = Word::new(key.as_bytes(), HASH);
            let scoped = word.within(0b110);
            assert_eq!((scoped.scopes(), scoped.bare(), word.scopes()), (0b110, word, 0));
            assert_eq!(scoped.is_whole(), word.is_whole());
            assert_eq!(Word::from_bits(scoped.bits()), scoped);
        }
    }
}
