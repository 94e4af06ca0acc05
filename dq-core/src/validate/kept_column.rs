//! One column of kept rows, in memory of its own.

use arrow_array::Array;

use crate::error::Result;
use crate::validate::keys::{Arena, NumberForm, Piece};
use crate::value::{Column, TextBuilder, TextColumn};

/// A column of some rows that are kept.
///
/// The values of many small batches lie in an arena. In the heap they would lie between the columns of
/// the batches that come and go, which leave gaps where the next ones have no room: the heap would grow
/// by several times of what is kept.
#[derive(Debug)]
pub(crate) enum KeptColumn {
    /// Whole numbers, none of them NULL.
    Integers(Piece),
    /// Texts that are numbers behind a fixed text, such as `PRV-00610490`.
    Numbered { form: NumberForm, numbers: Piece },
    /// Texts of this length, none of them NULL.
    Equal { bytes: usize, texts: Piece },
    /// Where each text ends, with [`IS_NULL`] where there is none; and the texts.
    Texts { ends: Piece, texts: Piece },
    /// All else.
    Other(Column),
}

/// Marks the end of a text that is NULL: where the last one before it ends.
const IS_NULL: u32 = 1 << 31;

impl KeptColumn {
    /// Keeps a column.
    pub(crate) fn new(column: &Column, arena: &mut Arena) -> Result<Self> {
        match column {
            Column::Integer(numbers) if numbers.null_count() == 0 => {
                let piece = arena.piece(size_of_val(numbers.values().as_ref()))?;
                let places = arena.get_mut(piece).as_chunks_mut().0;
                places
                    .iter_mut()
                    .zip(numbers.values())
                    .for_each(|(it, number)| *it = number.to_le_bytes());
                Ok(Self::Integers(piece))
            }
            Column::Text(texts) if !texts.is_coded() => {
                if let Some((form, numbers)) = numbered(texts) {
                    let piece = arena.piece(size_of_val(numbers.as_slice()))?;
                    let places = arena.get_mut(piece).as_chunks_mut().0;
                    places
                        .iter_mut()
                        .zip(numbers)
                        .for_each(|(it, number)| *it = number.to_le_bytes());
                    return Ok(Self::Numbered { form, numbers: piece });
                }
                let bytes: usize = texts.iter().flatten().map(<[u8]>::len).sum();
                if u32::try_from(bytes).is_ok_and(|it| it < IS_NULL) {
                    return Self::of_texts(texts, bytes, arena);
                }
                Ok(Self::Other(column.compacted()))
            }
            column => Ok(Self::Other(column.compacted())),
        }
    }

    /// Keeps texts of so many bytes.
    fn of_texts(texts: &TextColumn, bytes: usize, arena: &mut Arena) -> Result<Self> {
        let piece = arena.piece(bytes)?;
        let mut room = arena.get_mut(piece);
        for text in texts.iter().flatten() {
            let Some((place, rest)) = room.split_at_mut_checked(text.len()) else { break };
            place.copy_from_slice(text);
            room = rest;
        }
        if let Some(Some(first)) = texts.iter().next()
            && texts.iter().all(|it| it.is_some_and(|it| it.len() == first.len()))
        {
            return Ok(Self::Equal { bytes: first.len(), texts: piece });
        }
        let ends = arena.piece(size_of::<u32>() * texts.len())?;
        let places = arena.get_mut(ends).as_chunks_mut().0;
        let mut end = 0;
        for (place, text) in places.iter_mut().zip(texts.iter()) {
            end += text.map_or(0, <[u8]>::len) as u32;
            *place = (end | if text.is_none() { IS_NULL } else { 0 }).to_le_bytes();
        }
        Ok(Self::Texts { ends, texts: piece })
    }

    /// How many bytes of memory this takes beside the arena.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Other(column) => column.bytes(),
            Self::Integers(_) | Self::Numbered { .. } | Self::Equal { .. } | Self::Texts { .. } => {
                0
            }
        }
    }

    /// All values, of so many rows.
    pub(crate) fn all(&self, rows: usize, arena: &Arena) -> Column {
        match self {
            Self::Other(column) => column.clone(),
            _ => self.rows(&(0..rows).collect::<Vec<_>>(), arena),
        }
    }

    /// The values of some rows.
    pub(crate) fn rows(&self, rows: &[usize], arena: &Arena) -> Column {
        match self {
            Self::Integers(piece) => {
                let numbers = arena.get(*piece).as_chunks().0;
                let number = |row: &usize| numbers.get(*row).map(|it| i64::from_le_bytes(*it));
                Column::Integer(rows.iter().map(number).collect())
            }
            Self::Numbered { form, numbers } => {
                let numbers = arena.get(*numbers).as_chunks().0;
                spelt(form, rows.iter().map(|row| numbers.get(*row)))
            }
            Self::Equal { bytes, texts } => {
                let texts = arena.get(*texts);
                text_column(rows, |row| texts.get(row * bytes..(row + 1) * bytes))
            }
            Self::Texts { ends, texts } => {
                let (ends, texts) = (arena.get(*ends).as_chunks().0, arena.get(*texts));
                text_column(rows, |row| text_at(row, ends, texts))
            }
            Self::Other(column) => {
                column.gather(&rows.iter().copied().map(Some).collect::<Vec<_>>())
            }
        }
    }
}

/// The numbers of texts that all have one form; none of them is NULL.
fn numbered(texts: &TextColumn) -> Option<(NumberForm, Vec<u32>)> {
    let form = NumberForm::of(texts.get(0)?)?;
    let numbers = texts.iter().map(|it| form.number(it?)).collect::<Option<_>>()?;
    Some((form, numbers))
}

/// The texts of numbers.
fn spelt<'a>(form: &NumberForm, numbers: impl Iterator<Item = Option<&'a [u8; 4]>>) -> Column {
    let (mut builder, mut text) = (TextBuilder::default(), Vec::new());
    for number in numbers {
        if let Some(number) = number {
            form.write(u32::from_le_bytes(*number), &mut text);
        }
        builder.push(number.map(|_| text.as_slice()));
    }
    Column::Text(builder.finish())
}

fn text_column<'a>(rows: &[usize], text: impl Fn(usize) -> Option<&'a [u8]>) -> Column {
    let mut builder = TextBuilder::default();
    for row in rows {
        builder.push(text(*row));
    }
    Column::Text(builder.finish())
}

/// The text of a row; it begins where the one before it ends.
fn text_at<'a>(row: usize, ends: &[[u8; 4]], texts: &'a [u8]) -> Option<&'a [u8]> {
    let end = |row: usize| ends.get(row).map(|it| u32::from_le_bytes(*it));
    let end_of_row = end(row).filter(|it| it & IS_NULL == 0)?;
    let before = row.checked_sub(1).map_or(Some(0), end)? & !IS_NULL;
    texts.get(before as usize..end_of_row as usize)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use arrow_array::{Date32Array, Int64Array};

    use crate::validate::memory::Budget;

    use super::*;

    #[test]
    fn a_kept_column_gives_the_rows_that_are_asked_for() {
        let text = |it: [Option<&str>; 4]| Column::Text(TextColumn::from_texts(it));
        let columns = [
            Column::Integer(Int64Array::from(vec![1, -2, i64::MAX, 4])),
            Column::Integer(Int64Array::from(vec![Some(1), None, None, Some(4)])),
            Column::Date(Date32Array::from(vec![Some(1), None, Some(3), Some(4)])),
            text([Some("one"), Some("two"), Some("six"), Some("ten")]),
            text([Some("one"), Some("three"), Some(""), Some("four")]),
            text([None, Some("a"), None, Some("b")]),
            text([Some("P-01"), Some("P-02"), Some("P-00"), Some("P-99")]),
            text([Some("P-01"), Some("P-02"), None, Some("P-99")]),
            text([Some("P-01"), Some("P-02"), Some("P-1"), Some("Q-99")]),
            text([None; 4]),
            text([Some(""); 4]),
            Column::Text(TextColumn::from_texts::<&str>([])),
            Column::Null(4),
        ];
        let mut arena = Arena::new(&Arc::new(Budget::new(1 << 30, PathBuf::new())));
        for column in &columns {
            let kept = KeptColumn::new(column, &mut arena).unwrap();
            let rows: Vec<_> =
                [0, 1, 2, 3, 1, 3].into_iter().filter(|it| *it < column.len()).collect();
            let given = kept.rows(&rows, &arena);
            assert_eq!(given.len(), rows.len(), "{column:?}");
            for (place, row) in rows.iter().enumerate() {
                assert_eq!(given.value(place), column.value(*row), "{column:?}");
            }
        }
    }
}
