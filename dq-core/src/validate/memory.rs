//! How much memory the keys and values of a run may take, and where they go beyond it.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use memmap2::MmapMut;

use crate::error::Error;
use crate::error::Result;

/// The memory that the keys, the kept rows and the values of quantiles of a run share.
///
/// Nobody waits for memory: whoever finds the budget used up, and has taken its fair share, brings what
/// it holds to a temporary file and goes on with the memory that it has. All shares together are half of
/// the budget, so what late comers take beyond it stays below that.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Two thirds of what the run may take: with all fair shares on top it is the whole.
    bytes_max: usize,
    folder: PathBuf,
    used: AtomicUsize,
    share: AtomicUsize,
    /// Memory that has been given back, for whoever asks next: the system clears what it hands out, and
    /// at ten million rows that was a tenth of a run.
    pool: Mutex<Vec<MmapMut>>,
}

impl Budget {
    /// A budget of `bytes`, and temporary files in `folder`.
    pub(crate) fn new(bytes: u64, folder: PathBuf) -> Self {
        let bytes_max = usize::try_from(bytes / 3 * 2).unwrap_or(usize::MAX);
        Self {
            bytes_max,
            folder,
            used: AtomicUsize::new(0),
            share: AtomicUsize::new(0),
            pool: Mutex::default(),
        }
    }

    /// Divides the fair shares among so many holders that will grow at once.
    pub(crate) fn divide(&self, holders: usize) {
        self.share.store(self.bytes_max / 2 / holders.max(1), Ordering::Relaxed);
    }

    /// Notes that a holder has grown from `before` to `now` bytes. Gives whether it should spill.
    pub(crate) fn grown(&self, before: usize, now: usize) -> bool {
        let used = self.used.fetch_add(now - before, Ordering::Relaxed) + now - before;
        self.shrink_pool(used);
        used > self.bytes_max && now >= self.share.load(Ordering::Relaxed)
    }

    /// Notes that a holder has shrunk by so many bytes.
    pub(crate) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Takes a slab of this size that has been given back. There is anything in it.
    pub(crate) fn take_slab(&self, bytes: usize) -> Option<MmapMut> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let found = pool.iter().position(|it| it.len() == bytes)?;
        Some(pool.swap_remove(found))
    }

    /// Keeps a slab for whoever asks next, as far as it is within the budget.
    pub(crate) fn keep_slab(&self, slab: MmapMut) {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).push(slab);
        self.shrink_pool(self.used.load(Ordering::Relaxed));
    }

    /// Gives kept slabs back to the system until they are within the budget together with what is used.
    fn shrink_pool(&self, used: usize) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = |pool: &[MmapMut]| pool.iter().map(|it| it.len()).sum::<usize>();
        while !pool.is_empty() && used + bytes(&pool) > self.bytes_max {
            pool.pop();
        }
    }

    /// Whether so many bytes more can be taken within the budget.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        bytes <= self.bytes_max.saturating_sub(self.used.load(Ordering::Relaxed))
    }

    /// Whether so much is used, even after `soon_free` bytes of it are given back, that those who have
    /// finished should make room.
    pub(crate) fn is_half_used_without(&self, soon_free: usize) -> bool {
        self.used.load(Ordering::Relaxed).saturating_sub(soon_free) > self.bytes_max / 2
    }

    /// A temporary file without a name: nothing is left of it, however the program ends.
    pub(crate) fn file(&self) -> Result<File> {
        tempfile::tempfile_in(&self.folder).map_err(|error| self.error("create", error))
    }

    /// The error that a temporary file cannot be created, written or read.
    pub(crate) fn error(&self, verb: &str, error: std::io::Error) -> Error {
        let verb = format!("{verb} a temporary file in");
        let error = Error::from_io(&verb, self.folder.display(), error);
        let advice = "allow more memory, or name another folder for temporary files";
        Error::new(error.kind(), format!("{error}; {advice}")).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_its_share_spills() {
        let budget = Budget::new(300, PathBuf::new());
        budget.divide(4);
        assert!(!budget.grown(0, 190), "within the budget");
        assert!(!budget.grown(0, 20), "over the budget, with less than a share of 25");
        assert!(budget.grown(20, 25));
        assert!(budget.is_half_used_without(100));
        assert!(!budget.is_half_used_without(115));
        budget.give_back(190);
        assert!(!budget.grown(0, 60), "within the budget again");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap().path().join("gone");
        let error = Budget::new(1, folder.clone()).file().unwrap_err().to_string();
        assert!(error.contains(&folder.display().to_string()), "{error}");
        assert!(error.contains("name another folder"), "{error}");
    }
}
