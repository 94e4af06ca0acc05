//! Which rows are read together: row groups, cut so that partitions have even shares.

use std::num::NonZeroUsize;
use std::ops::Range;

/// Some rows of one row group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Piece {
    /// The position of the file in its table.
    pub(crate) file: usize,
    /// The position of the row group in the file.
    pub(crate) group: usize,
    /// Which rows of the group.
    pub(crate) rows: Range<usize>,
}

/// With so many pieces for each partition, none waits long for the last one.
const PIECES_PER_PARTITION: usize = 4;

/// Cuts row groups into pieces of about the same size: whole groups unless they are much larger, since
/// pages at a cut are decompressed twice, and no pieces of fewer than `rows_min` rows but whole groups.
/// `groups` are the numbers of rows of the row groups of each file.
pub(crate) fn cut(groups: &[Vec<usize>], partitions: NonZeroUsize, rows_min: usize) -> Vec<Piece> {
    let rows: usize = groups.iter().flatten().sum();
    let wanted = match partitions.get() {
        1 => 1,
        many => many * PIECES_PER_PARTITION,
    };
    let share = rows.div_ceil(wanted).max(rows_min).max(1);
    let mut pieces = Vec::new();
    for (file, groups) in groups.iter().enumerate() {
        for (group, rows) in groups.iter().enumerate() {
            let parts = match (rows + share / 2) / share {
                0 => usize::from(*rows > 0),
                parts => parts,
            };
            let cut = |part: usize| rows * part / parts;
            let piece = |part| Piece { file, group, rows: cut(part)..cut(part + 1) };
            pieces.extend((0..parts).map(piece));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(groups: &[Vec<usize>], partitions: usize, rows_min: usize) -> Vec<usize> {
        let pieces = cut(groups, NonZeroUsize::new(partitions).unwrap(), rows_min);
        let mut expected = (0, 0, 0);
        for piece in &pieces {
            let start = (piece.file, piece.group, piece.rows.start);
            assert!(start == expected || piece.rows.start == 0 && start > expected, "{pieces:?}");
            expected = (piece.file, piece.group, piece.rows.end);
        }
        assert_eq!(
            pieces.iter().map(|it| it.rows.len()).sum::<usize>(),
            groups.iter().flatten().sum::<usize>()
        );
        pieces.iter().map(|it| it.rows.len()).collect()
    }

    #[test]
    fn one_big_row_group_is_shared() {
        assert_eq!(rows(&[vec![1000]], 2, 10), [125; 8]);
        assert_eq!(rows(&[vec![1000]], 1, 10), [1000]);
        assert_eq!(rows(&[vec![10]], 7, 4), [3, 3, 4]);
        assert_eq!(rows(&[vec![1000, 10]], 1, 10), [1000, 10]);
    }

    #[test]
    fn small_row_groups_stay_whole() {
        assert_eq!(rows(&[vec![100; 10], vec![100; 2]], 2, 10), [100; 12]);
        assert_eq!(rows(&[vec![131_072, 131_072, 131_072]], 1, 10), [131_072; 3]);
        assert_eq!(rows(&[vec![140; 8]], 2, 10), [140; 8]);
        assert_eq!(rows(&[vec![30, 1, 20]], 4, 100), [30, 1, 20]);
    }

    #[test]
    fn no_rows_make_no_pieces() {
        assert!(rows(&[], 2, 10).is_empty());
        assert_eq!(rows(&[vec![], vec![0, 5, 0]], 2, 10), [5]);
    }
}
