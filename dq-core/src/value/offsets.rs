//! Where the texts of an Arrow array start and end.

use arrow_array::OffsetSizeTrait;
use arrow_buffer::{NullBuffer, ScalarBuffer};

use crate::value::Span;

/// Where each text starts, and the last one ends, counted from wherever the first one starts.
#[derive(Clone, Debug)]
pub(crate) enum Offsets {
    Short(ScalarBuffer<i32>),
    Long(ScalarBuffer<i64>),
}

impl Offsets {
    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        let offsets = match self {
            Self::Short(it) => it.len(),
            Self::Long(it) => it.len(),
        };
        offsets.saturating_sub(1)
    }

    /// How many bytes of memory these take.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Short(it) => size_of_val(it.as_ref()),
            Self::Long(it) => size_of_val(it.as_ref()),
        }
    }

    /// Where the text of a row lies, counted from where the first one starts.
    #[inline]
    pub(crate) fn span(&self, row: usize, nulls: Option<&NullBuffer>) -> Option<Span> {
        match self {
            Self::Short(it) => span(it, row, nulls),
            Self::Long(it) => span(it, row, nulls),
        }
    }
}

/// Where the text of a row lies, counted from where the first one starts.
#[inline]
pub(crate) fn span<O: OffsetSizeTrait>(
    offsets: &[O],
    row: usize,
    nulls: Option<&NullBuffer>,
) -> Option<Span> {
    let first = offsets.first()?.as_usize();
    let (start, end) = (offsets.get(row)?.as_usize(), offsets.get(row + 1)?.as_usize());
    let span = Span::new((start - first) as u32, (end - start) as u32);
    Some(if nulls.is_some_and(|it| it.is_null(row)) { Span::NULL } else { span })
}

/// The text of each row in `buffer`, which starts with the first one. NULL has any text.
#[inline]
pub(crate) fn texts<'a, O: OffsetSizeTrait>(
    offsets: &'a [O],
    buffer: &'a [u8],
) -> impl ExactSizeIterator<Item = &'a [u8]> {
    let first = offsets.first().map_or(0, |it| it.as_usize());
    offsets.windows(2).map(move |ends| match ends {
        [start, end] => {
            buffer.get(start.as_usize() - first..end.as_usize() - first).unwrap_or_default()
        }
        _ => &[],
    })
}
