//! Text as spans over one shared buffer.

use std::sync::Arc;

use arrow_array::builder::StringViewBuilder;
use arrow_array::{Array, ArrayRef, LargeStringArray, StringArray};
use arrow_buffer::Buffer;

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

/// A column of text: a span for each row, over one buffer that columns may share.
///
/// The bytes of every span are valid UTF-8; whoever builds the column guarantees it.
#[derive(Clone, Debug)]
pub struct TextColumn {
    spans: Vec<Span>,
    buffer: Buffer,
}

impl TextColumn {
    /// Creates a column of `spans` over `buffer`. A span that lies outside of the buffer reads as NULL.
    pub fn new(spans: Vec<Span>, buffer: Buffer) -> Self {
        Self { spans, buffer }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The text of a row; `None` for NULL.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        self.spans.get(row).and_then(|span| span.of(self.buffer.as_slice()))
    }

    /// The text of each row; `None` for NULL.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&[u8]>> {
        let buffer = self.buffer.as_slice();
        self.spans.iter().map(move |span| span.of(buffer))
    }

    /// How many bytes of memory the text takes, with its buffer.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Span>() * self.spans.len() + self.buffer.len()
    }

    /// The same text over a buffer of its own, which holds nothing else.
    pub fn compacted(&self) -> Self {
        let mut bytes = Vec::with_capacity(self.iter().flatten().map(<[u8]>::len).sum());
        let spans = self.iter().map(|text| Span::append(text, &mut bytes)).collect();
        Self::new(spans, Buffer::from_vec(bytes))
    }

    /// The rows at the given positions, over the same buffer; NULL where there is no position.
    pub(crate) fn gather(&self, rows: &[Option<usize>]) -> Self {
        let span = |row: usize| self.spans.get(row).copied();
        let spans = rows.iter().map(|row| row.and_then(span).unwrap_or(Span::NULL)).collect();
        Self { spans, buffer: self.buffer.clone() }
    }

    /// The same text as an Arrow array.
    pub fn to_arrow(&self) -> ArrayRef {
        let mut builder = StringViewBuilder::with_capacity(self.len());
        for text in self.iter() {
            builder.append_option(text.map(|it| String::from_utf8_lossy(it)));
        }
        Arc::new(builder.finish())
    }
}

impl From<&StringArray> for TextColumn {
    fn from(array: &StringArray) -> Self {
        let spans = array.offsets().windows(2).enumerate().map(|(row, ends)| match ends {
            [start, end] if array.is_valid(row) => Span::new(*start as u32, (end - start) as u32),
            _ => Span::NULL,
        });
        Self { spans: spans.collect(), buffer: array.values().clone() }
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
