//! Short stages of records on their way to many places.

/// For each bucket a stage with room for a few records. All stages lie side by side, within the cache;
/// a full one goes to its bucket at once, so that far memory is touched once for several records.
#[derive(Debug)]
pub(crate) struct Stages {
    width: usize,
    bytes: Vec<u8>,
    /// How many bytes of each stage are taken.
    taken: Vec<u16>,
}

/// How many records a stage holds.
const RECORDS: usize = 8;

impl Stages {
    /// Empty stages for so many buckets, of records of `width` bytes.
    pub(crate) fn new(buckets: usize, width: usize) -> Self {
        Self { width, bytes: vec![0; buckets * RECORDS * width], taken: vec![0; buckets] }
    }

    /// Lets `write` write a record to a stage. Gives the stage if it is full; then it is empty again.
    #[inline]
    pub(crate) fn push(&mut self, bucket: usize, write: impl FnOnce(&mut [u8])) -> Option<&[u8]> {
        let room = RECORDS * self.width;
        let stage = self.bytes.get_mut(bucket * room..(bucket + 1) * room)?;
        let taken = self.taken.get_mut(bucket)?;
        write(stage.get_mut(usize::from(*taken)..)?);
        *taken += self.width as u16;
        if usize::from(*taken) < room {
            return None;
        }
        *taken = 0;
        Some(stage)
    }

    /// Empties every stage, in the order of the buckets: gives what it holds.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = &[u8]> {
        let stages = self.bytes.chunks_exact(RECORDS * self.width);
        stages.zip(&mut self.taken).map(|(stage, taken)| {
            stage.get(..usize::from(std::mem::take(taken))).unwrap_or_default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_stage_is_handed_over_and_the_rest_at_the_end() {
        let mut stages = Stages::new(2, 1);
        let mut full = Vec::new();
        for record in 0..20_u8 {
            let bucket = usize::from(record % 2);
            let stage = stages.push(bucket, |it| it[0] = record);
            full.extend(stage.map(|it| (bucket, it.to_vec())));
        }
        let of = |bucket: u8| (0..8).map(|it| 2 * it + bucket).collect::<Vec<_>>();
        assert_eq!(full, [(0, of(0)), (1, of(1))]);
        let rest: Vec<_> = stages.drain().map(<[_]>::to_vec).collect();
        assert_eq!(rest, [[16, 18], [17, 19]]);
        assert!(stages.drain().all(<[_]>::is_empty));
    }
}
