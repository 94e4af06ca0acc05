//! The bytes that a key is compared by.

use crate::rules::plan::{Blank, KeyForm};
use crate::value::Value;
use crate::value::{fold_case, is_blank};

/// The bytes before a key that is not text. Valid UTF-8 never holds it, so bytes never equal text.
const NOT_TEXT: u8 = 0xFF;

/// Writes the key that `values` are: the canonical bytes of a single one, or those of several each
/// after their length. Nothing where the key is not compared.
#[inline]
pub(crate) fn key_bytes<'a>(
    mut values: impl ExactSizeIterator<Item = Value<'a>>,
    form: KeyForm,
    out: &mut Vec<u8>,
) -> Option<()> {
    out.clear();
    if values.len() == 1 {
        return write_value(values.next()?, form, out);
    }
    for value in values {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        write_value(value, form, out)?;
        let length = (out.len() - start - 4) as u32;
        out.get_mut(start..start + 4)?.copy_from_slice(&length.to_le_bytes());
    }
    Some(())
}

/// Writes a value such that equal values have equal bytes: a whole number is the same as an integer
/// and as a float, and texts that `form` makes equal are.
fn write_value(value: Value<'_>, form: KeyForm, out: &mut Vec<u8>) -> Option<()> {
    const WHOLE_MAX: f64 = 1e38;
    match value {
        Value::Null => return None,
        Value::Text(text) if form.blank == Blank::IsIgnored && is_blank(text) => return None,
        Value::Text(text) => write_text(text, form, out),
        Value::Bytes(bytes) => {
            out.push(NOT_TEXT);
            out.extend_from_slice(bytes);
        }
        Value::Float(it) if it.fract() == 0.0 && it.abs() < WHOLE_MAX => {
            out.extend_from_slice((it as i128).to_string().as_bytes());
        }
        // What is the same as its text stays so.
        Value::Float(it) if it.is_nan() => write_text(b"NaN", form, out),
        _ => value.render(out),
    }
    Some(())
}

fn write_text(text: &[u8], form: KeyForm, out: &mut Vec<u8>) {
    let write = |text: &[u8], out: &mut Vec<u8>| {
        if form.folds_case { fold_case(text, out) } else { out.extend_from_slice(text) }
    };
    match std::str::from_utf8(text) {
        Ok(text) if form.collapses_blanks => {
            for (number, word) in text.split_whitespace().enumerate() {
                out.extend((number > 0).then_some(b' '));
                write(word.as_bytes(), out);
            }
        }
        _ => write(text, out),
    }
}
