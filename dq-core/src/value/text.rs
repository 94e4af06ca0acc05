//! Text as spans over one shared buffer, or as Arrow has it.

use std::sync::Arc;

use arrow_array::builder::StringViewBuilder;
use arrow_array::{Array, ArrayRef, StringViewArray};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};

use crate::error::Result;
use crate::value::Span;
use crate::value::offsets::{self, Offsets};

/// A column of text: a span for each row, over one buffer that columns may share; or a code for each row,
/// which is the place of its span among those of the distinct texts; or an array of Arrow, as it is.
///
/// The bytes of every span are valid UTF-8; whoever builds the column guarantees it.
#[derive(Clone, Debug)]
pub struct TextColumn {
    rows: Rows,
    buffer: Buffer,
    is_lasting: bool,
}

#[derive(Clone, Debug)]
enum Rows {
    Spans(Vec<Span>),
    Codes {
        codes: Vec<u32>,
        texts: Vec<Span>,
    },
    /// Where the rows start and end in the buffer.
    Offsets {
        offsets: Offsets,
        nulls: Option<NullBuffer>,
    },
    /// An array with buffers of its own.
    Views(StringViewArray),
}

/// The code of a NULL, which is the place of no text.
pub(crate) const NULL_CODE: u32 = u32::MAX;

impl TextColumn {
    /// Creates a column of `spans` over `buffer`. A span that lies outside of the buffer reads as NULL.
    pub fn new(spans: Vec<Span>, buffer: Buffer) -> Self {
        Self { rows: Rows::Spans(spans), buffer, is_lasting: false }
    }

    /// A column whose rows lie one after the other in `buffer`, which starts with the first one and has less
    /// than 4 GiB.
    pub(crate) fn contiguous(offsets: Offsets, nulls: Option<NullBuffer>, buffer: Buffer) -> Self {
        Self { rows: Rows::Offsets { offsets, nulls }, buffer, is_lasting: false }
    }

    /// The texts of an array, where they are.
    pub(crate) fn views(array: StringViewArray) -> Self {
        Self { rows: Rows::Views(array), buffer: Buffer::default(), is_lasting: false }
    }

    /// This, whose memory its source keeps for the whole run.
    pub(crate) fn lasting(self) -> Self {
        let is_lasting = matches!(self.rows, Rows::Offsets { .. } | Rows::Views(_));
        Self { is_lasting, ..self }
    }

    /// Whether a clone takes no memory as long as the run lasts.
    pub(crate) fn is_lasting(&self) -> bool {
        self.is_lasting
    }

    /// Creates a column whose rows are given by codes: each is the place of its text in `texts`, whose
    /// spans lie in `buffer`; a code that is the place of no text reads as NULL. Whoever judges text
    /// judges each of `texts` once then.
    pub fn coded(codes: Vec<u32>, texts: Vec<Span>, buffer: Buffer) -> Self {
        Self { rows: Rows::Codes { codes, texts }, buffer, is_lasting: false }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Spans(spans) => spans.len(),
            Rows::Codes { codes, .. } => codes.len(),
            Rows::Offsets { offsets, .. } => offsets.rows(),
            Rows::Views(array) => array.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of a row; `None` for NULL.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        let buffer = self.buffer.as_slice();
        match &self.rows {
            Rows::Spans(spans) => spans.get(row)?.of(buffer),
            Rows::Codes { codes, texts } => texts.get(*codes.get(row)? as usize)?.of(buffer),
            Rows::Offsets { offsets, nulls } => offsets.span(row, nulls.as_ref())?.of(buffer),
            Rows::Views(array) => view(array, row),
        }
    }

    /// The text of each row; `None` for NULL.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&[u8]>> {
        (0..self.len()).map(|row| self.get(row))
    }

    /// Calls `take` with what comes along with each of `rows`, and its text, unless it is NULL.
    #[inline]
    pub(crate) fn visit<T>(
        &self,
        mut rows: impl Iterator<Item = (usize, T)>,
        mut take: impl FnMut(T, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let buffer = self.buffer.as_slice();
        let mut take = |it, text: Option<&[u8]>| text.map_or(Ok(()), |text| take(it, text));
        match &self.rows {
            Rows::Spans(spans) => {
                rows.try_for_each(|(row, it)| take(it, spans.get(row).and_then(|it| it.of(buffer))))
            }
            Rows::Offsets { offsets: Offsets::Long(offsets), nulls } => {
                let span = |row| offsets::span(offsets, row, nulls.as_ref());
                rows.try_for_each(|(row, it)| take(it, span(row).and_then(|it| it.of(buffer))))
            }
            Rows::Views(array) => rows.try_for_each(|(row, it)| take(it, view(array, row))),
            _ => rows.try_for_each(|(row, it)| take(it, self.get(row))),
        }
    }

    /// The rows of whose text `judge` says yes; `of_null` is what it would say of NULL.
    #[inline]
    pub(crate) fn judge(
        &self,
        of_null: bool,
        mut judge: impl FnMut(&[u8]) -> bool,
    ) -> BooleanBuffer {
        let buffer = self.buffer.as_slice();
        match &self.rows {
            Rows::Spans(spans) => {
                collect(spans.iter().map(|it| it.of(buffer).map_or(of_null, &mut judge)))
            }
            Rows::Codes { .. } => {
                let verdicts = self.verdicts(|it| it.map_or(of_null, &mut judge));
                let of = |row| verdicts.as_ref().is_some_and(|it| it.of(row));
                BooleanBuffer::collect_bool(self.len(), of)
            }
            // The text that is nowhere is judged too: that costs less than asking each row for it.
            Rows::Offsets { offsets, nulls } => {
                let judged = match offsets {
                    Offsets::Short(it) => collect(offsets::texts(it, buffer).map(judge)),
                    Offsets::Long(it) => collect(offsets::texts(it, buffer).map(judge)),
                };
                with_nulls(judged, of_null, nulls.as_ref())
            }
            Rows::Views(array) => {
                let texts = (0..array.len()).map(|row| array.value(row).as_bytes());
                with_nulls(collect(texts.map(judge)), of_null, array.nulls())
            }
        }
    }

    /// Whether rows are given by codes.
    pub(crate) fn is_coded(&self) -> bool {
        matches!(self.rows, Rows::Codes { .. })
    }

    /// What `judge` says of each distinct text and of NULL; nothing where texts are not known to be
    /// distinct.
    pub(crate) fn verdicts<T: Copy>(
        &self,
        mut judge: impl FnMut(Option<&[u8]>) -> T,
    ) -> Option<Verdicts<'_, T>> {
        let Rows::Codes { codes, texts } = &self.rows else { return None };
        let buffer = self.buffer.as_slice();
        let of_null = judge(None);
        let of_texts = texts.iter().map(|it| judge(it.of(buffer))).collect();
        Some(Verdicts { codes, of_texts, of_null })
    }

    /// How many bytes of memory the text takes, with its buffer.
    pub(crate) fn bytes(&self) -> usize {
        let rows = match &self.rows {
            Rows::Spans(spans) => size_of_val(spans.as_slice()),
            Rows::Codes { codes, texts } => {
                size_of_val(codes.as_slice()) + size_of_val(texts.as_slice())
            }
            Rows::Offsets { offsets, .. } => offsets.bytes(),
            Rows::Views(array) => {
                size_of_val(array.views().as_ref()) + array.total_buffer_bytes_used()
            }
        };
        rows + self.buffer.len()
    }

    /// The buffer in which the text lies.
    pub(crate) fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// The same text over a buffer of its own, which holds nothing else.
    pub fn compacted(&self) -> Self {
        let buffer = self.buffer.as_slice();
        match &self.rows {
            Rows::Views(array) => Self::views(array.gc()),
            Rows::Spans(_) | Rows::Offsets { .. } => {
                let (spans, buffer) = Span::all_of(|| self.iter());
                Self::new(spans, buffer)
            }
            Rows::Codes { codes, texts } => {
                let (texts, buffer) = Span::all_of(|| texts.iter().map(|it| it.of(buffer)));
                Self::coded(codes.clone(), texts, buffer)
            }
        }
    }

    /// The rows at the given positions, over the same buffer if there is one; NULL where there is no position.
    pub(crate) fn gather(&self, rows: &[Option<usize>]) -> Self {
        if let Rows::Views(array) = &self.rows {
            let is_there = |row: &usize| *row < array.len() && array.is_valid(*row);
            let text = |row: &Option<usize>| row.filter(is_there).map(|it| array.value(it));
            return Self::views(rows.iter().map(text).collect());
        }
        let span = |row: usize| self.span(row);
        let spans = rows.iter().map(|row| row.and_then(span).unwrap_or(Span::NULL)).collect();
        Self::new(spans, self.buffer.clone())
    }

    /// Where the text of a row lies in the buffer.
    fn span(&self, row: usize) -> Option<Span> {
        match &self.rows {
            Rows::Spans(spans) => spans.get(row).copied(),
            Rows::Codes { codes, texts } => texts.get(*codes.get(row)? as usize).copied(),
            Rows::Offsets { offsets, nulls } => offsets.span(row, nulls.as_ref()),
            Rows::Views(_) => None,
        }
    }

    /// The same text as an Arrow array, over the same buffer. Where some of it is not valid UTF-8, it is a
    /// copy in which that is replaced.
    pub fn to_arrow(&self) -> ArrayRef {
        self.shared().unwrap_or_else(|| {
            let mut builder = StringViewBuilder::with_capacity(self.len());
            for text in self.iter() {
                builder.append_option(text.map(|it| String::from_utf8_lossy(it)));
            }
            Arc::new(builder.finish())
        })
    }

    /// An Arrow array over the buffer, if it can be one.
    fn shared(&self) -> Option<ArrayRef> {
        if let Rows::Views(array) = &self.rows {
            return Some(Arc::new(array.clone()));
        }
        // Arrow's places in a buffer are signed.
        i32::try_from(self.buffer.len()).ok()?;
        let mut builder = StringViewBuilder::with_capacity(self.len());
        let block = builder.append_block(self.buffer.clone());
        for row in 0..self.len() {
            match self.span(row).filter(|it| !it.is_null()) {
                Some(span) => builder.try_append_view(block, span.start, span.length).ok()?,
                None => builder.append_null(),
            }
        }
        Some(Arc::new(builder.finish()))
    }
}

#[inline]
fn view(array: &StringViewArray, row: usize) -> Option<&[u8]> {
    (row < array.len() && array.is_valid(row)).then(|| array.value(row).as_bytes())
}

#[inline]
fn collect(mut bits: impl ExactSizeIterator<Item = bool>) -> BooleanBuffer {
    BooleanBuffer::collect_bool(bits.len(), |_| bits.next().unwrap_or_default())
}

/// `bits`, with `of_null` where there is NULL.
fn with_nulls(bits: BooleanBuffer, of_null: bool, nulls: Option<&NullBuffer>) -> BooleanBuffer {
    match nulls.filter(|it| it.null_count() > 0) {
        None => bits,
        Some(nulls) if of_null => &bits | &!nulls.inner(),
        Some(nulls) => &bits & nulls.inner(),
    }
}

/// What is said of the texts of a column whose rows are given by codes.
pub(crate) struct Verdicts<'a, T> {
    codes: &'a [u32],
    of_texts: Vec<T>,
    of_null: T,
}

impl<T: Copy> Verdicts<'_, T> {
    /// What is said of the text of a row.
    #[inline]
    pub(crate) fn of(&self, row: usize) -> T {
        let code = self.codes.get(row).copied().unwrap_or(NULL_CODE);
        self.of_texts.get(code as usize).copied().unwrap_or(self.of_null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same rows by spans, by codes, by offsets of both widths and by views.
    fn columns() -> [TextColumn; 5] {
        let buffer = Buffer::from_vec(b"one two".to_vec());
        let (one, two) = (Span::new(0, 3), Span::new(4, 3));
        let spans = vec![two, Span::NULL, one, two, Span::NULL];
        let codes = vec![1, NULL_CODE, 0, 1, 2];
        let texts = vec![one, two, Span::NULL, one];
        let contiguous = Buffer::from_vec(b"twoonetwo".to_vec());
        let nulls = NullBuffer::from(vec![true, false, true, true, false]);
        let offsets =
            |it: Offsets| TextColumn::contiguous(it, Some(nulls.clone()), contiguous.clone());
        [
            TextColumn::new(spans, buffer.clone()),
            TextColumn::coded(codes, texts, buffer),
            offsets(Offsets::Short(vec![70, 73, 73, 76, 79, 79].into())),
            offsets(Offsets::Long(vec![7, 10, 10, 13, 16, 16].into())),
            TextColumn::views(vec![Some("two"), None, Some("one"), Some("two"), None].into()),
        ]
    }

    #[test]
    fn rows_of_every_kind_read_the_same() {
        for column in columns() {
            for column in [column.compacted(), column.gather(&[0, 1, 2, 3, 4].map(Some)), column] {
                let texts: Vec<_> = column.iter().collect();
                let expected = [Some("two"), None, Some("one"), Some("two"), None];
                assert_eq!(texts, expected.map(|it| it.map(str::as_bytes)));
                assert_eq!((column.len(), column.get(5)), (5, None));
                let judged = column.judge(true, |it| it == b"one");
                assert_eq!(judged.set_indices().collect::<Vec<_>>(), [1, 2, 4]);
                let judged = column.judge(false, |it| it != b"one");
                assert_eq!(judged.set_indices().collect::<Vec<_>>(), [0, 3]);
            }
        }
    }

    #[test]
    fn the_rows_that_have_a_text_are_visited() {
        for column in columns() {
            let (mut visited, rows) = (Vec::new(), [4, 2, 0, 9].map(|it| (it, it)));
            let add = |row, text: &[u8]| {
                visited.push((row, text.to_vec()));
                Ok(())
            };
            column.visit(rows.into_iter(), add).unwrap();
            assert_eq!(visited, [(2, b"one".to_vec()), (0, b"two".to_vec())]);
        }
    }

    #[test]
    fn text_is_handed_out_without_a_copy() {
        let long = "a text that is too long for a view";
        let buffer = Buffer::from_vec(format!("short{long}").into_bytes());
        let spans = vec![Span::new(0, 5), Span::NULL, Span::new(5, long.len() as u32)];
        let array = TextColumn::new(spans, buffer.clone()).to_arrow();
        let array: &StringViewArray = array.as_any().downcast_ref().unwrap();
        assert_eq!(array.iter().collect::<Vec<_>>(), [Some("short"), None, Some(long)]);
        assert_eq!(array.value(2).as_ptr(), buffer.as_slice()[5..].as_ptr());
    }

    #[test]
    fn text_that_is_none_is_replaced_in_a_copy() {
        let buffer = Buffer::from_vec(b"one\xfftwo".to_vec());
        let spans = vec![Span::new(0, 3), Span::new(3, 4), Span::new(9, 9)];
        let array = TextColumn::new(spans, buffer).to_arrow();
        let array: &StringViewArray = array.as_any().downcast_ref().unwrap();
        assert_eq!(array.iter().collect::<Vec<_>>(), [Some("one"), Some("\u{fffd}two"), None]);
    }

    #[test]
    fn each_distinct_text_is_judged_once() {
        let mut judged = 0;
        let judge = |_: &[u8]| {
            judged += 1;
            true
        };
        let [spans, codes, ..] = columns();
        assert!(spans.verdicts(|_| true).is_none());
        codes.judge(true, judge);
        assert_eq!(judged, 3); // three of the four are not NULL
    }
}
