//! Rows as `COPY … (FORMAT binary)` sends them; see "Binary Format" under COPY in PostgreSQL's manual.
//!
//! ```text
//!   header: PGCOPY␊ÿ␍␊␀ │ i32 flags │ i32 length │ …
//!   row:    i16 number of values │ { i32 length, or -1 for NULL │ bytes } …
//!   end:    i16 -1
//! ```

use arrow_buffer::Buffer;

use crate::database::postgres::columns::{ColumnBuilder, Form};
use crate::error::{Error, ErrorKind, Result};
use crate::value::Batch;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// What stands for the length of a NULL.
pub(crate) const NULL_LENGTH: i32 = -1;

/// Reads rows whose columns have these forms.
#[derive(Debug)]
pub(crate) struct Decoder {
    forms: Vec<Form>,
    checks_text: bool,
}

/// What a part of the rows held.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The whole rows.
    pub(crate) batch: Batch,
    /// The beginning of a row that goes on in the next part.
    pub(crate) rest: Vec<u8>,
}

/// Why reading a part stopped.
enum Stop {
    /// At the end of the part, or within a row.
    Part,
    /// At the end of all rows.
    End,
}

impl Decoder {
    /// A decoder; `checks_text` where the server does not know whether its text is UTF-8.
    pub(crate) fn new(forms: Vec<Form>, checks_text: bool) -> Self {
        Self { forms, checks_text }
    }

    /// Reads what lies in `part` from `start` on.
    ///
    /// # Errors
    ///
    /// `SourceInvalid` if these are no rows of these columns.
    pub(crate) fn decode(&self, part: Vec<u8>, start: usize, sequence: u64) -> Result<Decoded> {
        let capacity = part.len() / (8 * self.forms.len() + 2);
        let builder = |it: &Form| ColumnBuilder::new(*it, self.checks_text, capacity.min(1 << 14));
        let mut builders: Vec<_> = self.forms.iter().map(builder).collect();
        let (mut rows, mut at) = (0, start);
        let stop = loop {
            let Some(end) = self.end_of_row(&part, at)? else { break Stop::Part };
            if end == at {
                break Stop::End;
            }
            read_row(&part, at + 2, &mut builders)?;
            rows += 1;
            at = end;
        };
        let rest = match stop {
            Stop::Part => part.get(at..).unwrap_or_default().to_vec(),
            Stop::End => Vec::new(),
        };
        let received = Buffer::from_vec(part);
        let columns = builders.into_iter().map(|it| it.finish(&received)).collect();
        Ok(Decoded { batch: Batch::new(sequence, rows, columns), rest })
    }

    /// Where the row that begins at `at` ends: there itself if it is the end of all rows, `None` if it goes
    /// on in the next part.
    fn end_of_row(&self, part: &[u8], mut at: usize) -> Result<Option<usize>> {
        let Some(count) = number::<2>(part, at).map(i16::from_be_bytes) else { return Ok(None) };
        if count == -1 {
            return Ok(Some(at));
        }
        if usize::try_from(count) != Ok(self.forms.len()) {
            return Err(wrong("a row with another number of values"));
        }
        at += 2;
        for _ in 0..count {
            let Some(length) = number::<4>(part, at).map(i32::from_be_bytes) else {
                return Ok(None);
            };
            at += 4 + usize::try_from(length).unwrap_or(0);
        }
        Ok((at <= part.len()).then_some(at))
    }
}

/// Where the rows begin, behind the header of a copy; `None` if the header goes on in the next part.
///
/// # Errors
///
/// `SourceInvalid` if it is none.
pub(crate) fn after_header(part: &[u8]) -> Result<Option<usize>> {
    let fixed = SIGNATURE.len() + 8;
    if !part.iter().zip(SIGNATURE).all(|(a, b)| a == b) {
        return Err(wrong("another header"));
    }
    let Some(length) = number::<4>(part, fixed - 4).map(i32::from_be_bytes) else {
        return Ok(None);
    };
    let end = fixed + usize::try_from(length).map_err(|_| wrong("another header"))?;
    Ok((end <= part.len()).then_some(end))
}

/// Reads the values of one row, which is whole.
#[inline]
fn read_row(part: &[u8], mut at: usize, builders: &mut [ColumnBuilder]) -> Result<()> {
    for builder in builders {
        let length = number::<4>(part, at).map(i32::from_be_bytes);
        at += 4;
        let Some(length) = length.and_then(|it| usize::try_from(it).ok()) else {
            builder.push_null();
            continue;
        };
        let bytes = part.get(at..at + length).unwrap_or_default();
        if !builder.push(bytes, at) {
            return Err(wrong("a value that its type does not have"));
        }
        at += length;
    }
    Ok(())
}

#[inline]
fn number<const N: usize>(part: &[u8], at: usize) -> Option<[u8; N]> {
    part.get(at..)?.first_chunk().copied()
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::SourceInvalid, format!("the server sent {what} than was asked for"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn rows() -> Vec<u8> {
        let mut bytes = Vec::new();
        for (text, number) in [(Some("one"), 1_i32), (None, 2), (Some(""), 3)] {
            bytes.extend_from_slice(&2_i16.to_be_bytes());
            bytes.extend_from_slice(&text.map_or(-1, |it| it.len() as i32).to_be_bytes());
            bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
            bytes.extend_from_slice(&4_i32.to_be_bytes());
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    fn decoder() -> Decoder {
        Decoder::new(vec![Form::Text, Form::Integer], false)
    }

    #[test]
    fn rows_are_read_wherever_the_parts_end() {
        let mut all = rows();
        all.extend_from_slice(&(-1_i16).to_be_bytes());
        for cut in 0..all.len() {
            let (first, second) = all.split_at(cut);
            let first = decoder().decode(first.to_vec(), 0, 0).unwrap();
            let joined = [first.rest.as_slice(), second].concat();
            let second = decoder().decode(joined, 0, 1).unwrap();
            assert_eq!(first.batch.rows() + second.batch.rows(), 3, "cut at {cut}");
            assert!(second.rest.is_empty());
        }
    }

    #[test]
    fn values_are_those_that_were_sent() {
        let Decoded { batch, .. } = decoder().decode(rows(), 0, 7).unwrap();
        assert_eq!(batch.sequence(), 7);
        assert_eq!(batch.column(0).value(0), Value::Text(b"one"));
        assert_eq!(batch.column(0).value(1), Value::Null);
        assert_eq!(batch.column(0).value(2), Value::Text(b""));
        assert_eq!(batch.column(1).value(2), Value::Integer(3));
    }

    #[test]
    fn rows_without_columns_are_counted() {
        let rows = [0, 0].repeat(3);
        assert_eq!(Decoder::new(Vec::new(), false).decode(rows, 0, 0).unwrap().batch.rows(), 3);
    }

    #[test]
    fn what_is_no_row_is_an_error() {
        let kind = |bytes: &[u8]| decoder().decode(bytes.to_vec(), 0, 0).unwrap_err().kind();
        assert_eq!(kind(&[0, 3]), ErrorKind::SourceInvalid);
        let wrong = [&[0, 2][..], &[0xff; 4], &[0, 0, 0, 2, 0, 0]].concat();
        assert_eq!(kind(&wrong), ErrorKind::SourceInvalid);
        assert!(after_header(b"PGCOPX").is_err());
        assert_eq!(after_header(b"PGCOPY").unwrap(), None);
        let whole = [&SIGNATURE[..], &[0; 8]].concat();
        assert_eq!(after_header(&whole).unwrap(), Some(19));
    }
}
