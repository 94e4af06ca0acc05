//! Where text lies in a buffer.

use arrow_buffer::Buffer;

/// Where one text lies in the buffer of its column; NULL lies nowhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    pub(crate) start: u32,
    pub(crate) length: u32,
}

impl Span {
    /// The span of a NULL.
    pub const NULL: Self = Self { start: 0, length: u32::MAX };

    /// The span of `length` bytes from `start`.
    pub const fn new(start: u32, length: u32) -> Self {
        Self { start, length }
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
    pub(crate) fn all_of<'a, I: Iterator<Item = Option<&'a [u8]>>>(
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
