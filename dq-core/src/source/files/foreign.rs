//! Files that are not the text which their name promises: what they are is told by their first bytes.

/// How many first bytes tell what a file is.
pub(crate) const HEAD_BYTES: usize = 16;

/// What a file is whose content begins with `head`, and what to do about it; nothing if it may be text. No
/// text of any encoding that is read begins like this but by intent.
pub(crate) fn foreign(head: &[u8]) -> Option<&'static str> {
    let known = KINDS.iter().find(|(magic, _)| head.starts_with(magic));
    known.map(|(_, reason)| *reason)
}

const KINDS: [(&[u8], &str); 13] = [
    (
        b"\x1f\x8b\x08",
        "it is compressed with gzip: let its name end with `.gz`, as in `data.csv.gz`",
    ),
    (
        b"PK\x03\x04",
        "it is a zip archive, or a workbook of Excel, which is one: unpack it, or save the sheet as CSV",
    ),
    (b"PK\x05\x06", "it is a zip archive without a file in it"),
    (b"SQLite format 3\0", "it is a SQLite database: write `sqlite:` before its path"),
    // A column may well be called PAR1, but no text goes on with the start of a page.
    (b"PAR1\x15", "it is a Parquet file: write `parquet:` before its path"),
    (b"ARROW1\0\0", "it is an Arrow file: write `ipc:` before its path"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd: decompress it, or use gzip"),
    (b"BZh91AY&SY", "it is compressed with bzip2: decompress it, or use gzip"),
    (b"\xfd7zXZ\0", "it is compressed with xz: decompress it, or use gzip"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "it is a workbook of an old Excel: save the sheet as CSV",
    ),
    // As UTF-16 the first would begin with a NUL.
    (b"\xff\xfe\0\0", "it is UTF-32: convert it to UTF-8"),
    (b"\0\0\xfe\xff", "it is UTF-32: convert it to UTF-8"),
    (b"%PDF-", "it is a PDF document: export its table as CSV"),
];
