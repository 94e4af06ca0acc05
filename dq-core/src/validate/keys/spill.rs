//! Keys that do not fit into memory, in a temporary file.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::validate::keys::arena::Arena;
use crate::validate::keys::bucket::{Bucket, PAGE_BYTES};
use crate::validate::memory::Budget;

/// The temporary file of one key set of one partition: again and again all buckets, one after the
/// other.
#[derive(Debug)]
pub(crate) struct Spill {
    file: Mutex<File>,
    budget: Arc<Budget>,
    /// For each time that the buckets were appended, where each lies.
    rounds: Vec<Vec<Segment>>,
    end: u64,
}

/// A bucket in the file: its records, then its pages of long keys.
#[derive(Clone, Copy, Debug)]
struct Segment {
    start: u64,
    records_bytes: usize,
    pages_bytes: usize,
}

/// The segments of one bucket, read back.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Each with the number of bytes of its records.
    segments: Vec<(Vec<u8>, usize)>,
}

impl Spill {
    pub(crate) fn new(budget: &Arc<Budget>) -> Result<Self> {
        let file = Mutex::new(budget.file()?);
        Ok(Self { file, budget: Arc::clone(budget), rounds: Vec::new(), end: 0 })
    }

    /// Appends all buckets.
    pub(crate) fn append(&mut self, buckets: &[Bucket], arena: &Arena) -> Result<()> {
        let file = self.file.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut out = BufWriter::with_capacity(1 << 18, file);
        let mut end = self.end;
        let mut write = |bucket: &Bucket| -> io::Result<Segment> {
            let start = end;
            let mut write = |sum, it: &[u8]| out.write_all(it).map(|()| sum + it.len());
            let records_bytes = bucket.records(arena).try_fold(0, &mut write)?;
            let pages_bytes = bucket.whole_pages(arena).try_fold(0, &mut write)?;
            end += (records_bytes + pages_bytes) as u64;
            Ok(Segment { start, records_bytes, pages_bytes })
        };
        let round: io::Result<Vec<_>> = buckets.iter().map(&mut write).collect();
        let round = round.and_then(|it| out.flush().map(|()| it));
        self.rounds.push(round.map_err(|error| self.budget.error("write", error))?);
        self.end = end;
        Ok(())
    }

    /// Reads all segments of a bucket.
    pub(crate) fn load(&self, bucket: usize) -> Result<Loaded> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read = |it: &Segment| {
            let mut bytes = vec![0; it.records_bytes + it.pages_bytes];
            file.seek(SeekFrom::Start(it.start))?;
            file.read_exact(&mut bytes)?;
            Ok((bytes, it.records_bytes))
        };
        let segments = self.rounds.iter().filter_map(|it| it.get(bucket));
        let segments: io::Result<Vec<_>> = segments.map(&mut read).collect();
        Ok(Loaded { segments: segments.map_err(|error| self.budget.error("read", error))? })
    }
}

impl Loaded {
    /// The records and the pages of each segment.
    pub(crate) fn segments(&self) -> impl Iterator<Item = (&[u8], Vec<&[u8]>)> {
        self.segments.iter().filter_map(|(bytes, records_bytes)| {
            let (records, pages) = bytes.split_at_checked(*records_bytes)?;
            let starts = (0..pages.len()).step_by(PAGE_BYTES);
            Some((records, starts.filter_map(|it| pages.get(it..)).collect()))
        })
    }
}
