//! Text as spans over one shared buffer.

use std::sync::Arc;

use arrow_array::builder::StringViewBuilder;
use arrow_array::{Array, ArrayRef, LargeStringArray, StringArray};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};

use crate::value::offsets::{Offsets, span_between};

/// Where one text lies in the buffer of its column; NULL lies nowhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// The span of a NULL.
    pub const NULL: Self = Self { start: 0, length: u32::MAX };

    /// The span of `length` bytes from `start`.
    pub const fn new(start: u32, length: u32) -> Self {
        Self { start, length }
    }

    /// Where the bytes start.
    #[cfg(feature = "csv")]
    pub(crate) const fn start(self) -> usize {
        self.start as usize
    }

    /// Whether this is the span of a NULL.
    pub const fn is_null(self) -> bool {
        self.length == u32::MAX
    }

    /// Appends a text to `bytes` and gives its span there.
    pub(crate) fn append(text: Option<&[u8]>, bytes: &mut Vec<u8>) -> Self {
        text.map_or(Self::NULL, |it| {
            let span = Self::new(bytes.len() as u32, it.len() as u32);
            bytes.extend_from_slice(it);
            span
        })
    }

    /// The spans of texts in a buffer of their own.
    fn all_of<'a, I: Iterator<Item = Option<&'a [u8]>>>(
        texts: impl Fn() -> I,
    ) -> (Vec<Self>, Buffer) {
        let mut bytes = Vec::with_capacity(texts().flatten().map(<[u8]>::len).sum());
        let spans = texts().map(|it| Self::append(it, &mut bytes)).collect();
        (spans, Buffer::from_vec(bytes))
    }

    /// The bytes of this span in `buffer`; `None` for NULL.
    #[inline]
    pub fn of(self, buffer: &[u8]) -> Option<&[u8]> {
        if self.is_null() {
            return None;
        }
        let start = self.start as usize;
        buffer.get(start..start + self.length as usize)
    }
}

/// A column of text: a span for each row, over one buffer that columns may share; or the places where the
/// rows start and end in it, as Arrow has them; or a code for each row, which is the place of its span among
/// those of the distinct texts.
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
    Offsets { offsets: Offsets, nulls: Option<NullBuffer> },
    Codes { codes: Vec<u32>, texts: Vec<Span> },
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

    /// This, whose memory its source keeps for the whole run.
    pub(crate) fn lasting(self) -> Self {
        Self { is_lasting: matches!(self.rows, Rows::Offsets { .. }), ..self }
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
            Rows::Offsets { offsets, .. } => offsets.rows(),
            Rows::Codes { codes, .. } => codes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of a row; `None` for NULL.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        self.span(row)?.of(self.buffer.as_slice())
    }

    #[inline]
    fn span(&self, row: usize) -> Option<Span> {
        match &self.rows {
            Rows::Spans(spans) => spans.get(row).copied(),
            Rows::Offsets { offsets, nulls } => {
                let span = offsets.span(row)?;
                let is_null = nulls.as_ref().is_some_and(|it| it.is_null(row));
                Some(if is_null { Span::NULL } else { span })
            }
            Rows::Codes { codes, texts } => texts.get(*codes.get(row)? as usize).copied(),
        }
    }

    /// The text of each row; `None` for NULL.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&[u8]>> {
        (0..self.len()).map(|row| self.get(row))
    }

    /// The rows of which `judge` says yes.
    #[inline]
    pub(crate) fn judge(&self, mut judge: impl FnMut(Option<&[u8]>) -> bool) -> BooleanBuffer {
        let (rows, buffer) = (self.len(), self.buffer.as_slice());
        match &self.rows {
            Rows::Spans(spans) => {
                let text = |row: usize| spans.get(row).and_then(|it| it.of(buffer));
                BooleanBuffer::collect_bool(rows, |row| judge(text(row)))
            }
            Rows::Offsets { offsets: Offsets::Long(offsets), nulls } => {
                let is_there = |row: &usize| nulls.as_ref().is_none_or(|it| it.is_valid(*row));
                let span = |row| span_between(offsets, row);
                let text = |row| Some(row).filter(is_there).and_then(span)?.of(buffer);
                BooleanBuffer::collect_bool(rows, |row| judge(text(row)))
            }
            Rows::Offsets { .. } => BooleanBuffer::collect_bool(rows, |row| judge(self.get(row))),
            Rows::Codes { .. } => {
                let verdicts = self.verdicts(judge);
                let of = |row| verdicts.as_ref().is_some_and(|it| it.of(row));
                BooleanBuffer::collect_bool(rows, of)
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
            Rows::Offsets { offsets, .. } => offsets.bytes(),
            Rows::Codes { codes, texts } => {
                size_of_val(codes.as_slice()) + size_of_val(texts.as_slice())
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

    /// The rows at the given positions, over the same buffer; NULL where there is no position.
    pub(crate) fn gather(&self, rows: &[Option<usize>]) -> Self {
        let span = |row: usize| self.span(row);
        let spans = rows.iter().map(|row| row.and_then(span).unwrap_or(Span::NULL)).collect();
        Self::new(spans, self.buffer.clone())
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

impl From<&StringArray> for TextColumn {
    fn from(array: &StringArray) -> Self {
        let spans = array.offsets().windows(2).enumerate().map(|(row, ends)| match ends {
            [start, end] if array.is_valid(row) => Span::new(*start as u32, (end - start) as u32),
            _ => Span::NULL,
        });
        Self::new(spans.collect(), array.values().clone())
    }
}

impl From<&LargeStringArray> for TextColumn {
    fn from(array: &LargeStringArray) -> Self {
        Self::from_texts(array.iter())
    }
}

impl TextColumn {
    /// A column that copies the given texts.
    pub fn from_texts<T: AsRef<str>>(texts: impl IntoIterator<Item = Option<T>>) -> Self {
        let mut builder = TextBuilder::default();
        for text in texts {
            builder.push(text.as_ref().map(|it| it.as_ref().as_bytes()));
        }
        builder.finish()
    }
}

/// Builds a [`TextColumn`] that owns its text.
#[derive(Debug, Default)]
pub struct TextBuilder {
    spans: Vec<Span>,
    bytes: Vec<u8>,
}

impl TextBuilder {
    /// Appends a text, or NULL.
    pub fn push(&mut self, text: Option<&[u8]>) {
        self.spans.push(Span::append(text, &mut self.bytes));
    }

    /// The column.
    pub fn finish(self) -> TextColumn {
        TextColumn::new(self.spans, Buffer::from_vec(self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringViewArray;

    /// The same rows by spans, by codes and by offsets of both widths.
    fn columns() -> [TextColumn; 4] {
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
                let judged = column.judge(|it| it.is_none_or(|it| it == b"one"));
                assert_eq!(judged.set_indices().collect::<Vec<_>>(), [1, 2, 4]);
            }
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
        let mut judge = |_: Option<&[u8]>| {
            judged += 1;
            true
        };
        let [spans, codes, ..] = columns();
        assert!(spans.verdicts(|_| true).is_none());
        codes.judge(&mut judge);
        assert_eq!(judged, 5); // four texts and NULL
    }
}
