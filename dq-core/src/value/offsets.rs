//! Where the texts of an Arrow array start and end.

use arrow_array::OffsetSizeTrait;
use arrow_buffer::ScalarBuffer;

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
    pub(crate) fn span(&self, row: usize) -> Option<Span> {
        match self {
            Self::Short(it) => span_between(it, row),
            Self::Long(it) => span_between(it, row),
        }
    }
}

/// Where the text of a row lies, counted from where the first one starts.
#[inline]
pub(crate) fn span_between<O: OffsetSizeTrait>(offsets: &[O], row: usize) -> Option<Span> {
    let first = offsets.first()?.as_usize();
    let (start, end) = (offsets.get(row)?.as_usize(), offsets.get(row + 1)?.as_usize());
    Some(Span::new((start - first) as u32, (end - start) as u32))
}
