//! The values that quantiles are of: in memory, and beyond the memory of the run in temporary files.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::sync::Arc;

use crate::error::Result;
use crate::rules::{Code, Taken, Values};
use crate::source::Cancellation;
use crate::validate::memory::Budget;

/// Where the values are that a measure has kept, and which do not fit into memory.
#[derive(Debug)]
pub(crate) struct KeptValues {
    budget: Arc<Budget>,
    /// How much of the budget those in memory take.
    taken: usize,
    /// One of each partition that has too many.
    files: Vec<ValueFile>,
}

/// A temporary file: again and again floats and their counts, then whole numbers and theirs.
#[derive(Debug)]
struct ValueFile {
    file: File,
    /// How many of each there are, time after time.
    rounds: Vec<(usize, usize)>,
}

impl KeptValues {
    /// No values yet.
    pub(crate) fn new(budget: &Arc<Budget>) -> Self {
        Self { budget: Arc::clone(budget), taken: 0, files: Vec::new() }
    }

    /// Notes how much memory `values` take now, and brings them to a file if that is too much.
    pub(crate) fn settle(&mut self, values: &mut Values) -> Result<()> {
        if self.note(values) { self.spill(values) } else { Ok(()) }
    }

    /// Notes how much memory `values` take now. Gives whether that is too much.
    fn note(&mut self, values: &Values) -> bool {
        let (before, now) = (self.taken, values.bytes());
        self.taken = now;
        if now > before {
            return self.budget.grown(before, now);
        }
        self.budget.give_back(before - now);
        false
    }

    /// Brings all of `values` to the file.
    pub(crate) fn spill(&mut self, values: &mut Values) -> Result<()> {
        let taken = values.take();
        if !(taken.floats.is_empty() && taken.wholes.is_empty()) {
            if self.files.is_empty() {
                self.files.push(ValueFile { file: self.budget.file()?, rounds: Vec::new() });
            }
            let written = self.files.first_mut().map_or(Ok(()), |it| it.append(&taken));
            written.map_err(|error| self.budget.error("write", error))?;
        }
        self.note(values);
        Ok(())
    }

    /// Takes over the files of another partition. `values` are those of both.
    pub(crate) fn merge(&mut self, mut other: Self, values: Option<&Values>) {
        self.files.append(&mut other.files);
        drop(other);
        if let Some(values) = values {
            self.note(values);
        }
    }

    /// Calls `see` with each value, those of `values` and those in files, and its number of occurrences;
    /// with some values more than once.
    pub(crate) fn each(
        &self,
        values: &Values,
        cancellation: &Cancellation,
        mut see: impl FnMut(Code, u64),
    ) -> Result<()> {
        values.each(&mut see);
        for file in &self.files {
            let mut reader = BufReader::with_capacity(1 << 16, &file.file);
            reader.rewind().map_err(|error| self.budget.error("read", error))?;
            for round in &file.rounds {
                cancellation.check()?;
                let read = read_round(&mut reader, *round, &mut see);
                read.map_err(|error| self.budget.error("read", error))?;
            }
        }
        Ok(())
    }

    /// Forgets all values.
    pub(crate) fn clear(&mut self) {
        self.files.clear();
        self.budget.give_back(std::mem::take(&mut self.taken));
    }
}

impl Drop for KeptValues {
    fn drop(&mut self) {
        self.clear();
    }
}

impl ValueFile {
    fn append(&mut self, taken: &Taken) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 16, &self.file);
        for (code, count) in &taken.floats {
            out.write_all(&code.to_le_bytes())?;
            out.write_all(&count.to_le_bytes())?;
        }
        for (code, count) in &taken.wholes {
            out.write_all(&code.to_le_bytes())?;
            out.write_all(&count.to_le_bytes())?;
        }
        out.flush()?;
        self.rounds.push((taken.floats.len(), taken.wholes.len()));
        Ok(())
    }
}

fn read_round(
    reader: &mut impl Read,
    (floats, wholes): (usize, usize),
    see: &mut impl FnMut(Code, u64),
) -> io::Result<()> {
    for _ in 0..floats {
        let code = u64::from_le_bytes(bytes(reader)?);
        see(Code::Float(code), u64::from_le_bytes(bytes(reader)?));
    }
    for _ in 0..wholes {
        let code = i128::from_le_bytes(bytes(reader)?);
        see(Code::Whole(code), u64::from_le_bytes(bytes(reader)?));
    }
    Ok(())
}

fn bytes<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Number;

    fn add(values: &mut Values, numbers: std::ops::Range<i128>) {
        numbers.for_each(|it| values.add(Number::Integer(it)));
    }

    #[test]
    fn only_what_is_in_memory_counts_and_all_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let budget = Arc::new(Budget::new(1 << 20, folder.path().to_owned()));
        let (mut first, mut second) = (Values::default(), Values::default());
        let (mut mine, mut other) = (KeptValues::new(&budget), KeptValues::new(&budget));
        add(&mut first, 0..10_000);
        mine.settle(&mut first).unwrap();
        assert!(budget.is_half_used_without(0));
        assert!(mine.files.is_empty(), "within the budget");
        add(&mut second, 5_000..20_000);
        other.settle(&mut second).unwrap();
        assert_eq!(other.files.len(), 1, "beyond the budget");
        assert_eq!(other.taken, 0);
        first.finish();
        second.finish();
        first.merge(&second);
        mine.merge(other, Some(&first));
        let (mut seen, mut occurrences) = (0, 0);
        let see = |_, count| (seen, occurrences) = (seen + 1, occurrences + count);
        mine.each(&first, &Cancellation::new(), see).unwrap();
        assert_eq!((seen, occurrences), (25_000, 25_000));
        drop(mine);
        assert!(!budget.is_half_used_without(0));
        assert!(!budget.grown(0, (1 << 20) / 3 * 2), "nothing is taken");
    }
}
