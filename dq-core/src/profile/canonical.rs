//! The values of a batch as canonical bytes: values that are the same as a key have the same bytes.

use std::borrow::Cow;
use std::fmt::Write;

use crate::profile::facts::NOT_TEXT;
use crate::profile::thinned::hash;
use crate::value::{Column, TextBuilder, TextColumn, Value};

/// Longer values are told apart by their fingerprint.
pub(crate) const VALUE_BYTES_MAX: usize = 256;

/// How much of a longer value its fingerprint begins with.
const PREFIX_BYTES: usize = VALUE_BYTES_MAX - 23;

/// How many bytes that are no text are shown.
const HEX_BYTES_MAX: usize = 16;

/// The values of one column of a batch, each with its hash.
#[derive(Debug)]
pub(crate) struct HashedColumn<'a> {
    pub(crate) texts: Cow<'a, TextColumn>,
    /// 0 where there is no value.
    pub(crate) hashes: Vec<u64>,
}

impl<'a> HashedColumn<'a> {
    pub(crate) fn of(column: &'a Column) -> Self {
        let texts = texts(column);
        let hashes = texts.iter().map(|it| it.map_or(0, hash)).collect();
        Self { texts, hashes }
    }
}

/// The values of a column as text. Whole numbers are the same as integers, as floats and as digits;
/// bytes that are not text begin with [`NOT_TEXT`], so that they never equal text.
fn texts(column: &Column) -> Cow<'_, TextColumn> {
    if let Column::Text(texts) = column {
        return Cow::Borrowed(texts);
    }
    let mut builder = TextBuilder::default();
    let mut text = Vec::new();
    for row in 0..column.len() {
        text.clear();
        let value = column.value(row);
        render(value, &mut text);
        builder.push((!value.is_null()).then_some(text.as_slice()));
    }
    Cow::Owned(builder.finish())
}

fn render(value: Value<'_>, out: &mut Vec<u8>) {
    const WHOLE_MAX: f64 = 1e38;
    match value {
        Value::Float(it) if it.fract() == 0.0 && it.abs() < WHOLE_MAX => {
            out.extend_from_slice((it as i128).to_string().as_bytes());
            return;
        }
        Value::Bytes(_) => out.push(NOT_TEXT),
        _ => {}
    }
    value.render(out);
}

/// Whether a value is so long that only its fingerprint is kept.
#[inline]
pub(crate) fn is_long(value: &[u8]) -> bool {
    value.len() > VALUE_BYTES_MAX
}

/// What is kept of a long value: its beginning, its length, and its hash. It is longer than any value
/// that is kept whole, so the two are never taken for each other.
pub(crate) fn fingerprint(value: &[u8], hash_of_value: u64) -> Vec<u8> {
    let prefix = value.get(..PREFIX_BYTES).unwrap_or(value);
    let mut out = Vec::with_capacity(VALUE_BYTES_MAX + 1);
    out.extend_from_slice(prefix);
    out.extend_from_slice(&hash_of_value.to_le_bytes());
    // A second hash, independent of the first: that of the value with the first one behind it.
    let mut again = value.to_vec();
    again.extend_from_slice(&hash_of_value.to_le_bytes());
    out.extend_from_slice(&hash(&again).to_le_bytes());
    out.extend_from_slice(&(value.len() as u64).to_le_bytes());
    out
}

/// What can be shown of a value that is kept: the text, or the beginning of a long one.
pub(crate) fn shown(kept: &[u8]) -> String {
    let text = match kept {
        [NOT_TEXT, bytes @ ..] => {
            let mut hex = "0x".to_owned();
            for byte in bytes.iter().take(HEX_BYTES_MAX) {
                let _ = write!(hex, "{byte:02x}");
            }
            if bytes.len() > HEX_BYTES_MAX {
                hex.push('…');
            }
            return hex;
        }
        long if is_long(long) => long.get(..PREFIX_BYTES).unwrap_or(long),
        text => text,
    };
    let mut shown = String::from_utf8_lossy(text).into_owned();
    if is_long(kept) {
        while shown.ends_with(char::REPLACEMENT_CHARACTER) {
            shown.pop();
        }
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Float64Array;

    #[test]
    fn whole_floats_are_digits() {
        let column = Column::Float(Float64Array::from(vec![Some(7.0), Some(7.5), None]));
        let texts = texts(&column);
        assert_eq!(texts.iter().collect::<Vec<_>>(), [Some(&b"7"[..]), Some(b"7.5"), None]);
    }

    #[test]
    fn long_values_that_begin_alike_differ_in_their_fingerprint() {
        let (one, other) = ("é".repeat(1000) + "1", "é".repeat(1000) + "2");
        let kept = |it: &str| fingerprint(it.as_bytes(), hash(it.as_bytes()));
        assert_ne!(kept(&one), kept(&other));
        assert_eq!(kept(&one).len(), VALUE_BYTES_MAX + 1);
        assert_eq!(shown(&kept(&one)), "é".repeat(116) + "…");
        assert_eq!(shown(b"\xff\x00\x01"), "0x0001");
    }
}
