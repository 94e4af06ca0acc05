//! One column of kept rows, in memory of its own.

use arrow_array::Array;

use crate::error::Result;
use crate::validate::kept_numbers::KeptNumbers;
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
    Integers(KeptNumbers),
    /// Texts that are numbers behind a fixed text, such as `PRV-00610490`, but for a few.
    Numbered { form: NumberForm, numbers: KeptNumbers, others: Option<Box<Others>> },
    /// Texts of this length, none of them NULL.
    Equal { bytes: usize, texts: Piece },
    /// Where each text ends, with [`IS_NULL`] where there is none; and the texts.
    Texts { ends: Piece, texts: Piece },
    /// All else.
    Other(Column),
}

/// The texts that have not the form of those around them.
#[derive(Debug)]
pub(crate) struct Others {
    /// Their rows, in order.
    rows: Vec<u32>,
    texts: KeptColumn,
}

/// Marks the end of a text that is NULL: where the last one before it ends.
const IS_NULL: u32 = 1 << 31;

/// At most one of so many texts has not the form of the others.
const ROWS_PER_OTHER: usize = 8;

/// So many texts are tried until one has the form of the others.
const FORMS_TRIED: usize = 3;

impl KeptColumn {
    /// Keeps a column.
    pub(crate) fn new(column: &Column, arena: &mut Arena) -> Result<Self> {
        match column {
            Column::Integer(numbers) if numbers.null_count() == 0 => {
                Ok(Self::Integers(KeptNumbers::new(numbers.values(), arena)?))
            }
            Column::Text(texts) if !texts.is_coded() => {
                let firsts = texts.iter().take(FORMS_TRIED).flatten();
                let mut forms = firsts.filter_map(NumberForm::of);
                if let Some((form, numbers, others)) = forms.find_map(|it| numbered(texts, it)) {
                    let numbers = KeptNumbers::new(&numbers, arena)?;
                    let others = Others::new(others, texts, arena)?;
                    return Ok(Self::Numbered { form, numbers, others });
                }
                Self::of_texts(texts, arena)
            }
            column => Ok(Self::Other(column.compacted())),
        }
    }

    fn of_texts(texts: &TextColumn, arena: &mut Arena) -> Result<Self> {
        let bytes: usize = texts.iter().flatten().map(<[u8]>::len).sum();
        if u32::try_from(bytes).is_ok_and(|it| it < IS_NULL) {
            return Self::of_bytes(texts, bytes, arena);
        }
        Ok(Self::Other(Column::Text(texts.compacted())))
    }

    /// Keeps texts of so many bytes.
    fn of_bytes(texts: &TextColumn, bytes: usize, arena: &mut Arena) -> Result<Self> {
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
            Self::Numbered { others, .. } => others.as_ref().map_or(0, |it| it.bytes()),
            Self::Integers(_) | Self::Equal { .. } | Self::Texts { .. } => 0,
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
            Self::Integers(numbers) => {
                Column::Integer(rows.iter().map(|row| numbers.get(*row, arena)).collect())
            }
            Self::Other(column) => {
                column.gather(&rows.iter().copied().map(Some).collect::<Vec<_>>())
            }
            Self::Numbered { .. } | Self::Equal { .. } | Self::Texts { .. } => {
                let (mut builder, mut spelt) = (TextBuilder::default(), Vec::new());
                for row in rows {
                    builder.push(self.text(*row, arena, &mut spelt));
                }
                Column::Text(builder.finish())
            }
        }
    }

    /// The text of a row, which may be spelt out for that.
    fn text<'a>(
        &'a self,
        row: usize,
        arena: &'a Arena,
        spelt: &'a mut Vec<u8>,
    ) -> Option<&'a [u8]> {
        match self {
            Self::Numbered { form, numbers, others } => {
                let others = others.as_deref();
                let other =
                    others.and_then(|it| Some((it, it.rows.binary_search(&(row as u32)).ok()?)));
                if let Some((others, place)) = other {
                    return others.texts.text(place, arena, spelt);
                }
                form.write(numbers.get(row, arena)? as u32, spelt);
                Some(spelt)
            }
            Self::Equal { bytes, texts } => arena.get(*texts).get(row * bytes..(row + 1) * bytes),
            Self::Texts { ends, texts } => {
                text_at(row, arena.get(*ends).as_chunks().0, arena.get(*texts))
            }
            Self::Other(Column::Text(texts)) => texts.get(row),
            Self::Integers(_) | Self::Other(_) => None,
        }
    }
}

impl Others {
    /// Keeps the texts of `rows`, if there are any.
    fn new(rows: Vec<u32>, texts: &TextColumn, arena: &mut Arena) -> Result<Option<Box<Self>>> {
        if rows.is_empty() {
            return Ok(None);
        }
        let positions: Vec<_> = rows.iter().map(|row| Some(*row as usize)).collect();
        let texts = KeptColumn::of_texts(&texts.gather(&positions), arena)?;
        Ok(Some(Box::new(Self { rows, texts })))
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + size_of::<u32>() * self.rows.capacity() + self.texts.bytes()
    }
}

/// The numbers of texts of `form`, and the rows of the few others; none if there are many of these. In their
/// place is the number that would follow.
fn numbered(texts: &TextColumn, form: NumberForm) -> Option<(NumberForm, Vec<i64>, Vec<u32>)> {
    let (mut numbers, mut others) = (Vec::with_capacity(texts.len()), Vec::new());
    let mut next = 0;
    for (row, text) in texts.iter().enumerate() {
        let number = text.and_then(|it| form.number(it)).map(i64::from);
        if number.is_none() {
            others.push(row as u32);
            if others.len() > texts.len() / ROWS_PER_OTHER {
                return None;
            }
        }
        let number = number.unwrap_or(next);
        numbers.push(number);
        next = number + 1;
    }
    Some((form, numbers, others))
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

    /// Texts of one form, but for three.
    fn mostly_numbered() -> Column {
        let text = |row: usize| match row {
            0 => Some("?".to_owned()),
            3 => Some("Q-3".to_owned()),
            18 => None,
            _ => Some(format!("P-{row:03}")),
        };
        Column::Text(TextColumn::from_texts((0..24).map(text)))
    }

    #[test]
    fn texts_of_one_form_take_no_memory_but_for_the_others() {
        let mut arena = Arena::new(&Arc::new(Budget::new(1 << 30, PathBuf::new())));
        let kept = KeptColumn::new(&mostly_numbered(), &mut arena).unwrap();
        let KeptColumn::Numbered { others: Some(others), .. } = &kept else { panic!("{kept:?}") };
        assert_eq!(others.rows, [0, 3, 18]);
        let column = kept.all(24, &arena);
        for row in 0..24 {
            assert_eq!(column.value(row), mostly_numbered().value(row));
        }
    }

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
            mostly_numbered(),
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
