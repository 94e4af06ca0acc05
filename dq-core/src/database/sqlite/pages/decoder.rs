//! Decodes records into columns. This is the innermost loop of dq.

use std::ops::Range;

use arrow_buffer::Buffer;

use crate::database::sqlite::columns::ColumnBuilder;
use crate::database::sqlite::pages::record;
use crate::database::sqlite::pages::varint;
use crate::value::{Cell, Column, Span, ValueType};

/// What of each record is wanted.
#[derive(Debug)]
pub(crate) struct DecoderPlan {
    /// What to do with each value of a record, up to the last that is wanted.
    steps: Vec<Step>,
    /// The positions of the wanted columns, in the order of the request.
    wanted: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Skip,
    /// The column is another name of the rowid; the record holds a NULL in its place.
    Rowid,
    Value(ValueType),
    /// Whole numbers stand for floats.
    Real,
}

impl DecoderPlan {
    /// The plan for the columns at `wanted` of records whose columns have these types.
    pub(crate) fn new(types: &[ValueType], rowid: Option<usize>, wanted: &[usize]) -> Self {
        let columns = wanted.iter().max().map_or(0, |it| it + 1);
        let step = |(position, value_type): (usize, &ValueType)| match value_type {
            _ if !wanted.contains(&position) => Step::Skip,
            _ if rowid == Some(position) => Step::Rowid,
            ValueType::Float => Step::Real,
            value_type => Step::Value(*value_type),
        };
        let steps = types.iter().enumerate().take(columns).map(step).collect();
        Self { steps, wanted: wanted.to_vec() }
    }

    /// How many columns of each record are looked at.
    pub(crate) fn columns(&self) -> usize {
        self.steps.len()
    }
}

/// The columns of a batch while its records are decoded.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    slots: Vec<Slot>,
}

#[derive(Debug)]
enum Slot {
    Skip,
    Rowid(ColumnBuilder),
    Value(ColumnBuilder),
    Real(ColumnBuilder),
}

impl Decoder {
    /// A decoder with room for `capacity` records.
    pub(crate) fn new(plan: &DecoderPlan, capacity: usize) -> Self {
        let slot = |step: &Step| match step {
            Step::Skip => Slot::Skip,
            Step::Rowid => Slot::Rowid(ColumnBuilder::new(ValueType::Integer, capacity)),
            Step::Value(value_type) => Slot::Value(ColumnBuilder::new(*value_type, capacity)),
            Step::Real => Slot::Real(ColumnBuilder::new(ValueType::Float, capacity)),
        };
        Self { slots: plan.steps.iter().map(slot).collect() }
    }

    /// Appends the values of `record`, which begins at `base` of the buffer of the batch.
    ///
    /// Gives how many columns the record had. Those that are missing have to be appended with
    /// [`push_missing`](Self::push_missing). `None` if the record is malformed.
    #[inline]
    pub(crate) fn push(&mut self, record: &[u8], base: u32, rowid: i64) -> Option<usize> {
        let (mut header, at) = record::split(record)?;
        let mut body = Body::new(record, base, at);
        let mut columns = 0;
        for slot in &mut self.slots {
            if header.is_empty() {
                break;
            }
            let serial = varint::take(&mut header)?;
            match slot {
                Slot::Skip => body.skip(serial)?,
                Slot::Rowid(builder) => {
                    builder.push_integer(rowid);
                    body.skip(serial)?;
                }
                Slot::Value(builder) => body.value(serial, builder)?,
                Slot::Real(builder) => body.real(serial, builder)?,
            }
            columns += 1;
        }
        match body.finish()? {
            Texts::Ascii => Some(columns),
            Texts::Other => self.check_texts(record).and(Some(columns)),
        }
    }

    /// Appends what the columns from `first` on have in place of a value that a record lacks, because
    /// it is older than the column.
    pub(crate) fn push_missing<E>(
        &mut self,
        first: usize,
        rowid: i64,
        mut default: impl FnMut(usize) -> Result<Cell, E>,
    ) -> Result<(), E> {
        for (position, slot) in self.slots.iter_mut().enumerate().skip(first) {
            match slot {
                Slot::Skip => {}
                Slot::Rowid(builder) => builder.push_integer(rowid),
                Slot::Value(builder) | Slot::Real(builder) => builder.push(default(position)?),
            }
        }
        Ok(())
    }

    /// The columns that `plan` wants; their text lies in `buffer`.
    pub(crate) fn finish(self, plan: &DecoderPlan, buffer: &Buffer) -> Vec<Column> {
        let mut columns: Vec<_> = self.slots.into_iter().map(|it| it.finish(buffer)).collect();
        let column = |(request, position): (usize, &usize)| {
            let again = plan.wanted.iter().skip(request + 1).any(|it| it == position);
            match columns.get_mut(*position) {
                Some(column) if again => column.clone(),
                Some(column) => std::mem::replace(column, Column::NONE),
                None => Column::NONE,
            }
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
            match slot {
                Slot::Value(builder) | Slot::Real(builder)
                    if record::is_text(serial) && str::from_utf8(bytes).is_err() =>
                {
                    builder.last_is_bytes();
                }
                _ => {}
            }
            at += bytes.len() as u64;
        }
        Some(())
    }
}

impl Slot {
    fn finish(self, buffer: &Buffer) -> Column {
        match self {
            Self::Skip => Column::NONE,
            Self::Rowid(builder) | Self::Value(builder) | Self::Real(builder) => {
                builder.finish(buffer)
            }
        }
    }
}

/// The values of a record, read one after the other.
struct Body<'a> {
    record: &'a [u8],
    /// Where the record begins in the buffer of the batch.
    base: u32,
    /// Where the next value begins in the record.
    at: u64,
    /// Texts that lie side by side and have not been looked at.
    texts: Range<u64>,
    ascii: bool,
}

/// What the texts of a record are made of.
enum Texts {
    Ascii,
    Other,
}

impl<'a> Body<'a> {
    fn new(record: &'a [u8], base: u32, at: u64) -> Self {
        Self { record, base, at, texts: at..at, ascii: true }
    }

    #[inline]
    fn skip(&mut self, serial: u64) -> Option<()> {
        self.at += record::value_bytes(serial)?;
        Some(())
    }

    #[inline]
    fn value(&mut self, serial: u64, builder: &mut ColumnBuilder) -> Option<()> {
        match serial {
            0 => builder.push_null(),
            1..=6 | 8 | 9 => builder.push_integer(record::integer(serial, self.rest()?)?),
            7 => match record::float(self.rest()?)? {
                // SQLite has no NaN.
                value if value.is_nan() => builder.push_null(),
                value => builder.push_float(value),
            },
            _ if record::is_text(serial) => return self.text(serial, builder),
            _ => builder.push_bytes(self.span(serial)),
        }
        self.skip(serial)
    }

    /// As `value`, in a column in which SQLite stores whole floats as whole numbers.
    #[inline]
    fn real(&mut self, serial: u64, builder: &mut ColumnBuilder) -> Option<()> {
        match record::integer(serial, self.rest()?) {
            None => self.value(serial, builder),
            Some(value) => {
                builder.push_float(value as f64);
                self.skip(serial)
            }
        }
    }

    #[inline]
    fn text(&mut self, serial: u64, builder: &mut ColumnBuilder) -> Option<()> {
        builder.push_text(self.span(serial));
        if self.at != self.texts.end {
            self.look_at_texts()?;
            self.texts.start = self.at;
        }
        self.skip(serial)?;
        self.texts.end = self.at;
        Some(())
    }

    /// Looks at several texts at once, which costs less than to look at each.
    #[inline]
    fn look_at_texts(&mut self) -> Option<()> {
        let texts = self.record.get(self.texts.start as usize..self.texts.end as usize)?;
        self.ascii &= texts.is_ascii();
        Some(())
    }

    /// The end, if the record holds all that its header promised.
    #[inline]
    fn finish(mut self) -> Option<Texts> {
        self.look_at_texts()?;
        let whole = self.at <= self.record.len() as u64;
        whole.then_some(if self.ascii { Texts::Ascii } else { Texts::Other })
    }

    fn rest(&self) -> Option<&'a [u8]> {
        self.record.get(self.at as usize..)
    }

    /// Where the next value lies in the buffer, if it is text or bytes. A value that is longer than
    /// its record gets a wrong span, which `finish` refuses.
    fn span(&self, serial: u64) -> Span {
        Span::new(self.base.wrapping_add(self.at as u32), ((serial - 12) >> 1) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn decoded(types: &[ValueType], record: &[u8]) -> Option<Vec<String>> {
        let wanted: Vec<_> = (0..types.len()).collect();
        let plan = DecoderPlan::new(types, None, &wanted);
        let mut decoder = Decoder::new(&plan, 1);
        let columns = decoder.push(record, 0, 7)?;
        decoder.push_missing(columns, 7, |_| Ok::<_, ()>(Cell::Integer(99))).unwrap();
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
