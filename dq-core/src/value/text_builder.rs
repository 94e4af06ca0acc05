//! Columns of text from other things.

use arrow_array::{Array, LargeStringArray, StringArray};
use arrow_buffer::Buffer;

use crate::value::{Span, TextColumn};

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
