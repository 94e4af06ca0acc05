//! Other encodings as UTF-8.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding};

const CHUNK_BYTES: usize = 64 * 1024;

/// A stream of UTF-8 out of a stream in another encoding. What cannot be decoded is an error of kind
/// `InvalidData`, after all that comes before it has been delivered.
pub(crate) struct Decoding<R> {
    input: R,
    encoding: &'static Encoding,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_used: usize,
    ended: bool,
    text: Vec<u8>,
    text_used: usize,
    malformed: bool,
}

impl<R: Read> Decoding<R> {
    /// Decodes `input`, in which there is no byte order mark.
    pub(crate) fn new(input: R, encoding: &'static Encoding) -> Self {
        Self {
            input,
            encoding,
            decoder: encoding.new_decoder_without_bom_handling(),
            raw: Vec::new(),
            raw_used: 0,
            ended: false,
            text: Vec::new(),
            text_used: 0,
            malformed: false,
        }
    }

    /// Decodes the next chunk; afterwards there is text, unless the end is reached.
    fn advance(&mut self) -> io::Result<()> {
        if self.malformed {
            let reason = format!("the text is not valid {}", self.encoding.name());
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        if self.raw_used == self.raw.len() && !self.ended {
            self.raw.clear();
            self.raw_used = 0;
            (&mut self.input).take(CHUNK_BYTES as u64).read_to_end(&mut self.raw)?;
            self.ended = self.raw.is_empty();
        }
        let raw = self.raw.get(self.raw_used..).unwrap_or_default();
        self.text.resize(CHUNK_BYTES, 0);
        self.text_used = 0;
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(raw, &mut self.text, self.ended);
        self.raw_used += read;
        self.text.truncate(written);
        self.malformed = matches!(result, DecoderResult::Malformed(..));
        Ok(())
    }

    fn is_finished(&self) -> bool {
        self.ended && !self.malformed && self.raw_used == self.raw.len()
    }
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.text_used == self.text.len() {
            if self.is_finished() {
                return Ok(0);
            }
            self.advance()?;
        }
        let mut text = self.text.get(self.text_used..).unwrap_or_default();
        let read = text.read(buffer)?;
        self.text_used += read;
        Ok(read)
    }
}
