//! Whether some columns of a file are encrypted while its footer is not.
//!
//! The reader knows no encryption and so does not notice it. The footer tells: its field
//! `encryption_algorithm` is there. The footer is a structure of Thrift's compact protocol.

/// The number of `encryption_algorithm` in `FileMetaData`, see `parquet.thrift`.
const ENCRYPTION_ALGORITHM: i64 = 8;

/// Stands where a structure ends instead of the type of a field.
const END: u8 = 0;

/// Structures inside of structures, which Parquet's footer has few of.
const DEPTH_MAX: usize = 32;

/// Whether `footer` says that there are encrypted columns.
pub(crate) fn is_noted_in(footer: &[u8]) -> bool {
    let mut skimmer = Skimmer(footer);
    let mut field = 0;
    loop {
        match skimmer.field(&mut field) {
            Some(END) => return false,
            Some(_) if field == ENCRYPTION_ALGORITHM => return true,
            Some(kind) if skimmer.skip(kind, DEPTH_MAX).is_some() => {}
            _ => return false,
        }
    }
}

/// What is left of a structure.
struct Skimmer<'a>(&'a [u8]);

impl Skimmer<'_> {
    /// The type of the next field of a structure, whose number follows on `field`, or [`END`]. Nothing
    /// where the bytes end before the structure does.
    fn field(&mut self, field: &mut i64) -> Option<u8> {
        let head = self.byte()?;
        if head == END {
            return Some(END);
        }
        *field = match head >> 4 {
            0 => {
                let zigzag = self.varint()?;
                (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64)
            }
            more => *field + i64::from(more),
        };
        Some(head & 0x0F).filter(|it| *it != END)
    }

    /// Goes behind a value of a type.
    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            1 | 2 => Some(()), // true and false are in the type
            3 => self.byte().map(drop),
            4..=6 => self.varint().map(drop),
            7 => self.bytes(8),
            8 => {
                let length = self.varint()?;
                self.bytes(length)
            }
            9 | 10 => self.skip_list(depth),
            12 => {
                let mut field = 0;
                loop {
                    match self.field(&mut field)? {
                        END => return Some(()),
                        kind => self.skip(kind, depth)?,
                    }
                }
            }
            _ => None, // the footer holds no maps
        }
    }

    fn skip_list(&mut self, depth: usize) -> Option<()> {
        let head = self.byte()?;
        let length = match head >> 4 {
            15 => self.varint()?,
            length => u64::from(length),
        };
        match head & 0x0F {
            1 | 2 => self.bytes(length), // in lists they take a byte
            kind => (0..length).try_for_each(|_| self.skip(kind, depth)),
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn bytes(&mut self, count: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_field_of_the_outermost_structure_counts() {
        // 1: i32 = 1, 2: [{ 8: "x" }], 4: true; then nothing, or 8: {}
        let start = [0x15, 0x02, 0x19, 0x1C, 0x88, 0x01, b'x', 0x00, 0x21];
        assert!(!is_noted_in(&[&start[..], &[0x00]].concat()));
        assert!(is_noted_in(&[&start[..], &[0x4C, 0x00, 0x00]].concat()));
    }

    #[test]
    fn damaged_structures_end() {
        assert!(!is_noted_in(&[]));
        assert!(!is_noted_in(&[0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]));
        assert!(!is_noted_in(&[0x1C; 1000]));
        assert!(!is_noted_in(&[0x19, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]));
    }
}
