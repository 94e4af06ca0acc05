//! Batches as bytes, for temporary files and caches.

use arrow_buffer::Buffer;

use crate::value::{Batch, Cell, Column, Date, MixedColumn, Span, TextColumn, Timestamp, Value};

/// The bytes of a batch.
///
/// ```text
/// batch     sequence (8), rows (4), columns (4), each column
/// column    kind (1), each value
/// value     kind (1); but for NULL: the number, or how many bytes follow (8); the bytes
/// ```
pub(crate) fn encode(batch: &Batch) -> Vec<u8> {
    let mut out = batch.sequence().to_le_bytes().to_vec();
    out.extend_from_slice(&(batch.rows() as u32).to_le_bytes());
    out.extend_from_slice(&(batch.columns().len() as u32).to_le_bytes());
    for column in batch.columns() {
        out.push(kind(column));
        (0..batch.rows()).for_each(|row| encode_value(column.value(row), &mut out));
    }
    out
}

const NULL: u8 = 0;
const BOOLEAN: u8 = 1;
const INTEGER: u8 = 2;
const FLOAT: u8 = 3;
const DATE: u8 = 4;
const TIMESTAMP: u8 = 5;
const TEXT: u8 = 6;
const BYTES: u8 = 7;
const MIXED: u8 = 8;

fn kind(column: &Column) -> u8 {
    match column {
        Column::Null(_) => NULL,
        Column::Boolean(_) => BOOLEAN,
        Column::Integer(_) => INTEGER,
        Column::Float(_) => FLOAT,
        Column::Date(_) => DATE,
        Column::Timestamp(_) => TIMESTAMP,
        Column::Text(_) => TEXT,
        Column::Mixed(_) => MIXED,
    }
}

fn encode_value(value: Value<'_>, out: &mut Vec<u8>) {
    let (kind, word, bytes) = match value {
        Value::Null => return out.push(NULL),
        Value::Boolean(it) => (BOOLEAN, i64::from(it), &[][..]),
        Value::Integer(it) => (INTEGER, it, &[][..]),
        Value::Float(it) => (FLOAT, it.to_bits() as i64, &[][..]),
        Value::Date(it) => (DATE, i64::from(it.days()), &[][..]),
        Value::Timestamp(it) => (TIMESTAMP, it.micros(), &[][..]),
        Value::Text(it) => (TEXT, it.len() as i64, it),
        Value::Bytes(it) => (BYTES, it.len() as i64, it),
    };
    out.push(kind);
    out.extend_from_slice(&word.to_le_bytes());
    out.extend_from_slice(bytes);
}

/// The batch that was [`encode`]d; its text lies in `bytes`.
pub(crate) fn decode(bytes: Vec<u8>) -> Option<Batch> {
    let buffer = Buffer::from_vec(bytes);
    let mut reader = Reader { bytes: &buffer, at: 0 };
    let sequence = u64::from_le_bytes(reader.take()?);
    let rows = u32::from_le_bytes(reader.take()?) as usize;
    let columns = u32::from_le_bytes(reader.take()?) as usize;
    let columns = (0..columns).map(|_| reader.column(rows, &buffer)).collect::<Option<_>>()?;
    Some(Batch::new(sequence, rows, columns))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = self.bytes.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(*taken)
    }

    fn column(&mut self, rows: usize, buffer: &Buffer) -> Option<Column> {
        let [kind] = self.take()?;
        let values = (0..rows).map(|_| self.value()).collect::<Option<Vec<_>>>()?;
        let words = || values.iter().map(Stored::word);
        let spans = || values.iter().map(Stored::span);
        Some(match kind {
            NULL => Column::Null(rows),
            BOOLEAN => Column::Boolean(words().map(|it| it.map(|it| it != 0)).collect()),
            INTEGER => Column::Integer(words().collect()),
            FLOAT => {
                Column::Float(words().map(|it| it.map(|it| f64::from_bits(it as u64))).collect())
            }
            DATE => Column::Date(words().map(|it| it.map(|it| it as i32)).collect()),
            TIMESTAMP => Column::Timestamp(words().collect()),
            TEXT => Column::Text(TextColumn::new(spans().collect(), buffer.clone())),
            MIXED => {
                let cells = values.iter().map(Stored::cell).collect::<Option<_>>()?;
                Column::Mixed(MixedColumn::new(cells, buffer.clone()))
            }
            _ => return None,
        })
    }

    fn value(&mut self) -> Option<Stored> {
        let [kind] = self.take()?;
        let word = if kind == NULL { 0 } else { i64::from_le_bytes(self.take()?) };
        let start = self.at;
        if matches!(kind, TEXT | BYTES) {
            self.at = start.checked_add(usize::try_from(word).ok()?)?;
            self.bytes.get(start..self.at)?;
        }
        Some(Stored { kind, word, start })
    }
}

/// A value as it was read; text and bytes begin at `start`.
struct Stored {
    kind: u8,
    word: i64,
    start: usize,
}

impl Stored {
    fn word(&self) -> Option<i64> {
        (self.kind != NULL).then_some(self.word)
    }

    fn span(&self) -> Span {
        match self.kind {
            TEXT | BYTES => Span::new(self.start as u32, self.word as u32),
            _ => Span::NULL,
        }
    }

    fn cell(&self) -> Option<Cell> {
        Some(match self.kind {
            NULL => Cell::Null,
            BOOLEAN => Cell::Boolean(self.word != 0),
            INTEGER => Cell::Integer(self.word),
            FLOAT => Cell::Float(f64::from_bits(self.word as u64)),
            DATE => Cell::Date(Date::from_days(self.word as i32)),
            TIMESTAMP => Cell::Timestamp(Timestamp::from_micros(self.word)),
            TEXT => Cell::Text(self.span()),
            BYTES => Cell::Bytes(self.span()),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_column_comes_back() {
        let cells = vec![Cell::Integer(-1), Cell::Null, Cell::Text(Span::new(1, 2))];
        let columns = vec![
            Column::Null(3),
            Column::Boolean(vec![Some(true), None, Some(false)].into()),
            Column::Integer(vec![Some(i64::MIN), None, Some(7)].into()),
            Column::Float(vec![Some(-0.5), None, Some(f64::INFINITY)].into()),
            Column::Date(vec![Some(-1), None, Some(20_000)].into()),
            Column::Timestamp(vec![Some(-1), None, Some(1 << 50)].into()),
            Column::Text(TextColumn::from_texts([Some("é"), None, Some("")])),
            Column::Mixed(MixedColumn::new(cells, Buffer::from_vec(b"abc".to_vec()))),
        ];
        let batch = Batch::new(9, 3, columns);
        let decoded = decode(encode(&batch)).unwrap();
        assert_eq!(decoded.sequence(), 9);
        for (column, expected) in decoded.columns().iter().zip(batch.columns()) {
            for row in 0..3 {
                assert_eq!(column.value(row), expected.value(row));
            }
        }
    }

    #[test]
    fn days_and_points_in_time_come_back_among_others() {
        let cells = vec![
            Cell::Date(Date::from_days(-1)),
            Cell::Timestamp(Timestamp::from_micros(1 << 50)),
            Cell::Boolean(true),
        ];
        let column = Column::Mixed(MixedColumn::new(cells, Buffer::from_vec(Vec::<u8>::new())));
        let decoded = decode(encode(&Batch::new(0, 3, vec![column.clone()]))).unwrap();
        for row in 0..3 {
            assert_eq!(decoded.column(0).value(row), column.value(row));
        }
    }

    #[test]
    fn a_batch_that_is_cut_off_is_refused() {
        let text = Column::Integer(vec![Some(1)].into());
        let mut bytes = encode(&Batch::new(0, 1, vec![text]));
        bytes.pop();
        assert!(decode(bytes).is_none());
    }
}
