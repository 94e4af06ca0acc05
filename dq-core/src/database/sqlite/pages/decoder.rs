//! Decodes records into columns. This is the innermost loop of dq.

use std::ops::Range;

use arrow_buffer::Buffer;

use crate::database::sqlite::columns::{ColumnBuilder, Values};
use crate::database::sqlite::pages::record;
use crate::database::sqlite::pages::varint;
use crate::value::{Cell, Column, Span, ValueType};

/// What of each record is wanted.
#[derive(Debug)]
pub(crate) struct DecoderPlan {
    /// The types of the columns, up to the last that is wanted; `None` where one is not.
    types: Vec<Option<ValueType>>,
    /// The column that is another name of the rowid. Records hold a NULL in its place.
    rowid: Option<usize>,
    /// The positions of the wanted columns, in the order of the request.
    wanted: Vec<usize>,
}

impl DecoderPlan {
    /// The plan for the columns at `wanted` of records whose columns have these types.
    pub(crate) fn new(types: &[ValueType], rowid: Option<usize>, wanted: &[usize]) -> Self {
        let columns = wanted.iter().max().map_or(0, |it| it + 1);
        let stored = |position| wanted.contains(&position) && rowid != Some(position);
        let of = |(position, it): (usize, &ValueType)| stored(position).then_some(*it);
        Self {
            types: types.iter().enumerate().take(columns).map(of).collect(),
            rowid: rowid.filter(|it| wanted.contains(it)),
            wanted: wanted.to_vec(),
        }
    }

    /// How many columns of each record are looked at.
    pub(crate) fn columns(&self) -> usize {
        self.types.len()
    }
}

/// The columns of a batch while its records are decoded.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    slots: Vec<Slot>,
    rowids: Option<ColumnBuilder>,
}

/// A column of the records; nothing is built of those that are not wanted.
#[derive(Debug)]
struct Slot {
    column: Option<ColumnBuilder>,
    /// Whether whole numbers stand for floats.
    real: bool,
}

impl Decoder {
    /// A decoder with room for `capacity` records.
    pub(crate) fn new(plan: &DecoderPlan, capacity: usize) -> Self {
        let slot = |it: &Option<ValueType>| Slot {
            column: it.map(|it| ColumnBuilder::new(it, capacity)),
            real: *it == Some(ValueType::Float),
        };
        Self {
            slots: plan.types.iter().map(slot).collect(),
            rowids: plan.rowid.map(|_| ColumnBuilder::new(ValueType::Integer, capacity)),
        }
    }

    /// Appends the values of the record that is the first `length` of `bytes`, which begin at `base`
    /// of the buffer of the batch.
    ///
    /// Gives how many columns the record had. Those that are missing have to be appended with
    /// [`push_missing`](Self::push_missing). `None` if the record is malformed.
    #[inline]
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        length: usize,
        base: u32,
        rowid: i64,
    ) -> Option<usize> {
        let (mut header, at) = record::split(bytes)?;
        let mut body = Body { bytes, base, at, texts: at..at, ascii: true };
        let mut columns = 0;
        for slot in &mut self.slots {
            if header.is_empty() {
                break;
            }
            let serial = varint::take(&mut header)?;
            let value_bytes = match slot.column.as_mut().map(ColumnBuilder::values) {
                None => record::value_bytes(serial)?,
                Some(Values::Text(spans)) if record::is_text(serial) => {
                    spans.push(body.span(serial));
                    body.text(serial)?
                }
                Some(Values::Text(spans)) if serial == record::NULL => {
                    spans.push(Span::NULL);
                    0
                }
                Some(Values::Integer(values, nulls)) if record::is_integer(serial) => {
                    values.push(record::integer(serial, body.rest()?)?);
                    nulls.append_non_null();
                    record::integer_bytes(serial)
                }
                Some(Values::Mixed(cells)) if serial == record::FLOAT => {
                    cells.push(float_cell(record::float(body.rest()?)?));
                    record::FLOAT_BYTES
                }
                Some(_) => body.other(serial, slot)?,
            };
            body.at += value_bytes;
            columns += 1;
        }
        if let Some(rowids) = &mut self.rowids {
            rowids.push_integer(rowid);
        }
        body.look_at_texts()?;
        if body.at > length as u64 {
            return None;
        }
        if !body.ascii {
            self.check_texts(bytes)?;
        }
        Some(columns)
    }

    /// Appends what the columns from `first` on have in place of a value that a record lacks, because
    /// it is older than the column.
    pub(crate) fn push_missing<E>(
        &mut self,
        first: usize,
        mut default: impl FnMut(usize) -> Result<Cell, E>,
    ) -> Result<(), E> {
        for (position, slot) in self.slots.iter_mut().enumerate().skip(first) {
            if let Some(column) = &mut slot.column {
                column.push(default(position)?);
            }
        }
        Ok(())
    }

    /// The columns that `plan` wants; their text lies in `buffer`.
    pub(crate) fn finish(self, plan: &DecoderPlan, buffer: &Buffer) -> Vec<Column> {
        let finish = |it: Option<ColumnBuilder>| it.map(|it| it.finish(buffer));
        let mut columns: Vec<_> = self.slots.into_iter().map(|it| finish(it.column)).collect();
        let rowids = finish(self.rowids);
        if let Some(column) = plan.rowid.and_then(|it| columns.get_mut(it)) {
            *column = rowids;
        }
        let column = |(request, position): (usize, &usize)| {
            let again = plan.wanted.iter().skip(request + 1).any(|it| it == position);
            let column = columns.get_mut(*position);
            let column = column.and_then(|it| if again { it.clone() } else { it.take() });
            column.unwrap_or(Column::NONE)
        };
        plan.wanted.iter().enumerate().map(column).collect()
    }

    /// SQLite stores as text whatever it is told to be text: what is not UTF-8 becomes bytes.
    #[cold]
    fn check_texts(&mut self, record: &[u8]) -> Option<()> {
        let (mut header, mut at) = record::split(record)?;
        for slot in &mut self.slots {
            if header.is_empty() {
                break;
            }
            let serial = varint::take(&mut header)?;
            let bytes = record.get(at as usize..)?.get(..record::value_bytes(serial)? as usize)?;
            match &mut slot.column {
                Some(column) if record::is_text(serial) && str::from_utf8(bytes).is_err() => {
                    column.last_is_bytes();
                }
                _ => {}
            }
            at += bytes.len() as u64;
        }
        Some(())
    }
}

/// The values of a record, read one after the other.
struct Body<'a> {
    /// The record and what follows it.
    bytes: &'a [u8],
    /// Where the record begins in the buffer of the batch.
    base: u32,
    /// Where the next value begins in the record.
    at: u64,
    /// Texts that lie side by side and have not been looked at.
    texts: Range<u64>,
    ascii: bool,
}

impl<'a> Body<'a> {
    /// Notes that the next value is text, and gives its size.
    #[inline]
    fn text(&mut self, serial: u64) -> Option<u64> {
        if self.at != self.texts.end {
            self.look_at_texts()?;
            self.texts.start = self.at;
        }
        let bytes = record::text_bytes(serial);
        self.texts.end = self.at + bytes;
        Some(bytes)
    }

    /// Looks at several texts at once, which costs less than to look at each.
    #[inline]
    fn look_at_texts(&mut self) -> Option<()> {
        let texts = self.bytes.get(self.texts.start as usize..self.texts.end as usize)?;
        self.ascii &= is_ascii(texts);
        Some(())
    }

    fn rest(&self) -> Option<&'a [u8]> {
        self.bytes.get(self.at as usize..)
    }

    /// Where the next value lies in the buffer, if it is text or bytes. A value that is longer than
    /// its record gets a wrong span, but then the record is refused.
    #[inline]
    fn span(&self, serial: u64) -> Span {
        Span::new(self.base.wrapping_add(self.at as u32), record::text_bytes(serial) as u32)
    }

    /// Appends a value of any type to a column of any type, and gives its size.
    #[inline(never)]
    fn other(&mut self, serial: u64, slot: &mut Slot) -> Option<u64> {
        let column = slot.column.as_mut()?;
        match serial {
            0 => column.push_null(),
            1..=6 | 8 | 9 if slot.real => {
                column.push_float(record::integer(serial, self.rest()?)? as f64);
            }
            1..=6 | 8 | 9 => column.push_integer(record::integer(serial, self.rest()?)?),
            7 => match record::float(self.rest()?)? {
                // SQLite has no NaN.
                value if value.is_nan() => column.push_null(),
                value => column.push_float(value),
            },
            _ if record::is_text(serial) => {
                column.push_text(self.span(serial));
                return self.text(serial);
            }
            _ => column.push_bytes(self.span(serial)),
        }
        record::value_bytes(serial)
    }
}

/// A floating-point number as a cell. SQLite has no NaN.
#[inline]
fn float_cell(value: f64) -> Cell {
    if value.is_nan() { Cell::Null } else { Cell::Float(value) }
}

/// As the method of slices, but made for a few dozen bytes: whole words, of which the last two may
/// overlap.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
    let Some(last) = bytes.last_chunk() else {
        return bytes.iter().all(u8::is_ascii);
    };
    let words = bytes.as_chunks().0.iter().map(|it| u64::from_ne_bytes(*it));
    words.fold(u64::from_ne_bytes(*last), |all, it| all | it) & HIGH_BITS == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn decoded(types: &[ValueType], record: &[u8]) -> Option<Vec<String>> {
        let wanted: Vec<_> = (0..types.len()).collect();
        let plan = DecoderPlan::new(types, None, &wanted);
        let mut decoder = Decoder::new(&plan, 1);
        let columns = decoder.push(record, record.len(), 0, 7)?;
        decoder.push_missing(columns, |_| Ok::<_, ()>(Cell::Integer(99))).unwrap();
        let columns = decoder.finish(&plan, &Buffer::from_vec(record.to_vec()));
        Some(columns.iter().map(|it| format!("{:?}", it.value(0))).collect())
    }

    #[test]
    fn values_are_what_their_serial_types_say() {
        use ValueType::{Any, Float, Integer, Text};
        let record = [6, 1, 15, 9, 0, 14, 0xFE, b'a', 0];
        let expected =
            ["Integer(-2)", "Text([97])", "Float(1.0)", "Null", "Bytes([0])", "Integer(99)"];
        assert_eq!(decoded(&[Integer, Text, Float, Text, Any, Any], &record).unwrap(), expected);
    }

    #[test]
    fn text_that_is_not_utf_8_is_bytes() {
        use ValueType::Text;
        let record = [4, 15, 17, 15, b'a', 0xC3, 0xA9, 0xFF];
        let expected = [Value::Text(b"a"), Value::Text(&[0xC3, 0xA9]), Value::Bytes(&[0xFF])];
        assert_eq!(
            decoded(&[Text, Text, Text], &record).unwrap(),
            expected.map(|it| format!("{it:?}"))
        );
    }

    #[test]
    fn a_malformed_record_is_refused() {
        let one = [ValueType::Any];
        assert_eq!(decoded(&one, &[]), None, "no header");
        assert_eq!(decoded(&one, &[5, 1]), None, "a header that is longer than the record");
        assert_eq!(decoded(&one, &[0]), None, "a header without its own length");
        assert_eq!(decoded(&one, &[2, 4, 1, 2]), None, "a number that is cut off");
        assert_eq!(decoded(&one, &[2, 10]), None, "a reserved type");
        assert_eq!(decoded(&one, &[2, 21, b'a']), None, "a text that is cut off");
        assert_eq!(
            decoded(&one, &[10, 255, 255, 255, 255, 255, 255, 255, 255, 255]),
            None,
            "an endless text"
        );
    }
}
